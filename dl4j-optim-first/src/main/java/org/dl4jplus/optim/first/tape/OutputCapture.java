package org.dl4jplus.optim.first.tape;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A dense layer below a loss, which has applied the masks. */
final class OutputCapture extends DenseCapture {

  OutputCapture(Site site) {
    super(site);
  }

  /** The recorder hears the loss of every output and tells. */
  @Override
  void install(Wrappers wrappers) {}

  @Override
  public void error(INDArray delta) {
    capture(delta);
  }
}

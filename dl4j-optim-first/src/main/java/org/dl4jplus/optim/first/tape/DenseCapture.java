package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A dense layer. */
class DenseCapture extends Capture implements RecordingActivation.Sink {

  INDArray inputs;
  INDArray errors;
  INDArray mask;

  DenseCapture(Site site) {
    super(site);
  }

  @Override
  void install(Wrappers wrappers) {
    wrappers.activation((BaseLayer) site.layer().conf().getLayer(), this);
  }

  @Override
  public void error(INDArray delta) {
    capture(delta);
    INDArray columnMask = site.layer().getMaskArray();
    if (columnMask != null) {
      errors.muliColumnVector(columnMask.castTo(errors.dataType()));
    }
  }

  final void capture(INDArray delta) {
    // After dropout: the input that the gradient is made with.
    inputs = site.memory("input").copy(site.layer().input().castTo(delta.dataType()));
    errors = site.memory("error").copy(delta);
    mask = site.mask(errors.size(0));
  }

  @Override
  boolean heard() {
    return errors != null;
  }

  @Override
  long batch() {
    return errors.size(0);
  }

  @Override
  LayerRecord record(int examples) {
    long width = inputs.size(1);
    return new LinearRecord(
        site.name(),
        examples,
        Masks.rows(mask, examples),
        () -> Rows.byExample(inputs, examples, width),
        Rows.byExample(errors, examples, errors.size(1)),
        WeightLayout.of(
            site.offset(DefaultParamInitializer.WEIGHT_KEY),
            width,
            site.offset(DefaultParamInitializer.BIAS_KEY),
            errors.size(1)),
        site.memory("scaled"));
  }
}

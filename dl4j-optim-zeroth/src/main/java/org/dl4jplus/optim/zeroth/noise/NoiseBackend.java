package org.dl4jplus.optim.zeroth.noise;

import org.nd4j.linalg.api.ndarray.INDArray;

/** What makes directions and adds them to parameters; both give the same bits. */
public enum NoiseBackend {
  /** Loops in Java on the parameters' own memory. */
  HOST,
  /**
   * Operations of ND4J, so that parameters on a device need not leave it: the words of the stream
   * by arithmetic on 64-bit integers, the table by a gather. For RADEMACHER and GAUSSIAN_TABLE;
   * other distributions are made on the host and brought over. Tested on the CPU alone, for want of
   * another backend.
   */
  ND4J_OPS;

  /**
   * What suits an array.
   *
   * @param parameters the array
   * @return HOST where its memory can be written through
   */
  public static NoiseBackend of(INDArray parameters) {
    return Perturber.isHost(parameters) ? HOST : ND4J_OPS;
  }
}

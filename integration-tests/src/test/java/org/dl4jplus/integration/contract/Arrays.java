package org.dl4jplus.integration.contract;

import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A matrix, a dense layer's weight and a vector to optimize, with gradients. */
final class Arrays {

  private final INDArray[] parameters;

  Arrays(Case c, DataType type) {
    Nd4j.getRandom().setSeed(3);
    parameters =
        new INDArray[] {
          Nd4j.randn(type, 4, 3), Nd4j.randn(type, 15).reshape('f', 3, 5), Nd4j.randn(type, 6)
        };
    if (Variants.ON_SIMPLEX.contains(c.prototype().getClass().getSimpleName())) {
      Stream.of(parameters).forEach(Numbers::toProbabilities);
    }
  }

  INDArray[] parameters() {
    return parameters;
  }

  /** Gradients that depend on the seed alone. */
  INDArray[] gradients(int seed) {
    Nd4j.getRandom().setSeed(50 + seed);
    return Stream.of(parameters)
        .map(p -> Nd4j.randn(p.dataType(), p.shape()))
        .toArray(INDArray[]::new);
  }

  INDArray[] zeroGradients() {
    return Stream.of(parameters)
        .map(p -> Nd4j.zeros(p.dataType(), p.shape()))
        .toArray(INDArray[]::new);
  }

  void assign(Arrays other) {
    for (int i = 0; i < parameters.length; i++) {
      parameters[i].assign(other.parameters[i]);
    }
  }

  double[] numbers() {
    return Stream.of(parameters).map(Numbers::of).flatMapToDouble(DoubleStream::of).toArray();
  }
}

package org.dl4jplus.optim.first.vector;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Runs a rule as ND4J ops over whole arrays: any backend, any strides. */
final class ArrayExecutor implements VectorExecutor {

  static final ArrayExecutor INSTANCE = new ArrayExecutor();

  private ArrayExecutor() {}

  @Override
  public void forEach(Consumer<Lane> rule, Operands operands) {
    rule.accept(new ArrayLane(operands));
  }

  @Override
  public double[] sums(int count, BiConsumer<Lane, double[]> quantities, Operands operands) {
    double[] sums = new double[count];
    quantities.accept(new ArrayLane(operands), sums);
    return sums;
  }

  private static final class ArrayLane extends Lane {

    private final Operands operands;
    private final List<Vector> temps = new ArrayList<>();

    ArrayLane(Operands operands) {
      this.operands = operands;
    }

    @Override
    public Vector gradient() {
      return new ArrayVector(operands.gradient());
    }

    @Override
    public Vector parameters() {
      List<INDArray> pieces = operands.parameters();
      if (pieces == null) {
        throw new IllegalStateException("This rule was given no parameter values");
      }
      if (pieces.size() == 1) {
        return new ArrayVector(pieces.get(0));
      }
      List<INDArray> flat = pieces.stream().map(p -> p.reshape(p.length())).toList();
      return new ArrayVector(Nd4j.concat(0, flat.toArray(new INDArray[0])));
    }

    @Override
    public Vector state(int index) {
      return new ArrayVector(operands.states().get(index));
    }

    @Override
    public Vector temp(int index) {
      while (temps.size() <= index) {
        temps.add(new ArrayVector(operands.gradient().ulike()));
      }
      return temps.get(index);
    }
  }
}

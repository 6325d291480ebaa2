package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.second.linalg.InverseRoot;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Inverses of matrices, in double precision whatever is asked for. */
final class InverseAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("InverseRoot", new InverseAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    double[] matrix = file.numbers("matrix");
    long n = Math.round(Math.sqrt(matrix.length));
    INDArray m = Nd4j.createFromArray(matrix).reshape('c', new long[] {n, n});
    int p = file.json().get("p").asInt();
    double[] expected = file.numbers("expected");
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    for (InverseRoot root :
        new InverseRoot[] {InverseRoot.byEigenvalues(m, p, 0), InverseRoot.byNewton(m, p, 0)}) {
      deviation.compare("expected", scaled(expected, largest), scaled(numbers(root), largest));
    }
  }

  private static double[] numbers(InverseRoot root) {
    return root.root().dup('c').reshape('c', new long[] {root.root().length()}).toDoubleVector();
  }

  /** The files' tolerance is relative to the largest entry. */
  private static double[] scaled(double[] values, double unit) {
    return Arrays.stream(values).map(x -> x / unit).toArray();
  }
}

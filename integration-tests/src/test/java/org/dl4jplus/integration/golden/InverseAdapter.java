package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.second.MfacPruner;
import org.dl4jplus.optim.second.linalg.InverseFisher;
import org.dl4jplus.optim.second.linalg.InverseRoot;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Inverses of matrices, in double precision whatever is asked for. */
final class InverseAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    InverseAdapter adapter = new InverseAdapter();
    adapters.put("InverseRoot", adapter);
    adapters.put("MFAC-static", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    if (file.has("gradientRows")) {
      fisher(file, deviation);
    } else {
      root(file, deviation);
    }
  }

  private static void fisher(GoldenFile file, Deviation deviation) {
    JsonNode config = file.config();
    MfacPruner pruner =
        MfacPruner.builder()
            .damping(config.get("damping").asDouble())
            .blockSize(config.path("blockSize").asInt(0))
            .build();
    double[] weights = file.numbers("weights");
    INDArray gradients =
        Nd4j.createFromArray(file.numbers("gradientRows"))
            .reshape('c', new long[] {-1, weights.length});
    InverseFisher inverse = pruner.inverse(gradients);
    double[] product =
        inverse.product(Nd4j.createFromArray(file.numbers("vector"))).toDoubleVector();
    deviation.compare("expectedIhvp", file.numbers("expectedIhvp"), product);
    double[] diagonal = inverse.diagonal();
    deviation.compare("expectedInverseDiagonal", file.numbers("expectedInverseDiagonal"), diagonal);
    deviation.compare(
        "expectedSaliency",
        file.numbers("expectedSaliency"),
        MfacPruner.saliency(weights, diagonal));
    INDArray pruned = Nd4j.createFromArray(weights);
    boolean[] removed = pruner.prune(pruned, gradients, null, 1.0 / weights.length);
    double[] index = new double[weights.length];
    index[file.json().get("expectedPrunedIndex").asInt()] = 1;
    for (int k = 0; k < index.length; k++) {
      deviation.compare(
          "removed[" + k + "]", new double[] {index[k]}, new double[] {removed[k] ? 1 : 0});
    }
    deviation.compare(
        "expectedWeightUpdateForPrunedIndex",
        file.numbers("expectedWeightUpdateForPrunedIndex"),
        pruned.subi(Nd4j.createFromArray(weights)).toDoubleVector());
  }

  private static void root(GoldenFile file, Deviation deviation) {
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

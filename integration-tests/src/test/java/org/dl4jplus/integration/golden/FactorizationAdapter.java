package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.privacy.factorization.CorrelatedNoise;
import org.dl4jplus.privacy.factorization.Factorization;
import org.dl4jplus.privacy.factorization.FactorizationMethod;
import org.dl4jplus.privacy.factorization.FourierFactorization;
import org.dl4jplus.privacy.factorization.OptimalFactorization;
import org.dl4jplus.privacy.factorization.Participation;
import org.dl4jplus.privacy.factorization.TreeFactorization;
import org.dl4jplus.privacy.factorization.TriangularFactorization;
import org.dl4jplus.privacy.factorization.Workload;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Factorisations of prefix sums, always in double precision. */
final class FactorizationAdapter implements GoldenAdapter {

  private static final double MULTI_EPOCH = 1e-4;

  /** How much more a minimum may lie below the recorded one than above it. */
  private static final double BETTER = 0.01;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("MatrixFactorization", new FactorizationAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    double optimal =
        file.tolerance() / file.json().path("tolerance").path("optimal").asDouble(1e-5);
    for (JsonNode one : file.json().get("cases")) {
      new Case(one, deviation, optimal, file.tolerance() / MULTI_EPOCH).run();
    }
  }

  private static final class Case {

    private final JsonNode json;
    private final Deviation deviation;
    private final double optimal;
    private final double multiEpoch;
    private final int n;
    private final int k;
    private final int b;
    private final Workload workload;
    private final Participation single;
    private final Participation epochs;
    private final Participation separated;

    Case(JsonNode json, Deviation deviation, double optimal, double multiEpoch) {
      this.json = json;
      this.deviation = deviation;
      this.optimal = optimal;
      this.multiEpoch = multiEpoch;
      n = json.get("n").asInt();
      k = json.get("k").asInt();
      b = json.get("b").asInt();
      workload = Workload.prefixSums(n);
      single = Participation.fixedEpoch(n, 1, n);
      epochs = Participation.fixedEpoch(n, k, b);
      separated = Participation.minSeparation(n, k, b);
    }

    void run() {
      TriangularFactorization identity = TriangularFactorization.identity(n);
      compare("identity", "sensitivitySingle", single.sensitivity(identity));
      compare("identity", "sensitivityKB", epochs.sensitivity(identity));
      compare("identity", "sumSquaredErrorFrobeniusSquared", identity.squaredError(workload));
      total("dpSgdIdentity", identity, 1);
      squareRoots();
      if (json.hasNonNull("binaryTree")) {
        tree();
      }
      optima();
      fourier();
    }

    private void squareRoots() {
      TriangularFactorization root = TriangularFactorization.squareRoot(n, n);
      double[] coefficients = new double[n];
      for (int t = 0; t < n; t++) {
        coefficients[t] = root.entry(t, 0);
      }
      JsonNode expected = json.get("squareRoot");
      deviation.compare(
          "coefficients", GoldenFile.numbers(expected.get("coefficients")), coefficients);
      compare("squareRoot", "columnNorm", Math.sqrt(root.gram(0, 0)));
      compare("squareRoot", "sensitivityKB", epochs.sensitivity(root));
      compare("squareRoot", "sensitivityMinSep", separated.sensitivity(root));
      compare("squareRoot", "frobeniusB", Math.sqrt(root.squaredError(workload)));
      total("squareRoot", root, 1);

      TriangularFactorization banded =
          TriangularFactorization.squareRoot(n, json.get("bandedSquareRoot").get("bands").asInt());
      compare("bandedSquareRoot", "sensitivityKB", epochs.sensitivity(banded));
      compare("bandedSquareRoot", "sensitivityMinSep", separated.sensitivity(banded));
      compare("bandedSquareRoot", "sqrtKTimesColumnNorm", Math.sqrt(k * banded.gram(0, 0)));
      compare("bandedSquareRoot", "frobeniusB", Math.sqrt(banded.squaredError(workload)));
      compare("bandedSquareRoot", "totalSquaredError", banded.totalSquaredError(workload, epochs));
      total("bandedSquareRoot", banded, 1);

      JsonNode noise = json.get("noise");
      compareNoise(noise, "squareRootCorrelated", root);
      double[] correlated = compareNoise(noise, "bandedCorrelated", banded);
      int d = noise.get("z").get("shape").get(1).asInt();
      for (int i = d; i < correlated.length; i++) {
        correlated[i] += correlated[i - d];
      }
      deviation.compare("prefixOfBanded", array(noise.get("prefixOfBanded")), correlated);
    }

    private double[] compareNoise(JsonNode noise, String name, Factorization factorization) {
      double[] z = array(noise.get("z"));
      int d = noise.get("z").get("shape").get(1).asInt();
      CorrelatedNoise stream =
          factorization.noise((index, out) -> System.arraycopy(z, (int) index * d, out, 0, d), d);
      double[] all = new double[z.length];
      double[] out = new double[d];
      for (int t = 0; t < n; t++) {
        stream.next(out);
        System.arraycopy(out, 0, all, t * d, d);
      }
      deviation.compare(name, array(noise.get(name)), all);
      return all;
    }

    private void tree() {
      int leaves = json.get("binaryTree").get("leaves").asInt();
      TreeFactorization tree = new TreeFactorization(n);
      compare("binaryTree", "sensitivitySingle", single.sensitivity(tree));
      // The file's norm is for the sums of all leaves.
      double honaker =
          new TreeFactorization(leaves).honaker().squaredError(Workload.prefixSums(leaves));
      compare("binaryTree", "honakerFrobeniusB", Math.sqrt(honaker));
      JsonNode rows = json.get("binaryTree").path("rowsPostOrder");
      if (rows.has("data")) {
        double[] nodes = array(rows);
        double[] expected = new double[n * n];
        double[] actual = new double[n * n];
        for (int i = 0; i < n; i++) {
          for (int j = 0; j < n; j++) {
            for (int row = 0; row < nodes.length / leaves; row++) {
              expected[i * n + j] += nodes[row * leaves + i] * nodes[row * leaves + j];
            }
            actual[i * n + j] = tree.gram(i, j);
          }
        }
        deviation.compare("rowsPostOrder^T rowsPostOrder", expected, actual);
      }
    }

    private void optima() {
      TriangularFactorization best = OptimalFactorization.single(workload);
      double[] diagonal = new double[n];
      double largest = 0;
      for (int i = 0; i < n; i++) {
        diagonal[i] = best.gram(i, i);
        largest = Math.max(largest, diagonal[i]);
      }
      compare("optimalSingleParticipation", "loss", largest * best.squaredError(workload));
      JsonNode expected = json.get("optimalSingleParticipation").get("diagonalOfX");
      deviation.compare("diagonalOfX", GoldenFile.numbers(expected), diagonal);

      int bands = json.get("optimalBanded").get("bands").asInt();
      Factorization banded = FactorizationMethod.OPTIMAL_BANDED.create(workload, epochs, bands);
      relative("optimalBanded", "objectiveTrace", banded.squaredError(workload), optimal);
      compare("optimalBanded", "sensitivityKB", epochs.sensitivity(banded));
      double total = banded.totalSquaredError(workload, epochs);
      relative("optimalBanded", "totalSquaredError", total, optimal);
      total("optimalBanded", banded, optimal);

      Factorization epochwise =
          FactorizationMethod.OPTIMAL_MULTI_EPOCH.create(workload, epochs, null);
      double error = epochwise.totalSquaredError(workload, epochs);
      relative("optimalMultiEpoch", "totalSquaredError", error, multiEpoch);
      total("optimalMultiEpoch", epochwise, multiEpoch);
    }

    private void fourier() {
      FourierFactorization fft = new FourierFactorization(n);
      JsonNode expected = json.get("fft");
      double[] r = new double[n];
      for (int lag = 0; lag < n; lag++) {
        r[lag] = fft.gram(0, lag);
      }
      deviation.compare("autocorrelation", GoldenFile.numbers(expected.get("autocorrelation")), r);
      compare("fft", "sensitivityKB", epochs.sensitivity(fft));
      compare("fft", "totalSquaredError", fft.totalSquaredError(workload, epochs));
      total("fft", fft, 1);
      double[] z1 = GoldenFile.numbers(expected.get("z1"));
      fft.prefixNoise(z1, GoldenFile.numbers(expected.get("z2")));
      deviation.compare("noise", GoldenFile.numbers(expected.get("noise")), Arrays.copyOf(z1, n));
    }

    private void total(String name, Factorization factorization, double factor) {
      relative("totals", name, factorization.totalSquaredError(workload, epochs), factor);
    }

    private void compare(String group, String name, double actual) {
      relative(group, name, actual, 1);
    }

    /**
     * A deviation that counts against another tolerance than the file's. A search may have found a
     * better minimum than the recorded one.
     */
    private void relative(String group, String name, double actual, double factor) {
      double expected = json.get(group).get(name).asDouble();
      double weight = factor < 1 && actual < expected ? factor * BETTER : factor;
      deviation.compare(
          group + "." + name,
          new double[] {expected},
          new double[] {expected + (actual - expected) * weight});
    }

    private static double[] array(JsonNode array) {
      return GoldenFile.numbers(array.get("data"));
    }
  }
}

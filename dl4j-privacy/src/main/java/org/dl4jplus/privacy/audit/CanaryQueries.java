package org.dl4jplus.privacy.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Canary in a Coalmine: asks the model under attack not about a record itself but about neighbours
 * of it that tell models trained with and without it apart. {@link Lira} takes them as its queries.
 *
 * <pre>{@code
 * minimise over x:  mean over in-models (z_y(x) - targetIn)^2
 *                 + mean over out-models (z_y(x) - targetOut)^2
 * by AdamW, with ||x - record||_inf <= epsilon and lower <= x <= upper
 * }</pre>
 *
 * <p>where z_y is the logit of the record's class. Each iteration draws {@code stochasticK} models
 * of either group for each record. Offline, with models that were not trained on the record only,
 * the first mean is missing, and a record is done once its loss is at most {@code stopLoss}.
 *
 * <p>Fields: {@code queries} 10 for each record, at least 1; {@code epsilon} 1/255, above 0, in
 * units of the features, infinite for no such bound; {@code lower} and {@code upper}, the range of
 * features, by default that of the records; {@code targetIn} 10 and {@code targetOut} 0; {@code
 * learningRate} 0.05; {@code weightDecay} 0.001; {@code iterations} 30; {@code stochasticK} 2, with
 * fewer models all of them; {@code start} RECORD; {@code offline} false; {@code stopLoss} 23;
 * {@code seed} 0.
 *
 * <p>Queries that all start at the record would stay equal: here the first one does, and the others
 * start at random points around it, at most min(epsilon, learningRate) away in each feature.
 * Gradients are taken in training mode, with fresh dropout masks where the network has dropout.
 *
 * <p>Y. Wen et al.: "Canary in a Coalmine: Better Membership Inference with Ensembled Adversarial
 * Queries", arXiv 2210.10750 (2022).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class CanaryQueries {

  /** Where the search starts. */
  public enum Start {
    /** At the record and around it. */
    RECORD,
    /** At uniform noise of the features' range, as far as epsilon allows. */
    NOISE
  }

  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double ADAM_EPSILON = 1e-8;

  /** Queries that pass through a network at once. */
  private static final int CHUNK = 2048;

  private final int queries;
  private final double epsilon;
  private final Double lower;
  private final Double upper;
  private final double targetIn;
  private final double targetOut;
  private final double learningRate;
  private final double weightDecay;
  private final int iterations;
  private final int stochasticK;
  private final Start start;
  private final boolean offline;
  private final double stopLoss;
  private final long seed;

  /** The method with its defaults. */
  public CanaryQueries() {
    this(null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private CanaryQueries(
      @JsonProperty("queries") Integer queries,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("lower") Double lower,
      @JsonProperty("upper") Double upper,
      @JsonProperty("targetIn") Double targetIn,
      @JsonProperty("targetOut") Double targetOut,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("iterations") Integer iterations,
      @JsonProperty("stochasticK") Integer stochasticK,
      @JsonProperty("start") Start start,
      @JsonProperty("offline") Boolean offline,
      @JsonProperty("stopLoss") Double stopLoss,
      @JsonProperty("seed") Long seed) {
    this.queries = Require.count("queries", queries, 10);
    this.epsilon = epsilon == null ? 1.0 / 255 : epsilon;
    Require.check(this.epsilon > 0, "epsilon", this.epsilon, "above 0");
    this.lower = lower == null ? null : (Double) Require.finite("lower", lower, 0);
    this.upper = upper == null ? null : (Double) Require.finite("upper", upper, 0);
    if (lower != null && upper != null) {
      Require.check(lower < upper, "lower", lower, "below upper, " + upper);
    }
    this.targetIn = Require.finite("targetIn", targetIn, 10);
    this.targetOut = Require.finite("targetOut", targetOut, 0);
    this.learningRate = Require.positive("learningRate", learningRate, 0.05);
    this.weightDecay = Require.nonNegative("weightDecay", weightDecay, 0.001);
    this.iterations = Require.atLeast("iterations", iterations, 30, 0);
    this.stochasticK = Require.count("stochasticK", stochasticK, 2);
    this.start = start == null ? Start.RECORD : start;
    this.offline = offline != null && offline;
    this.stopLoss = Require.finite("stopLoss", stopLoss, 23);
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * Searches queries for every record of the shadow models.
   *
   * @param shadows models with and without each record: networks with batch normalization and
   *     frozen layers are not possible
   * @return so many data sets, each with one query for every record in their order, and the
   *     records' labels
   * @throws IllegalArgumentException for a record that is in no model (unless offline) or in all of
   *     them, and for networks whose input gradients do not exist
   */
  public List<DataSet> generate(ShadowModels shadows) {
    return new Search(shadows).run();
  }

  /** The state of one search: queries of one record are neighbouring rows. */
  private final class Search {

    private final ShadowModels shadows;
    private final List<Classifier> models;
    private final int[] classes;
    private final int[][] in;
    private final int[][] out;
    private final double[][] records;
    private final double[][] x;
    private final double[][] first;
    private final double[][] second;
    private final double[][] gradient;
    private final double[] loss;
    private final boolean[] done;
    private final double low;
    private final double high;
    private final SplittableRandom random = new SplittableRandom(seed);

    Search(ShadowModels shadows) {
      this.shadows = shadows;
      models = shadows.models().stream().map(Classifier::new).toList();
      models.forEach(Classifier::requireInputGradient);
      classes = ShadowModels.classes(shadows.records());
      int n = classes.length;
      in = new int[n][];
      out = new int[n][];
      for (int j = 0; j < n; j++) {
        in[j] = offline ? new int[0] : group(j, true);
        out[j] = group(j, false);
      }
      INDArray features = shadows.records().getFeatures();
      records = Classifier.rows(features);
      low = lower != null ? lower : features.minNumber().doubleValue();
      high = upper != null ? upper : features.maxNumber().doubleValue();
      int width = records[0].length;
      x = new double[n * queries][width];
      first = new double[x.length][width];
      second = new double[x.length][width];
      gradient = new double[x.length][width];
      loss = new double[x.length];
      done = new boolean[n];
      Arrays.setAll(x, this::startOf);
    }

    private int[] group(int record, boolean member) {
      int[] group =
          IntStream.range(0, models.size())
              .filter(s -> shadows.membership()[s][record] == member)
              .toArray();
      if (group.length == 0) {
        throw new IllegalArgumentException(
            "record "
                + record
                + " must be in some models and not in others, but is in "
                + (member ? "none" : "all"));
      }
      return group;
    }

    private double[] startOf(int row) {
      double[] record = records[row / queries];
      double[] point = record.clone();
      double reach = Math.min(epsilon, learningRate);
      for (int k = 0; k < point.length; k++) {
        if (start == Start.NOISE) {
          point[k] = low + (high - low) * random.nextDouble();
        } else if (row % queries > 0) {
          point[k] += reach * (2 * random.nextDouble() - 1);
        }
        point[k] = project(point[k], record[k]);
      }
      return point;
    }

    private double project(double value, double record) {
      double near = Math.max(record - epsilon, Math.min(record + epsilon, value));
      return Math.max(low, Math.min(high, near));
    }

    List<DataSet> run() {
      for (int t = 1; t <= iterations; t++) {
        gradients();
        for (int row = 0; row < x.length; row++) {
          if (!done[row / queries]) {
            step(row, t);
          }
        }
      }
      List<DataSet> found = new ArrayList<>();
      for (int q = 0; q < queries; q++) {
        int query = q;
        int[] rows = IntStream.range(0, done.length).map(j -> j * queries + query).toArray();
        found.add(new DataSet(features(rows), shadows.records().getLabels()));
      }
      return found;
    }

    private INDArray features(int[] rows) {
      INDArray like = shadows.records().getFeatures();
      long[] shape = like.shape().clone();
      shape[0] = rows.length;
      int width = records[0].length;
      double[] flat = new double[rows.length * width];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(x[rows[i]], 0, flat, i * width, width);
      }
      return Nd4j.createFromArray(flat).castTo(like.dataType()).reshape('c', shape);
    }

    private void gradients() {
      Arrays.stream(gradient).forEach(row -> Arrays.fill(row, 0));
      Arrays.fill(loss, 0);
      int[][][] asked = new int[2][done.length][];
      for (int j = 0; j < done.length; j++) {
        asked[0][j] = done[j] ? new int[0] : draw(out[j]);
        asked[1][j] = done[j] ? new int[0] : draw(in[j]);
      }
      for (int s = 0; s < models.size(); s++) {
        ask(s, asked);
      }
      for (int j = 0; offline && j < done.length; j++) {
        double mean = Arrays.stream(loss, j * queries, (j + 1) * queries).average().orElseThrow();
        done[j] |= mean <= stopLoss;
      }
    }

    /** Some of the models, without replacement. */
    private int[] draw(int[] group) {
      int count = Math.min(stochasticK, group.length);
      for (int i = 0; i < count; i++) {
        int j = i + random.nextInt(group.length - i);
        int kept = group[i];
        group[i] = group[j];
        group[j] = kept;
      }
      return Arrays.copyOf(group, count);
    }

    /** Asks one model about the records whose turn it is. */
    private void ask(int model, int[][][] asked) {
      boolean[] members = shadows.membership()[model];
      int[] rows =
          IntStream.range(0, x.length)
              .filter(
                  row -> {
                    int j = row / queries;
                    return Arrays.stream(asked[members[j] ? 1 : 0][j]).anyMatch(s -> s == model);
                  })
              .toArray();
      for (int from = 0; from < rows.length; from += CHUNK) {
        int[] part = Arrays.copyOfRange(rows, from, Math.min(rows.length, from + CHUNK));
        ask(models.get(model), part, members, asked);
      }
    }

    private void ask(Classifier model, int[] rows, boolean[] members, int[][][] asked) {
      int[] labels = Arrays.stream(rows).map(row -> classes[row / queries]).toArray();
      INDArray found =
          model.inputGradient(
              features(rows),
              labels,
              (i, logit) -> {
                int j = rows[i] / queries;
                double distance = logit - (members[j] ? targetIn : targetOut);
                int count = asked[members[j] ? 1 : 0][j].length;
                loss[rows[i]] += distance * distance / count;
                return 2 * distance / count;
              });
      double[][] values = Classifier.rows(found);
      for (int i = 0; i < rows.length; i++) {
        for (int k = 0; k < values[i].length; k++) {
          gradient[rows[i]][k] += values[i][k];
        }
      }
    }

    private void step(int row, int t) {
      double[] record = records[row / queries];
      double rate = learningRate / (1 - Math.pow(BETA1, t));
      double correction = 1 - Math.pow(BETA2, t);
      for (int k = 0; k < record.length; k++) {
        double g = gradient[row][k];
        first[row][k] = BETA1 * first[row][k] + (1 - BETA1) * g;
        second[row][k] = BETA2 * second[row][k] + (1 - BETA2) * g * g;
        double moved =
            x[row][k] * (1 - learningRate * weightDecay)
                - rate * first[row][k] / (Math.sqrt(second[row][k] / correction) + ADAM_EPSILON);
        x[row][k] = project(moved, record[k]);
      }
    }
  }
}

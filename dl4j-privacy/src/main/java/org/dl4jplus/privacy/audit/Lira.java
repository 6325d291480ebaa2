package org.dl4jplus.privacy.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.noise.NormalTail;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The likelihood ratio attack: tells from a classifier's answers which records it was trained on,
 * by comparison with models of one's own that were trained with and without each of them.
 *
 * <pre>{@code
 * phi = log(p_y + 1e-45) - log(SUM_{k != y} p_k + 1e-45)
 * ONLINE     score = log N(phi; in) - log N(phi; out)
 * OFFLINE    score = -log N(phi; out)
 * ONE_SIDED  score = -log(1 - Phi((phi - mean_out)/std_out))
 * }</pre>
 *
 * <p>with the Gaussians of a record's phi over the models that were trained with it (in) and
 * without it (out): mean = their median, std = the population's + 1e-30; scores are averaged over
 * queries. A higher score says member. Where records have different numbers of models, all are cut
 * to the smallest one, the first ones kept. {@code ONE_SIDED} orders like the paper's Phi(..),
 * without equal scores where that rounds to 1.
 *
 * <p>Fields: {@code variant} ONLINE; {@code fixVariance} one std over all records for in and one
 * for out, instead of the records' own: by default with fewer than 64 models.
 *
 * <p>It says how much this attack finds, never that there is nothing to find.
 *
 * <p>N. Carlini et al.: "Membership Inference Attacks From First Principles", arXiv 2112.03570
 * (2021).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class Lira {

  /** What the attacker knows and how it concludes. */
  public enum Variant {
    /** Models with and without each record. */
    ONLINE,
    /** Models without it; what is not typical of them counts as a member. */
    OFFLINE,
    /** Models without it; only more confidence than theirs counts. */
    ONE_SIDED
  }

  private static final double TINY = 1e-45;
  private static final double LEAST_STD = 1e-30;
  private static final int MANY = 64;
  private static final double LOG_ROOT_TWO_PI = Math.log(2 * Math.PI) / 2;

  private final Variant variant;
  private final Boolean fixVariance;

  /** The attack with its defaults. */
  public Lira() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private Lira(
      @JsonProperty("variant") Variant variant, @JsonProperty("fixVariance") Boolean fixVariance) {
    this.variant = variant == null ? Variant.ONLINE : variant;
    this.fixVariance = fixVariance;
  }

  /**
   * phi, from logits.
   *
   * @param logits of the classes
   * @param label the record's class, in [0, classes)
   * @return log odds of the class, bounded by 104
   */
  public static double logOdds(double[] logits, int label) {
    double max = Arrays.stream(logits).max().orElseThrow();
    double[] p = Arrays.stream(logits).map(z -> Math.exp(z - max)).toArray();
    double sum = Arrays.stream(p).sum();
    return logOddsOf(Arrays.stream(p).map(x -> x / sum).toArray(), label);
  }

  private static double logOddsOf(double[] p, int label) {
    double others = 0;
    for (int k = 0; k < p.length; k++) {
      others += k == label ? 0 : p[k];
    }
    return Math.log(p[label] + TINY) - Math.log(others + TINY);
  }

  /**
   * phi of each record under a model, outside training.
   *
   * @param model a classifier with softmax: a MultiLayerNetwork, or a ComputationGraph with one
   *     input and one output
   * @param records features and one-hot labels [n, classes]
   * @return one number for each record
   * @throws IllegalArgumentException for other models and labels
   */
  public static double[] logOdds(Model model, DataSet records) {
    int[] labels = ShadowModels.classes(records);
    double[][] p = new Classifier(model).probabilities(records.getFeatures());
    return IntStream.range(0, labels.length).mapToDouble(i -> logOddsOf(p[i], labels[i])).toArray();
  }

  /**
   * The attack on given numbers.
   *
   * @param phi of the shadow models, [models][records][queries]
   * @param membership [models][records]
   * @param target phi of the model under attack, [records][queries]
   * @return a score for each record
   * @throws IllegalArgumentException if the shapes do not agree, if a number is not finite, or for
   *     a record that no model (or every one) was trained on
   */
  public double[] scores(double[][][] phi, boolean[][] membership, double[][] target) {
    int n = target.length;
    int queries = shape(phi, membership, target);
    boolean online = variant == Variant.ONLINE;
    boolean fixed = fixVariance == null ? phi.length < MANY : fixVariance;
    Groups in = online ? new Groups(phi, membership, true, n, queries, fixed) : null;
    Groups out = new Groups(phi, membership, false, n, queries, fixed);
    double[] scores = new double[n];
    for (int j = 0; j < n; j++) {
      for (int q = 0; q < queries; q++) {
        double x = target[j][q];
        double score =
            switch (variant) {
              case ONLINE -> in.logDensity(x, j, q) - out.logDensity(x, j, q);
              case OFFLINE -> -out.logDensity(x, j, q);
              case ONE_SIDED -> -NormalTail.logCdf(-out.standard(x, j, q));
            };
        scores[j] += score / queries;
      }
    }
    return scores;
  }

  private static int shape(double[][][] phi, boolean[][] membership, double[][] target) {
    Require.check(phi.length >= 1, "phi.length", phi.length, "at least 1");
    Require.check(
        membership.length == phi.length, "membership.length", membership.length, "" + phi.length);
    Require.check(target.length >= 1, "target.length", target.length, "at least 1");
    int queries = target[0].length;
    Require.check(queries >= 1, "number of queries", queries, "at least 1");
    check("target", target, target.length, queries);
    for (int s = 0; s < phi.length; s++) {
      check("phi", phi[s], target.length, queries);
      Require.check(
          membership[s].length == target.length,
          "length of membership",
          membership[s].length,
          "" + target.length);
    }
    return queries;
  }

  private static void check(String field, double[][] phi, int records, int queries) {
    Require.check(phi.length == records, "records of " + field, phi.length, "" + records);
    for (double[] row : phi) {
      Require.check(row.length == queries, "queries of " + field, row.length, "" + queries);
      for (double value : row) {
        Require.finite(field, value, 0);
      }
    }
  }

  /** The models with each record, or those without it. */
  private static final class Groups {

    private final double[][] mean;
    private final double[][] std;

    Groups(
        double[][][] phi, boolean[][] membership, boolean in, int n, int queries, boolean fixed) {
      double[][][] values = new double[n][queries][];
      int size = Integer.MAX_VALUE;
      for (int j = 0; j < n; j++) {
        int record = j;
        int[] models =
            IntStream.range(0, phi.length).filter(s -> membership[s][record] == in).toArray();
        if (models.length == 0) {
          throw new IllegalArgumentException(
              "record "
                  + j
                  + " must be in some models and not in others, but is in "
                  + (in ? "none" : "all"));
        }
        size = Math.min(size, models.length);
        for (int q = 0; q < queries; q++) {
          int query = q;
          values[j][q] = Arrays.stream(models).mapToDouble(s -> phi[s][record][query]).toArray();
        }
      }
      mean = new double[n][queries];
      std = new double[n][queries];
      double[] all = new double[n * queries * size];
      int at = 0;
      for (int j = 0; j < n; j++) {
        for (int q = 0; q < queries; q++) {
          double[] kept = Arrays.copyOf(values[j][q], size);
          System.arraycopy(kept, 0, all, at, size);
          at += size;
          std[j][q] = std(kept);
          Arrays.sort(kept);
          mean[j][q] = (kept[(size - 1) / 2] + kept[size / 2]) / 2;
        }
      }
      if (fixed) {
        double common = std(all);
        Arrays.stream(std).forEach(row -> Arrays.fill(row, common));
      }
    }

    private static double std(double[] values) {
      double mean = Arrays.stream(values).average().orElseThrow();
      double square = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
      return Math.sqrt(square / values.length) + LEAST_STD;
    }

    double standard(double x, int record, int query) {
      return (x - mean[record][query]) / std[record][query];
    }

    double logDensity(double x, int record, int query) {
      double z = standard(x, record, query);
      return -z * z / 2 - Math.log(std[record][query]) - LOG_ROOT_TWO_PI;
    }
  }

  /**
   * Attacks a model with the records themselves.
   *
   * @param shadows the attacker's models
   * @param target the model under attack
   * @param members which records it was trained on, to judge the attack by
   * @return scores and rates
   * @throws IllegalArgumentException as {@link #scores} and {@link AttackResult}
   */
  public AttackResult attack(ShadowModels shadows, Model target, boolean[] members) {
    return attack(shadows, List.of(shadows.records()), target, members);
  }

  /**
   * Attacks a model with other queries, those of {@link CanaryQueries}.
   *
   * @param shadows the attacker's models
   * @param queries each holds a query for every record, in their order, with their labels
   * @param target the model under attack
   * @param members which records it was trained on, to judge the attack by
   * @return scores and rates
   * @throws IllegalArgumentException as {@link #scores} and {@link AttackResult}
   */
  public AttackResult attack(
      ShadowModels shadows, List<DataSet> queries, Model target, boolean[] members) {
    return new AttackResult(
        scores(phi(shadows.models(), queries), shadows.membership(), phi(target, queries)),
        members);
  }

  private static double[][][] phi(List<Model> models, List<DataSet> queries) {
    return models.stream().map(model -> phi(model, queries)).toArray(double[][][]::new);
  }

  private static double[][] phi(Model model, List<DataSet> queries) {
    Require.check(!queries.isEmpty(), "number of queries", queries.size(), "at least 1");
    double[][] byQuery =
        queries.stream().map(query -> logOdds(model, query)).toArray(double[][]::new);
    double[][] phi = new double[byQuery[0].length][queries.size()];
    for (int j = 0; j < phi.length; j++) {
      for (int q = 0; q < byQuery.length; q++) {
        phi[j][q] = byQuery[q][j];
      }
    }
    return phi;
  }

  /**
   * Attacks each shadow model with the others and puts all scores together.
   *
   * @param shadows the models, at least 4
   * @return scores of every record under every model, model by model
   * @throws IllegalArgumentException as {@link #scores}
   */
  public AttackResult leaveOneOut(ShadowModels shadows) {
    return leaveOneOut(shadows, others -> List.of(others.records()));
  }

  /**
   * {@link #leaveOneOut(ShadowModels)} with other queries. A model that was trained on the same
   * records or on all the others ({@link ShadowModels#train} makes such pairs) is left out together
   * with the one under attack: it would give the answer away.
   *
   * @param shadows the models, at least 4
   * @param queries makes the queries from the models that are left
   * @return scores of every record under every model, model by model
   * @throws IllegalArgumentException as {@link #scores}
   */
  public AttackResult leaveOneOut(
      ShadowModels shadows, Function<ShadowModels, List<DataSet>> queries) {
    boolean[][] membership = shadows.membership();
    int n = membership[0].length;
    double[] scores = new double[membership.length * n];
    boolean[] truth = new boolean[scores.length];
    Map<List<Integer>, Prepared> prepared = new HashMap<>();
    for (int s = 0; s < membership.length; s++) {
      Prepared others =
          prepared.computeIfAbsent(
              sameSplit(membership, s),
              left -> {
                ShadowModels kept =
                    shadows.without(left.stream().mapToInt(Integer::intValue).toArray());
                List<DataSet> asked = queries.apply(kept);
                return new Prepared(kept, asked, phi(kept.models(), asked));
              });
      double[] found =
          scores(
              others.phi(),
              others.models().membership(),
              phi(shadows.models().get(s), others.queries()));
      System.arraycopy(found, 0, scores, s * n, n);
      System.arraycopy(membership[s], 0, truth, s * n, n);
    }
    return new AttackResult(scores, truth);
  }

  /** What models under attack share if they were trained on the two parts of one split. */
  private record Prepared(ShadowModels models, List<DataSet> queries, double[][][] phi) {}

  private static List<Integer> sameSplit(boolean[][] membership, int model) {
    List<Integer> same = new ArrayList<>();
    for (int s = 0; s < membership.length; s++) {
      boolean[] other = membership[s];
      long agree =
          IntStream.range(0, other.length).filter(j -> other[j] == membership[model][j]).count();
      if (agree == 0 || agree == other.length) {
        same.add(s);
      }
    }
    return same;
  }
}

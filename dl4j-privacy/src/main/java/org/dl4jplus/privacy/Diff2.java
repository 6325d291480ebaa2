package org.dl4jplus.privacy;

import java.util.Arrays;
import java.util.Map;
import lombok.Builder;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.gradient.ClipRule;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.gradient.PrivateGradients;
import org.dl4jplus.privacy.sampling.BatchSampler;
import org.dl4jplus.privacy.sampling.FullBatchSampler;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DIFF2: full gradients now and then, and between them differences of gradients, whose sensitivity
 * shrinks with the step. Every step uses all records. For clients p = 1..P with n records each,
 * step by step at x_t:
 *
 * <pre>{@code
 * restart:    v <- mean over p of ((1/n) sum clip(g_i(x_t), C1) + s1 z_p)
 * otherwise:  v <- v + mean over p of ((1/n) sum clip(g_i(x_t) - g_i(x_{t-1}), C2 d) + s2 d z_p)
 * d = ||x_t - x_{t-1}||,  z_p ~ N(0, I)
 * direction = v
 * }</pre>
 *
 * The network's updater Sgd(rate) makes the method's step. A release costs a Gaussian with noise
 * multiplier m1 = s1 n / (F C1), or m2 = s2 n / (F C2), with F = 1, or 2 under REPLACE_ONE; d is
 * public. Each record belongs to one client, so clients cost nothing extra.
 *
 * <ul>
 *   <li>differenceClip: C2, above 0; the smoothness of the records' losses is its natural value;
 *       default 1. C1 is the configuration's clipNorm
 *   <li>restartEvery: steps from restart to restart, default the root of the planned steps, rounded
 *       up; it was chosen here
 *   <li>restartShare: share of the zero-concentrated budget that restarts get, in (0, 1); default
 *       0.5. From the configuration's noise multiplier sigma over T planned steps with R restarts,
 *       m1 = sigma sqrt(R / (share T)) and m2 = sigma sqrt((T - R) / ((1 - share) T))
 *   <li>sigma1, sigma2: s1 and s2 themselves, in the place of sigma and restartShare
 *   <li>adaptiveRestart: restarts as soon as the differences' noise variance exceeds that of a
 *       restart. Then the kind of a step is not known beforehand and every step has the noise
 *       multiplier sigma; default false
 *   <li>clients: P blocks of neighbouring records, each with noise of its own, as if each were with
 *       its owner; default 1. Blocks are as equal as can be, or of the given clientSizes. Several
 *       need a relation under which the other records stay in their blocks: not ADD_REMOVE
 * </ul>
 *
 * <p>Records pass a network of FLOAT one by one for differences, slowly: take DOUBLE.
 *
 * <p>The paper's other subroutine, several local steps on a batch, costs privacy for each local
 * difference and is not there. Source: Tomoya Murata, Taiji Suzuki, "DIFF2: Differential Private
 * Optimization via Gradient Differences for Nonconvex Distributed Learning", arXiv 2302.03884,
 * 2023; its constants were not at hand, the accounting is derived here.
 */
public final class Diff2 extends DpMechanism {

  @JsonProperty private final double differenceClip;
  @JsonProperty private final Integer restartEvery;
  @JsonProperty private final double restartShare;
  @JsonProperty private final Double sigma1;
  @JsonProperty private final Double sigma2;
  @JsonProperty private final boolean adaptiveRestart;
  @JsonProperty private final int clients;
  @JsonProperty private final int[] clientSizes;

  private final DifferenceEstimator estimator = new DifferenceEstimator();
  private double variance;

  /** With the defaults. */
  public Diff2() {
    this(null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Diff2(
      @JsonProperty("differenceClip") Double differenceClip,
      @JsonProperty("restartEvery") Integer restartEvery,
      @JsonProperty("restartShare") Double restartShare,
      @JsonProperty("sigma1") Double sigma1,
      @JsonProperty("sigma2") Double sigma2,
      @JsonProperty("adaptiveRestart") Boolean adaptiveRestart,
      @JsonProperty("clients") Integer clients,
      @JsonProperty("clientSizes") int[] clientSizes) {
    this.differenceClip = Require.positive("differenceClip", differenceClip, 1);
    this.restartEvery =
        restartEvery == null ? null : Require.count("restartEvery", restartEvery, 1);
    this.restartShare = restartShare == null ? 0.5 : restartShare;
    Require.check(
        this.restartShare > 0 && this.restartShare < 1,
        "restartShare",
        this.restartShare,
        "in (0, 1)");
    this.sigma1 = sigma1 == null ? null : Require.nonNegative("sigma1", sigma1, 0);
    this.sigma2 = sigma2 == null ? null : Require.nonNegative("sigma2", sigma2, 0);
    this.adaptiveRestart = Boolean.TRUE.equals(adaptiveRestart);
    this.clients = Require.count("clients", clients, clientSizes == null ? 1 : clientSizes.length);
    this.clientSizes = clientSizes == null ? null : clientSizes.clone();
    if (clientSizes != null && clientSizes.length != this.clients) {
      throw new IllegalArgumentException(
          "clientSizes has " + clientSizes.length + " entries, clients = " + this.clients);
    }
    for (int size : clientSizes == null ? new int[0] : clientSizes) {
      Require.count("clientSizes", size, 1);
    }
    if ((sigma1 == null) != (sigma2 == null)) {
      throw new IllegalArgumentException("Give both of sigma1 and sigma2, or none");
    }
    if (this.adaptiveRestart && sigma1 != null) {
      throw new IllegalArgumentException("adaptiveRestart chooses sigma1 and sigma2 by itself");
    }
  }

  @Override
  public void begin(DpPlan plan) {
    DpConfig config = plan.config();
    if (config.rate(plan.records()) != 1) {
      throw new IllegalArgumentException("Diff2 uses all records: it needs samplingRate = 1");
    }
    if (config.getClipping() != Clipping.FLAT) {
      throw new IllegalArgumentException("Diff2 needs clipping = FLAT");
    }
    if (clients > 1 && config.getNeighbours() == Neighbours.ADD_REMOVE) {
      throw new IllegalArgumentException(
          "Diff2 with clients above 1 needs neighbours = REPLACE_ZERO or REPLACE_ONE: without a"
              + " record others would belong to other clients");
    }
    if (clientSizes != null && Arrays.stream(clientSizes).sum() != plan.records()) {
      throw new IllegalArgumentException(
          "clientSizes = "
              + Arrays.toString(clientSizes)
              + " must add up to N = "
              + plan.records());
    }
    if (clients > plan.records()) {
      throw new IllegalArgumentException(
          "clients = " + clients + " must be at most N = " + plan.records());
    }
    if (config.getSteps() == null && (restartEvery == null || sigma1 == null && !adaptiveRestart)) {
      throw new IllegalArgumentException(
          "Diff2 needs the configuration's steps to choose restarts and noise");
    }
  }

  @Override
  public BatchSampler sampler(DpPlan plan, int step) {
    return new FullBatchSampler(plan.records(), plan.config().getNeighbours());
  }

  private int period(DpPlan plan) {
    return restartEvery != null
        ? restartEvery
        : (int) Math.ceil(Math.sqrt(plan.config().getSteps()));
  }

  private boolean restarts(DpPlan plan, int step) {
    return step % period(plan) == 0;
  }

  /** First record of a client, or one more than the last record of the one before. */
  private int start(DpPlan plan, int client) {
    return clientSizes == null
        ? (int) ((long) plan.records() * client / clients)
        : Arrays.stream(clientSizes, 0, client).sum();
  }

  private int smallestClient(DpPlan plan) {
    return clientSizes == null
        ? plan.records() / clients
        : Arrays.stream(clientSizes).min().getAsInt();
  }

  /** Noise multiplier of a release. */
  private double multiplier(DpPlan plan, boolean restart, double noiseMultiplier) {
    double factor = plan.config().sensitivityFactor();
    if (sigma1 != null) {
      // The noise is the same for all clients, so the one with fewest records has least of it.
      return restart
          ? sigma1 * smallestClient(plan) / (factor * plan.config().getClipNorm())
          : sigma2 * smallestClient(plan) / (factor * differenceClip);
    }
    if (adaptiveRestart) {
      return noiseMultiplier;
    }
    return DifferenceEstimator.multiplier(
        restart, restartShare, noiseMultiplier, plan.config().getSteps(), period(plan));
  }

  @Override
  public PrivacyEvent event(DpPlan plan, int step, double noiseMultiplier) {
    double multiplier = multiplier(plan, restarts(plan, step), noiseMultiplier);
    return sampler(plan, step).gaussian(step, multiplier);
  }

  @Override
  public void step(DpPlan plan, DpStep step) {
    INDArray parameters = step.parameters();
    double distance = estimator.started() ? estimator.distance(parameters) : 0;
    double restartVariance = variance(plan, true, step.noiseMultiplier());
    double moreVariance = variance(plan, false, step.noiseMultiplier()) * distance * distance;
    boolean restart =
        !estimator.started()
            || (adaptiveRestart
                ? variance + moreVariance > 2 * restartVariance
                : restarts(plan, step.index()));
    double[] mean = step.direction();
    INDArray previous = restart ? null : estimator.previous(parameters);
    for (int client = 0; client < clients; client++) {
      int from = start(plan, client);
      int to = start(plan, client + 1);
      PrivateGradients own = step.records().part(from, to);
      double[] sum = new double[mean.length];
      double clip = restart ? plan.config().getClipNorm() : differenceClip * distance;
      if (restart) {
        own.clippedSum(parameters, ClipRule.flat(clip), sum);
      } else {
        own.clippedDifferenceSum(parameters, previous, clip, sum);
      }
      for (int i = 0; i < sum.length; i++) {
        sum[i] /= to - from;
      }
      step.noise().add(sum, deviation(plan, restart, step.noiseMultiplier(), to - from, distance));
      for (int i = 0; i < sum.length; i++) {
        mean[i] += sum[i] / clients;
      }
    }
    variance = restart ? restartVariance : variance + moreVariance;
    estimator.release(mean, restart, parameters);
  }

  private double deviation(
      DpPlan plan, boolean restart, double noiseMultiplier, int records, double distance) {
    if (sigma1 != null) {
      return restart ? sigma1 : sigma2 * distance;
    }
    double clip = restart ? plan.config().getClipNorm() : differenceClip * distance;
    return multiplier(plan, restart, noiseMultiplier)
        * plan.config().sensitivityFactor()
        * clip
        / records;
  }

  /** Of one coordinate of one release, for a distance of 1. */
  private double variance(DpPlan plan, boolean restart, double noiseMultiplier) {
    double deviation = deviation(plan, restart, noiseMultiplier, smallestClient(plan), 1);
    return deviation * deviation / clients;
  }

  @Override
  public Map<String, double[]> state() {
    Map<String, double[]> state = estimator.state();
    state.put("variance", new double[] {variance});
    return state;
  }

  @Override
  public void restore(Map<String, double[]> state) {
    estimator.restore(state);
    variance = state.get("variance")[0];
  }
}

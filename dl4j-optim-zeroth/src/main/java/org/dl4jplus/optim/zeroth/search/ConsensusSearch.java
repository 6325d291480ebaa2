package org.dl4jplus.optim.zeroth.search;

import java.util.Arrays;
import java.util.function.IntFunction;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.CBO;
import org.dl4jplus.optim.zeroth.CBO.Correction;
import org.dl4jplus.optim.zeroth.CBO.Noise;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run of consensus-based optimization over vectors: {@link #ask} hands out points, {@link #tell}
 * takes their values.
 *
 * <pre>{@code
 * ConsensusSearch search = new CBO().search(particles);
 * for (int i = 0; i < 1000; i++) {
 *   search.tell(valuesAt(search.ask()));
 * }
 * double[] found = search.consensus();
 * }</pre>
 *
 * <p>A step is one pair of calls; with a correction it is two, the second of which asks for the
 * consensus alone. Values that are not finite count as infinite.
 */
public final class ConsensusSearch {

  private static final Logger LOG = LoggerFactory.getLogger(ConsensusSearch.class);

  /** Relative distance from the consensus below which particles are the same. */
  private static final double SAME = 1e-12;

  /** Tells the streams of batches from those of the noise. */
  private static final long SHUFFLES = 0x5A0FF1E5L;

  private final CBO method;
  private final Directions noise;
  private final IntFunction<int[]> batches;
  private final double[][] particles;
  private double[] consensus;
  private int steps;
  private double alpha;
  private int permutation;
  private int position;
  private int[] shuffled;
  private int shuffledFor = -1;

  /** Values of the batch, while that of the consensus is awaited. */
  private double[] awaiting;

  private double loss = Double.NaN;
  private int skipped;

  /**
   * A new run.
   *
   * @param method its configuration
   * @param particles one in each row, copied
   * @param noise directions; query k is for the k-th particle that is moved. Null for the method's
   * @param batches the batch of each step, an empty one for all; null for the method's
   * @throws IllegalArgumentException for particles that are empty, ragged or not finite, or fewer
   *     than a batch, and for a correction that lacks values
   */
  public ConsensusSearch(
      CBO method, double[][] particles, Directions noise, IntFunction<int[]> batches) {
    this.method = Require.given("method", method);
    this.noise =
        noise == null ? Directions.of(method.getDistribution(), method.getSeed(), 0) : noise;
    this.batches = batches;
    this.particles = new double[Require.given("particles", particles).length][];
    for (int i = 0; i < particles.length; i++) {
      this.particles[i] = Require.given("particles[" + i + "]", particles[i]).clone();
      boolean finite = Arrays.stream(particles[i]).allMatch(Double::isFinite);
      if (!finite || particles[i].length == 0 || particles[i].length != particles[0].length) {
        throw new IllegalArgumentException(
            "particles must be finite and of one length, see row " + i);
      }
    }
    if (particles.length == 0 || batchSize() > particles.length) {
      throw new IllegalArgumentException(
          "batchSize must be at most the number of particles, "
              + particles.length
              + ", got "
              + batchSize());
    }
    if (!method.isBatchPartial()
        && method.getCorrection() != Correction.NONE
        && batchSize() < particles.length) {
      throw new IllegalArgumentException(
          "correction = "
              + method.getCorrection()
              + " needs the values of all particles that move: set batchPartial or batchSize = 0");
    }
    consensus = new double[particles[0].length];
    for (double[] particle : particles) {
      for (int j = 0; j < consensus.length; j++) {
        consensus[j] += particle[j] / particles.length;
      }
    }
    alpha = method.getAlpha();
    double diffusion = consensus.length * method.getSigma() * method.getSigma();
    if (method.getNoise() == Noise.ISOTROPIC && 2 * method.getLambda() <= diffusion) {
      LOG.warn(
          "Isotropic noise with 2 lambda = {} <= d sigma^2 = {} spreads the particles ever wider",
          2 * method.getLambda(),
          diffusion);
    }
  }

  /**
   * Goes on with a run.
   *
   * @param method its configuration
   * @param state what {@link #save} wrote
   */
  public ConsensusSearch(CBO method, GradientState state) {
    this.method = Require.given("method", method);
    noise = Directions.of(method.getDistribution(), method.getSeed(), 0);
    batches = null;
    INDArray rows = Require.given("state", state).vector(0);
    particles = Require.given("a run in state", rows).toDoubleMatrix();
    consensus = state.vector(1).toDoubleVector();
    steps = (int) state.scalar(0);
    alpha = state.scalar(1);
    permutation = (int) state.scalar(2);
    position = (int) state.scalar(3);
    skipped = (int) state.scalar(4);
    loss = state.scalar(5);
  }

  /**
   * Saves the run as it was after the last whole step.
   *
   * @param state takes it; serializable
   */
  public void save(GradientState state) {
    state
        .vector(0, () -> Nd4j.create(DataType.DOUBLE, particles.length, consensus.length))
        .assign(Nd4j.createFromArray(particles));
    INDArray center = Nd4j.createFromArray(consensus);
    if (state.vector(1) == null) {
      state.vector(1, () -> center);
    } else {
      state.vector(1).assign(center);
    }
    double[] scalars = {steps, alpha, permutation, position, skipped, loss};
    for (int i = 0; i < scalars.length; i++) {
      state.setScalar(i, scalars[i]);
    }
  }

  private int batchSize() {
    return method.getBatchSize() == 0 ? particles.length : method.getBatchSize();
  }

  /**
   * Points to evaluate.
   *
   * @return one in each row, copies; the same ones until {@link #tell}
   */
  public double[][] ask() {
    if (awaiting != null) {
      return new double[][] {consensus.clone()};
    }
    int[] batch = batch();
    double[][] points = new double[batch.length][];
    for (int r = 0; r < batch.length; r++) {
      points[r] = particles[batch[r]].clone();
    }
    return points;
  }

  private int[] batch() {
    int size = batchSize();
    int[] given = batches == null ? new int[0] : batches.apply(steps);
    if (given.length > 0) {
      return given;
    }
    if (size == particles.length || batches != null) {
      int[] all = new int[size];
      Arrays.setAll(all, i -> i);
      return all;
    }
    if (shuffledFor != permutation) {
      shuffled =
          shuffle(
              particles.length, CounterNoise.deriveSeed(method.getSeed(), SHUFFLES, permutation));
      shuffledFor = permutation;
    }
    return Arrays.copyOfRange(shuffled, position, position + size);
  }

  private static int[] shuffle(int n, long seed) {
    int[] order = new int[n];
    Arrays.setAll(order, i -> i);
    for (int i = n - 1; i > 0; i--) {
      int j = (int) (CounterNoise.uniform(seed, i) * (i + 1));
      int held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order;
  }

  /**
   * Takes the values at the points of {@link #ask}, and moves the particles.
   *
   * @param values one for each point
   * @return whether this ended the step
   * @throws IllegalArgumentException for another number of values
   */
  public boolean tell(double... values) {
    int[] batch = awaiting == null ? batch() : null;
    int expected = batch == null ? 1 : batch.length;
    if (values.length != expected) {
      throw new IllegalArgumentException(
          "values must be " + expected + ", one for each point asked, got " + values.length);
    }
    if (batch == null) {
      double[] told = awaiting;
      awaiting = null;
      move(batch(), told, capped(values[0]));
      return true;
    }
    double[] told = Arrays.stream(values).map(ConsensusSearch::capped).toArray();
    double[] weights = weights(told, alpha);
    if (weights == null) {
      skipped++;
      loss = Double.NaN;
      advance(batch.length);
      return true;
    }
    double[] center = new double[consensus.length];
    loss = 0;
    for (int r = 0; r < batch.length; r++) {
      if (weights[r] > 0) {
        loss += weights[r] * told[r];
        double[] particle = particles[batch[r]];
        for (int j = 0; j < center.length; j++) {
          center[j] += weights[r] * particle[j];
        }
      }
    }
    consensus = center;
    if (method.getCorrection() != Correction.NONE) {
      awaiting = told;
      return false;
    }
    move(batch, told, Double.NaN);
    return true;
  }

  private static double capped(double value) {
    return Double.isFinite(value) ? value : Double.POSITIVE_INFINITY;
  }

  /**
   * The weights of particles in the consensus, exp(-alpha f) over their sum.
   *
   * @param values finite or positive infinity
   * @param alpha sharpness
   * @return weights; null if no value is finite
   */
  static double[] weights(double[] values, double alpha) {
    double lowest = Arrays.stream(values).min().orElseThrow();
    if (lowest == Double.POSITIVE_INFINITY) {
      return null;
    }
    double total = 0;
    double[] weights = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      weights[i] = Math.exp(-alpha * (values[i] - lowest));
      total += weights[i];
    }
    for (int i = 0; i < values.length; i++) {
      weights[i] /= total;
    }
    return weights;
  }

  private void move(int[] batch, double[] values, double consensusValue) {
    int n = consensus.length;
    double[] z = new double[n];
    double[] drift = new double[n];
    double pull = method.getLambda() * method.getDt();
    double spread = method.getSigma() * Math.sqrt(method.getDt());
    int moved = method.isBatchPartial() ? batch.length : particles.length;
    for (int r = 0; r < moved; r++) {
      double[] particle = particles[method.isBatchPartial() ? batch[r] : r];
      // Without a partial batch and with a correction, the batch is all particles in order.
      double factor =
          method.getCorrection() == Correction.NONE ? 1 : factor(values[r], consensusValue);
      double squares = 0;
      for (int j = 0; j < n; j++) {
        drift[j] = factor * (particle[j] - consensus[j]);
        squares += drift[j] * drift[j];
      }
      if (squares == 0) {
        continue;
      }
      double norm = Math.sqrt(squares);
      boolean isotropic = method.getNoise() == Noise.ISOTROPIC;
      noise.fill(steps, r, 0, z, n);
      for (int j = 0; j < n; j++) {
        particle[j] += spread * (isotropic ? norm : drift[j]) * z[j] - pull * drift[j];
      }
    }
    advance(batch.length);
  }

  private double factor(double value, double consensusValue) {
    if (method.getCorrection() == Correction.HEAVISIDE) {
      return value <= consensusValue && value < Double.POSITIVE_INFINITY ? 0 : 1;
    }
    return value == Double.POSITIVE_INFINITY
        ? 1
        : 0.5 + 0.5 * Math.tanh((value - consensusValue) / method.getCorrectionEpsilon());
  }

  private void advance(int size) {
    steps++;
    position += size;
    if (particles.length - position < batchSize()) {
      permutation++;
      position = 0;
    }
  }

  /** Makes the consensus sharper: alpha times alphaFactor, at most alphaMax. */
  public void raiseAlpha() {
    alpha = Math.max(alpha, Math.min(alpha * method.getAlphaFactor(), method.getAlphaMax()));
  }

  /**
   * Minimises a function: steps, and {@link #raiseAlpha} after each of them, until the steps are
   * made or the run converged.
   *
   * @param objective the function, of DOUBLE arrays
   * @param most how many steps at most
   * @return the consensus
   */
  public double[] minimize(ZoObjective objective, int most) {
    Require.given("objective", objective);
    for (int made = 0; made < most && !converged(); ) {
      double[][] points = ask();
      double[] values = new double[points.length];
      for (int r = 0; r < points.length; r++) {
        values[r] = objective.value(Nd4j.createFromArray(points[r]));
      }
      if (tell(values)) {
        raiseAlpha();
        made++;
      }
    }
    return consensus();
  }

  /**
   * The point that the particles agree on: the one of the last step, their mean before the first.
   *
   * @return a copy
   */
  public double[] consensus() {
    return consensus.clone();
  }

  /**
   * The particles.
   *
   * @return one in each row, copies
   */
  public double[][] particles() {
    return Arrays.stream(particles).map(double[]::clone).toArray(double[][]::new);
  }

  /**
   * The weighted mean of the values in the last step.
   *
   * @return the mean; NaN if the step was skipped, or before the first
   */
  public double loss() {
    return loss;
  }

  /**
   * The sharpness of the consensus now.
   *
   * @return alpha
   */
  public double alpha() {
    return alpha;
  }

  /**
   * Steps that were skipped as no value was finite.
   *
   * @return the count
   */
  public int skippedSteps() {
    return skipped;
  }

  /**
   * Whether all particles are the same point, up to rounding: they will not move again.
   *
   * @return true if so
   */
  public boolean converged() {
    double[] first = particles[0];
    for (double[] particle : particles) {
      for (int j = 0; j < first.length; j++) {
        double scale = Math.max(1, Math.abs(first[j]));
        if (!(Math.abs(particle[j] - first[j]) <= SAME * scale)) {
          return false;
        }
      }
    }
    return true;
  }
}

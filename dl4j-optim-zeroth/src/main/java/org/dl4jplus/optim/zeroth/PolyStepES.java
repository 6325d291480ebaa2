package org.dl4jplus.optim.zeroth;

import java.io.Serializable;
import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.search.CostScale;
import org.dl4jplus.optim.zeroth.search.PolytopeMove;
import org.dl4jplus.optim.zeroth.search.Rotations;
import org.nd4j.linalg.factory.Nd4j;

/**
 * {@link PolyStep} as a search over vectors: every particle is a complete candidate.
 *
 * <pre>{@code
 * PolyStepES search = new PolyStepES(PolyStep.builder().stepRadius(1.5).build(), start);
 * while (...) {
 *   double[][] candidates = search.ask();
 *   search.tell(costs of the candidates);
 * }
 * }</pre>
 *
 * In each step the cost is taken at the vertices x_i + radius R_i v of a randomly rotated polytope
 * about every particle x_i, and the particle moves to their mean, weighted by a softmax of the
 * costs. Of the configuration count epsilon and stepRadius or their schedules, as they are given
 * and with no product; polytope, costScale (MEAN unless set), costDivisor and seed. Costs that are
 * not finite count as worse than all others.
 *
 * <p>Serializable: a search that is written and read goes on to the same bits.
 */
public final class PolyStepES implements Serializable {

  private static final long serialVersionUID = 1;

  private final PolyStep config;
  private final Rotations rotations;
  private final double[][] vertices;
  private final double[][] particles;
  private double[][][] asked;
  private int iteration;
  private long evaluations;
  private double bestFitness = Double.POSITIVE_INFINITY;
  private double[] best;

  /**
   * A search.
   *
   * @param config its configuration
   * @param particles the start, one particle in each row; copied
   * @throws IllegalArgumentException without particles, for rows of different lengths, and for
   *     entries that are not finite
   */
  public PolyStepES(PolyStep config, double[][] particles) {
    this(config, particles, Rotations.haar(Require.given("config", config).getSeed()));
  }

  /**
   * A search with rotations of another source.
   *
   * @param config its configuration
   * @param particles the start, one particle in each row; copied
   * @param rotations makes the rotations
   * @throws IllegalArgumentException as above
   */
  public PolyStepES(PolyStep config, double[][] particles, Rotations rotations) {
    if (particles == null
        || particles.length == 0
        || Require.given("particles[0]", particles[0]).length == 0) {
      throw new IllegalArgumentException("particles are empty: there is nothing to search");
    }
    this.config = Require.given("config", config);
    this.rotations = Require.given("rotations", rotations);
    vertices = config.getPolytope().vertices(particles[0].length);
    this.particles = new double[particles.length][];
    for (int i = 0; i < particles.length; i++) {
      Require.check(
          Require.given("particles[" + i + "]", particles[i]).length == particles[0].length,
          "length of particles[" + i + "]",
          particles[i].length,
          Integer.toString(particles[0].length));
      for (double entry : particles[i]) {
        Require.finite("an entry of particles[" + i + "]", entry, 0);
      }
      this.particles[i] = particles[i].clone();
    }
  }

  /**
   * The candidates of the next step; the same ones until {@link #tell}.
   *
   * @return copies, one in each row: all vertices of the first particle, then of the second
   */
  public double[][] ask() {
    if (asked == null) {
      asked = new double[particles.length][][];
      for (int i = 0; i < particles.length; i++) {
        asked[i] = rotations.rotation(iteration, i, vertices[0].length);
      }
    }
    double radius = config.stepRadiusAt(iteration, 0);
    double[][] candidates = new double[particles.length * vertices.length][];
    for (int c = 0; c < candidates.length; c++) {
      int i = c / vertices.length;
      candidates[c] =
          moved(i, radius, PolytopeMove.rotate(asked[i], vertices[c % vertices.length]));
    }
    return candidates;
  }

  private double[] moved(int particle, double radius, double[] direction) {
    double[] x = particles[particle].clone();
    for (int j = 0; j < x.length; j++) {
      x[j] += radius * direction[j];
    }
    return x;
  }

  /**
   * Moves the particles.
   *
   * @param costs of the candidates that {@link #ask} gave, in their order
   * @throws IllegalArgumentException for another count
   * @throws IllegalStateException where nothing was asked for
   */
  public void tell(double[] costs) {
    if (asked == null) {
      throw new IllegalStateException("There are no candidates to tell of: ask first");
    }
    int count = particles.length * vertices.length;
    Require.given("costs", costs);
    Require.check(costs.length == count, "number of costs", costs.length, "" + count);
    double[][] candidates = ask();
    double[][] matrix = new double[particles.length][];
    for (int i = 0; i < particles.length; i++) {
      matrix[i] = Arrays.copyOfRange(costs, i * vertices.length, (i + 1) * vertices.length);
    }
    for (int c = 0; c < count; c++) {
      if (Double.isFinite(costs[c]) && costs[c] < bestFitness) {
        bestFitness = costs[c];
        best = candidates[c];
      }
    }
    PolytopeMove.replaceNonFinite(matrix);
    double radius = config.stepRadiusAt(iteration, 0);
    double temperature = config.temperature(matrix, CostScale.MEAN, config.epsilonAt(iteration, 0));
    for (int i = 0; i < particles.length; i++) {
      double[] mean = PolytopeMove.centroid(matrix[i], vertices, temperature);
      particles[i] = moved(i, radius, PolytopeMove.rotate(asked[i], mean));
    }
    asked = null;
    iteration++;
    evaluations += count;
  }

  /**
   * Searches as long as whole steps fit in a budget.
   *
   * @param objective the function
   * @param budget evaluations to make at most, those that were made before included
   * @return the lowest value so far
   */
  public double minimize(ZoObjective objective, long budget) {
    Require.given("objective", objective);
    int count = particles.length * vertices.length;
    while (evaluations + count <= budget) {
      double[][] candidates = ask();
      double[] costs = new double[count];
      for (int c = 0; c < count; c++) {
        costs[c] = objective.value(Nd4j.createFromArray(candidates[c]));
      }
      tell(costs);
    }
    return bestFitness;
  }

  /**
   * The particles.
   *
   * @return copies, one in each row
   */
  public double[][] particles() {
    double[][] copies = new double[particles.length][];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = particles[i].clone();
    }
    return copies;
  }

  /**
   * The lowest cost that was told.
   *
   * @return the cost, infinite before the first finite one
   */
  public double bestFitness() {
    return bestFitness;
  }

  /**
   * The candidate of the lowest cost.
   *
   * @return a copy, null before the first finite cost
   */
  public double[] best() {
    return best == null ? null : best.clone();
  }

  /**
   * Steps made.
   *
   * @return the count
   */
  public int iteration() {
    return iteration;
  }

  /**
   * Costs told.
   *
   * @return the count
   */
  public long evaluations() {
    return evaluations;
  }
}

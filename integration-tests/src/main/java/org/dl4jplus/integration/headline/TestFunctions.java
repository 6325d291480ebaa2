package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;

/** Functions with known optima that searches are compared on. All are minimised. */
final class TestFunctions {

  /** The least value of {@link #branin}, at three places. */
  static final double BRANIN_BEST = 0.39788735772973816;

  /** The least value of {@link #hartmann6}. */
  static final double HARTMANN6_BEST = -3.32236801141551;

  private static final double[] ALPHA = {1, 1.2, 3, 3.2};
  private static final double[][] A = {
    {10, 3, 17, 3.5, 1.7, 8},
    {0.05, 10, 17, 0.1, 8, 14},
    {3, 3.5, 1.7, 10, 17, 8},
    {17, 8, 0.05, 10, 0.1, 14}
  };
  private static final double[][] P = {
    {0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
    {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
    {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
    {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}
  };

  private TestFunctions() {}

  /** The unit cube, or a grid in it, with parameters x1, x2, .. */
  static final class Cube extends AbstractParameterSpace<double[]> {
    private final Map<String, ParameterSpace<? extends Number>> leaves = new LinkedHashMap<>();
    private final int steps;

    /** All of the cube. */
    Cube(int dimensions) {
      this(dimensions, 0);
    }

    /** A grid of steps + 1 values in each dimension, 0 and 1 among them. */
    Cube(int dimensions, int steps) {
      this.steps = steps;
      for (int d = 1; d <= dimensions; d++) {
        leaves.put(
            "x" + d,
            steps == 0 ? new ContinuousParameterSpace(0, 1) : new IntegerParameterSpace(0, steps));
      }
    }

    @Override
    public double[] getValue(double[] v) {
      return leaves.values().stream()
          .mapToDouble(leaf -> leaf.getValue(v).doubleValue() / Math.max(steps, 1))
          .toArray();
    }

    @Override
    public int numParameters() {
      return leaves.size();
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Map<String, ParameterSpace> getNestedSpaces() {
      return new LinkedHashMap<>(leaves);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<ParameterSpace> collectLeaves() {
      return new ArrayList<>(leaves.values());
    }

    @Override
    public boolean isLeaf() {
      return false;
    }

    @Override
    public void setIndices(int... indices) {
      throw new UnsupportedOperationException("the leaves have the indices");
    }
  }

  /** Branin's function of [-5, 10] x [0, 15], brought to the unit square. */
  static double branin(double... u) {
    double x = -5 + 15 * u[0];
    double y = 15 * u[1];
    double ridge = y - 5.1 / (4 * Math.PI * Math.PI) * x * x + 5 / Math.PI * x - 6;
    return ridge * ridge + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  }

  /** Hartmann's function of the unit cube in 6 dimensions. */
  static double hartmann6(double... u) {
    double value = 0;
    for (int i = 0; i < ALPHA.length; i++) {
      double square = 0;
      for (int d = 0; d < u.length; d++) {
        square += A[i][d] * (u[d] - P[i][d]) * (u[d] - P[i][d]);
      }
      value -= ALPHA[i] * Math.exp(-square);
    }
    return value;
  }
}

package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;

/** How long ConFIG's result is: dhat is its direction, u_i the gradients' directions. */
public enum LengthModel {
  /** The sum of the gradients' projections on the direction. */
  PROJECTION {
    @Override
    double target(double[] norms, int tracked) {
      return Double.NaN;
    }
  },
  /** sum_i u_i.dhat times the shortest gradient's length. */
  TRACK_MIN {
    @Override
    double target(double[] norms, int tracked) {
      return Arrays.stream(norms).min().orElseThrow();
    }
  },
  /** sum_i u_i.dhat times the longest gradient's length. */
  TRACK_MAX {
    @Override
    double target(double[] norms, int tracked) {
      return Arrays.stream(norms).max().orElseThrow();
    }
  },
  /** sum_i u_i.dhat times the harmonic mean of the lengths. */
  TRACK_HARMONIC {
    @Override
    double target(double[] norms, int tracked) {
      return 1 / Arrays.stream(norms).map(x -> 1 / x).average().orElseThrow();
    }
  },
  /** sum_i u_i.dhat times the mean of the lengths. */
  TRACK_ARITHMETIC {
    @Override
    double target(double[] norms, int tracked) {
      return Arrays.stream(norms).average().orElseThrow();
    }
  },
  /** sum_i u_i.dhat times the geometric mean of the lengths. */
  TRACK_GEOMETRIC {
    @Override
    double target(double[] norms, int tracked) {
      return Math.exp(Arrays.stream(norms).map(Math::log).average().orElseThrow());
    }
  },
  /** sum_i u_i.dhat times the length of one chosen gradient. */
  TRACK_SPECIFIC {
    @Override
    double target(double[] norms, int tracked) {
      return norms[tracked];
    }
  };

  /** The length that the track models follow; 0 where a gradient of length 0 makes it so. */
  abstract double target(double[] norms, int tracked);
}

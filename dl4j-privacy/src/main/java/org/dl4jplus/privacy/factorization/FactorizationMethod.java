package org.dl4jplus.privacy.factorization;

import org.dl4jplus.optim.first.updater.Require;

/** The factorisations by name. */
public enum FactorizationMethod {
  /** Independent noise: gradient descent without amplification by sampling. */
  IDENTITY {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return TriangularFactorization.identity(workload.steps());
    }
  },
  /** Tree aggregation, with sums of the fewest nodes; memory for log2(steps) gradients. */
  TREE {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return new TreeFactorization(workload.steps());
    }
  },
  /** Tree aggregation with the best sums; memory for all steps, at most 2048. */
  TREE_HONAKER {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return new TreeFactorization(workload.steps()).honaker();
    }
  },
  /** The square root of the prefix sums; memory for all steps, at most 2048. */
  SQUARE_ROOT {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      int n = OptimalFactorization.dense(workload.steps());
      return TriangularFactorization.squareRoot(n, n);
    }
  },
  /** Its first coefficients; memory for as many gradients. */
  BANDED_SQUARE_ROOT {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return TriangularFactorization.squareRoot(workload.steps(), bands);
    }
  },
  /** The best for one participation; memory for all steps, at most 2048. */
  OPTIMAL_SINGLE {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return OptimalFactorization.single(workload);
    }
  },
  /** The best with bands; at most 2048 steps, memory for as many gradients as bands. */
  OPTIMAL_BANDED {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return OptimalFactorization.banded(workload, bands);
    }
  },
  /** The best for fixed epochs; memory for all steps, at most 2048. */
  OPTIMAL_MULTI_EPOCH {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return OptimalFactorization.multiEpoch(workload, participation.separation());
    }
  },
  /** The Fourier transform's; its stream draws all steps ahead. */
  FFT {
    @Override
    Factorization of(Workload workload, Participation participation, int bands) {
      return new FourierFactorization(workload.steps());
    }
  };

  abstract Factorization of(Workload workload, Participation participation, int bands);

  /**
   * The factorisation of a run.
   *
   * @param workload whose errors are to be small
   * @param participation of the records, of as many steps
   * @param bands for the banded ones: at most the participation's separation; null for as many
   * @return the factorisation
   * @throws IllegalArgumentException for values out of range, and for too many steps
   */
  public Factorization create(Workload workload, Participation participation, Integer bands) {
    Require.check(
        participation.steps() == workload.steps(),
        "participation.steps",
        participation.steps(),
        "" + workload.steps());
    int separation = participation.separation();
    int kept = Require.count("bands", bands, separation);
    Require.check(
        kept <= separation, "bands", kept, "at most the participation's separation, " + separation);
    return of(workload, participation, kept);
  }
}

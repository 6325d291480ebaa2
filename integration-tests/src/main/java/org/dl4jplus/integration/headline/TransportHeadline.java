package org.dl4jplus.integration.headline;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.ot.solver.ExactOT;
import org.dl4jplus.ot.solver.MirrorSinkhorn;
import org.dl4jplus.ot.solver.PointCloud;
import org.dl4jplus.ot.solver.Sinkhorn;
import org.dl4jplus.ot.solver.SinkhornNewtonSparse;
import org.dl4jplus.ot.solver.SparseOT;
import org.dl4jplus.ot.solver.TransportProblem;
import org.dl4jplus.ot.solver.TransportResult;
import org.dl4jplus.ot.solver.TransportSolver;

/**
 * Transport solvers: Newton steps with a sparse Hessian against Sinkhorn's iteration, and plans
 * with at most k entries a column between exact and quadratic ones.
 */
final class TransportHeadline implements Headline {

  private static final int POINTS = 1000;
  private static final double TOLERANCE = 1e-6;
  private static final int PATIENCE = 20_000;
  private static final double[] EPSILONS = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3};

  private static final int SOURCES = 40;
  private static final int TARGETS = 8;
  private static final int ENTRIES = 6;
  private static final int SEEDS = 4;
  private static final double GAMMA = 100;

  private static final int NOISY = 20;
  private static final int SCALINGS = 2000;
  private static final int INNER = 100;

  @Override
  public String name() {
    return "transport";
  }

  private record Run(TransportResult result, double seconds) {
    int iterations() {
      if (!result.converged()) {
        throw new IllegalStateException("Not solved: " + result.marginalError());
      }
      return result.iterations();
    }
  }

  /** Seconds of this thread: other work on the machine does not count. */
  private static Run run(TransportSolver solver, TransportProblem problem) {
    long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    TransportResult result = solver.solve(problem);
    long end = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    return new Run(result, (end - start) / 1e9);
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    points(rows);
    rows.add(digits());
    sparse(rows);
    rows.add(noisy());
    return rows;
  }

  private static void points(List<Row> rows) {
    TransportProblem problem =
        TransportProblem.of(
            PointCloud.of(uniform(new Random(1), POINTS), uniform(new Random(2), POINTS)),
            null,
            null);
    // The first run would pay for the compiler.
    plain(EPSILONS[1], TOLERANCE).solve(problem);
    newton(EPSILONS[1], TOLERANCE, 20).solve(problem);
    double[] lead = new double[EPSILONS.length];
    for (int k = 0; k < EPSILONS.length; k++) {
      double epsilon = EPSILONS[k];
      Run plain = run(plain(epsilon, TOLERANCE), problem);
      Run newton = run(newton(epsilon, TOLERANCE, 20), problem);
      boolean last = k == EPSILONS.length - 1;
      String what = " to marginal error 1e-6, 1000 x 1000 points of the unit square, epsilon ";
      rows.add(
          Row.ratio(
              "iterations" + what + epsilon,
              "Sinkhorn",
              plain.iterations(),
              "Newton-Sparse",
              newton.iterations(),
              last ? Bar.atMost(0.1) : Bar.NONE));
      rows.add(
          Row.ratio(
              "seconds" + what + epsilon,
              "Sinkhorn",
              plain.seconds(),
              "Newton-Sparse",
              newton.seconds(),
              last ? Bar.atMost(0.5) : Bar.NONE));
      lead[k] = plain.iterations() / (double) newton.iterations();
    }
    rows.add(
        Row.ratio(
            "how many times fewer iterations Newton-Sparse takes: it grows as epsilon falls",
            "epsilon 0.01",
            lead[2],
            "epsilon 0.001",
            lead[4],
            Bar.atLeast(2)));
  }

  private static double[][] uniform(Random random, int points) {
    double[][] cloud = new double[points][];
    Arrays.setAll(cloud, i -> random.doubles(2).toArray());
    return cloud;
  }

  private static TransportSolver plain(double epsilon, double tolerance) {
    return Sinkhorn.builder().epsilon(epsilon).maxIterations(PATIENCE).tolerance(tolerance).build();
  }

  private static TransportSolver newton(double epsilon, double tolerance, int first) {
    return SinkhornNewtonSparse.builder()
        .epsilon(epsilon)
        .sinkhornIterations(first)
        .tolerance(tolerance)
        .build();
  }

  /** The mass of one image moved to another's, squared distances on the unit square. */
  private static Row digits() {
    int side = 8;
    double[][] pixels = new double[side * side][];
    Arrays.setAll(pixels, p -> new double[] {p / side / (side - 1.0), p % side / (side - 1.0)});
    TransportProblem problem =
        TransportProblem.of(PointCloud.of(pixels, pixels), image(0), image(1));
    double epsilon = 1 / 600.0;
    return Row.ratio(
        "iterations to marginal error 1e-9 between two images of 8x8 digits, epsilon 1/600",
        "Sinkhorn",
        run(plain(epsilon, 1e-9), problem).iterations(),
        "Newton-Sparse",
        run(newton(epsilon, 1e-9, 50), problem).iterations(),
        Bar.atMost(0.2));
  }

  private static double[] image(int index) {
    double[] pixels = BundledData.digits().getFeatures().getRow(index).toDoubleVector();
    double[] weights = Arrays.stream(pixels).map(p -> p + 1e-3).toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }

  private static void sparse(List<Row> rows) {
    double exact = 0;
    double sparse = 0;
    double quadratic = 0;
    double error = 0;
    int most = 0;
    int mostQuadratic = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Random random = new Random(seed);
      TransportProblem problem =
          TransportProblem.of(
              PointCloud.of(gaussian(random, SOURCES), gaussian(random, TARGETS)), null, null);
      double optimum = new ExactOT().solve(problem).linearCost();
      TransportResult few =
          SparseOT.builder().maxNonZeros(ENTRIES).gamma(GAMMA).build().solve(problem);
      TransportResult many =
          SparseOT.builder()
              .regularizer(SparseOT.Regularizer.L2)
              .gamma(GAMMA)
              .build()
              .solve(problem);
      exact += 1.0 / SEEDS;
      sparse += few.linearCost() / optimum / SEEDS;
      quadratic += many.linearCost() / optimum / SEEDS;
      error += few.rowError() / SEEDS;
      most = Math.max(most, entries(few));
      mostQuadratic = Math.max(mostQuadratic, entries(many));
    }
    rows.add(
        Row.ratio(
            "most entries in a column of a plan, 40 x 8 points, k = 6",
            "k",
            ENTRIES,
            "sparse transport (quadratic: " + mostQuadratic + ")",
            most,
            Bar.atMost(1)));
    rows.add(
        Row.ratio(
            "cost over the exact plan's: sparse transport is not below it",
            "exact",
            exact,
            "sparse transport",
            sparse,
            Bar.atLeast(1)));
    rows.add(
        Row.ratio(
            "cost over the exact plan's: sparse transport is not above the quadratic one",
            "quadratic",
            quadratic,
            "sparse transport",
            sparse,
            Bar.atMost(1)));
    rows.add(
        Row.difference("L1 error of the rows", "exact", 0, "sparse transport", error, Bar.NONE));
  }

  /** Both with the best of some steps, at equal numbers of scalings. */
  private static Row noisy() {
    double inner = Double.POSITIVE_INFINITY;
    double single = Double.POSITIVE_INFINITY;
    for (double step : new double[] {0.1, 0.3, 1, 3, 10}) {
      double ofInner = 0;
      double ofSingle = 0;
      for (int seed = 1; seed <= SEEDS; seed++) {
        double[][] cost = new double[NOISY][];
        Random random = new Random(seed);
        Arrays.setAll(cost, i -> random.doubles(NOISY).toArray());
        TransportProblem problem = TransportProblem.of(cost, null, null);
        double optimum = new ExactOT().solve(problem).linearCost();
        double[] costs = problem.geometry().costs();
        MirrorSinkhorn.GradientOracle oracle =
            x -> Arrays.stream(costs).map(c -> c + random.nextGaussian()).toArray();
        double[] plan =
            MirrorSinkhorn.builder()
                .iterations(SCALINGS)
                .stepSize(step)
                .build()
                .minimize(oracle, problem.a(), problem.b())
                .rounded();
        ofSingle += (dot(costs, plan) - optimum) / SEEDS;
        ofInner += (dot(costs, projected(oracle, problem, step)) - optimum) / SEEDS;
      }
      inner = Math.min(inner, ofInner);
      single = Math.min(single, ofSingle);
    }
    return Row.ratio(
        "gap to the exact cost from gradients with unit noise, 20 x 20, 2000 scalings, best step",
        "100 scalings a gradient",
        inner,
        "Mirror Sinkhorn: one",
        single,
        Bar.atMost(1));
  }

  /** Mirror descent that projects each iterate by Sinkhorn's iteration. */
  private static double[] projected(
      MirrorSinkhorn.GradientOracle oracle, TransportProblem problem, double step) {
    double[] a = problem.a();
    double[] b = problem.b();
    double[] x = new double[a.length * b.length];
    Arrays.setAll(x, k -> a[k / b.length] * b[k % b.length]);
    double[] average = new double[x.length];
    int outer = SCALINGS / INNER;
    for (int t = 1; t <= outer; t++) {
      double[] gradient = oracle.gradient(x);
      double[][] logs = new double[a.length][b.length];
      for (int k = 0; k < x.length; k++) {
        average[k] += x[k] / outer;
        logs[k / b.length][k % b.length] = step / Math.sqrt(t) * gradient[k] - Math.log(x[k]);
      }
      x =
          Sinkhorn.builder()
              .epsilon(1.0)
              .maxIterations(INNER / 2)
              .tolerance(0.0)
              .build()
              .solve(logs, a, b)
              .plan();
    }
    return MirrorSinkhorn.round(average, a, b);
  }

  private static double dot(double[] p, double[] q) {
    double sum = 0;
    for (int k = 0; k < p.length; k++) {
      sum += p[k] * q[k];
    }
    return sum;
  }

  private static double[][] gaussian(Random random, int points) {
    double[][] cloud = new double[points][];
    Arrays.setAll(cloud, i -> new double[] {random.nextGaussian(), random.nextGaussian()});
    return cloud;
  }

  private static int entries(TransportResult result) {
    int most = 0;
    for (int j = 0; j < TARGETS; j++) {
      int entries = 0;
      for (int i = 0; i < SOURCES; i++) {
        entries += result.plan()[i * TARGETS + j] > 0 ? 1 : 0;
      }
      most = Math.max(most, entries);
    }
    return most;
  }
}

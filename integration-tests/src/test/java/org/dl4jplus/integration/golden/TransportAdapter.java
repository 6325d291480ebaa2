package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.ot.solver.EntropicConjugate;
import org.dl4jplus.ot.solver.ExactOT;
import org.dl4jplus.ot.solver.Geometry;
import org.dl4jplus.ot.solver.LowRankSinkhorn;
import org.dl4jplus.ot.solver.LowRankSinkhorn.LowRankPlan;
import org.dl4jplus.ot.solver.MirrorSinkhorn;
import org.dl4jplus.ot.solver.PlanGradient;
import org.dl4jplus.ot.solver.PointCloud;
import org.dl4jplus.ot.solver.Sinkhorn;
import org.dl4jplus.ot.solver.SinkhornDivergence;
import org.dl4jplus.ot.solver.SinkhornDivergence.Divergence;
import org.dl4jplus.ot.solver.SinkhornNewtonSparse;
import org.dl4jplus.ot.solver.SparseOT;
import org.dl4jplus.ot.solver.SparseOT.DualPoint;
import org.dl4jplus.ot.solver.SparseOT.Regularizer;
import org.dl4jplus.ot.solver.TransportProblem;
import org.dl4jplus.ot.solver.TransportResult;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The transport solvers, always in double precision. */
final class TransportAdapter implements GoldenAdapter {

  private static final int MANY = 200_000;
  private static final double TIGHT = 1e-12;

  /** What optima of non-smooth problems are known to. */
  private static final double ROUGH = 1e-6;

  /** Above it the reference's solver had stalled: only its objective is a bound. */
  private static final double STALLED = 1e-5;

  private interface Case {
    void run(TransportFile file, Deviation deviation);
  }

  private final Case test;

  private TransportAdapter(Case test) {
    this.test = test;
  }

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("SinkhornConverged", new TransportAdapter(TransportAdapter::converged));
    adapters.put("SinkhornFixedIterations", new TransportAdapter(TransportAdapter::fixed));
    adapters.put("SinkhornVjp", new TransportAdapter(TransportAdapter::product));
    adapters.put("SinkhornDivergence", new TransportAdapter(TransportAdapter::divergence));
    adapters.put("UnbalancedSinkhorn", new TransportAdapter(TransportAdapter::unbalanced));
    adapters.put("LowRankSinkhorn", new TransportAdapter(TransportAdapter::lowRank));
    adapters.put("ExactOT", new TransportAdapter(TransportAdapter::exact));
    adapters.put("SparsityConstrainedOT", new TransportAdapter(TransportAdapter::sparse));
    adapters.put("SinkhornNewtonSparse", new TransportAdapter(TransportAdapter::newton));
    adapters.put("MirrorSinkhorn", new TransportAdapter(TransportAdapter::mirror));
    adapters.put("WassersteinConjugate", new TransportAdapter(TransportAdapter::conjugate));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    test.run(new TransportFile(file), deviation);
  }

  private static Sinkhorn.SinkhornBuilder tight(TransportFile file) {
    return Sinkhorn.builder().epsilon(file.setting("epsilon")).maxIterations(MANY).tolerance(TIGHT);
  }

  private static void converged(TransportFile file, Deviation deviation) {
    TransportResult result = tight(file).build().solve(file.problem());
    if (!result.converged()) {
      result =
          SinkhornNewtonSparse.builder()
              .epsilon(result.epsilon())
              .sparsity(1.0)
              .tolerance(TIGHT)
              .build()
              .solve(file.problem(), result.f());
    }
    file.compare(deviation, "plan", result.plan());
    file.compare(deviation, "f", result.f());
    file.compare(deviation, "g", result.g());
    file.compare(deviation, "linearCost", result.linearCost());
    file.compare(deviation, "regOtCost", result.regOtCost());
    file.compare(deviation, "entRegCost", result.entRegCost());
  }

  private static void fixed(TransportFile file, Deviation deviation) {
    TransportResult result =
        Sinkhorn.builder()
            .epsilon(file.setting("epsilon"))
            .maxIterations((int) file.setting("iterations"))
            .tolerance(0.0)
            .build()
            .solve(file.problem());
    file.compare(deviation, "plan", result.plan());
    file.compare(deviation, "rowMarginal", result.rowSums());
    file.compare(deviation, "columnMarginal", result.columnSums());
  }

  private static void product(TransportFile file, Deviation deviation) {
    PointCloud cloud = file.cloud();
    TransportProblem problem = file.problem(cloud);
    for (Sinkhorn.Gradient gradient : Sinkhorn.Gradient.values()) {
      Sinkhorn solver = tight(file).gradient(gradient).build();
      TransportResult result = solver.solve(problem);
      PlanGradient plan = solver.planGradient(result, file.input("upstreamPlanGradient"));
      file.compare(deviation, "plan", result.plan());
      file.compare(deviation, "gradCost", plan.cost());
      file.compare(deviation, "gradRegOtCostWrtX", cloud.gradientX(result.plan()));
    }
  }

  private static void divergence(TransportFile file, Deviation deviation) {
    Divergence result = divergence(file, SinkhornDivergence.Value.REGULARIZED);
    file.compare(deviation, "divergence", result.value());
    file.compare(deviation, "otXY", result.xy().regOtCost());
    file.compare(deviation, "otXX", result.xx().regOtCost());
    file.compare(deviation, "otYY", result.yy().regOtCost());
    file.compare(deviation, "gradX", result.gradientX());
    Divergence sharp = divergence(file, SinkhornDivergence.Value.SHARP);
    file.compare(deviation, "sharpDivergence", sharp.value());
  }

  private static Divergence divergence(TransportFile file, SinkhornDivergence.Value value) {
    return SinkhornDivergence.builder()
        .epsilon(file.setting("epsilon"))
        .maxIterations(MANY)
        .tolerance(TIGHT)
        .value(value)
        .build()
        .solve(file.matrix("x"), file.matrix("y"), file.input("a"), file.input("b"));
  }

  private static void unbalanced(TransportFile file, Deviation deviation) {
    double rho = file.setting("rho");
    TransportResult result =
        tight(file)
            .rhoA(file.setting("rhoA", rho))
            .rhoB(file.setting("rhoB", rho))
            .build()
            .solve(file.problem());
    file.compare(deviation, "plan", result.plan());
    file.compare(deviation, "mass", Arrays.stream(result.plan()).sum());
    file.compare(deviation, "objective", result.regOtCost());
    file.compare(deviation, "f", result.f());
    file.compare(deviation, "g", result.g());
  }

  /** The problem is not convex: the files ask for less here. */
  private static void lowRank(TransportFile file, Deviation deviation) {
    LowRankPlan result =
        LowRankSinkhorn.builder()
            .rank((int) file.setting("rank"))
            .reg(file.setting("reg", 0))
            .alpha(file.setting("alpha", 1e-10))
            .outerIterations((int) file.setting("outerIterations", 100))
            .dykstraMaxIterations((int) file.setting("dykstraMaxIterations", 2000))
            .dykstraTolerance(file.setting("dykstraTolerance", 1e-9))
            .build()
            .solve(file.cloud(), file.inputOrNull("a"), file.inputOrNull("b"));
    file.loose(deviation, "q", result.q(), 1e-3);
    file.loose(deviation, "r", result.r(), 1e-3);
    file.loose(deviation, "g", result.g(), 1e-3);
    file.loose(deviation, "plan", result.plan(), 1e-3);
    double cost = file.expected("linearCost");
    file.loose(deviation, "linearCost", cost, Math.abs(cost - result.linearCost()), 1e-4);
  }

  private static void exact(TransportFile file, Deviation deviation) {
    file.compare(deviation, "cost", new ExactOT().solve(file.problem()).linearCost());
  }

  private static void sparse(TransportFile file, Deviation deviation) {
    Regularizer regularizer = Regularizer.valueOf(file.word("regularizer"));
    SparseOT solver =
        SparseOT.builder()
            .regularizer(regularizer)
            .gamma(file.setting("gamma"))
            .maxNonZeros(
                regularizer == Regularizer.SPARSE
                    ? (Integer) (int) file.setting("maxNonZeros")
                    : null)
            .maxIterations(5000)
            .allowInfeasible(true)
            .build();
    TransportProblem problem = file.problem();
    DualPoint dual = solver.dual(problem, file.input("alpha"), file.input("beta"));
    file.compare(deviation, "dualObjective", dual.value());
    file.compare(deviation, "dualGradAlpha", dual.gradientAlpha());
    file.compare(deviation, "dualGradBeta", dual.gradientBeta());
    file.compare(deviation, "dualPlan", dual.plan());
    DualPoint semi = solver.semiDual(problem, file.input("alpha"));
    file.compare(deviation, "semiDualObjective", semi.value());
    file.compare(deviation, "semiDualGradAlpha", semi.gradientAlpha());
    file.compare(deviation, "semiDualPlan", semi.plan());
    optimum(file, solver.solve(problem), deviation);
  }

  /** A stalled reference is a lower bound only. */
  private static void optimum(TransportFile file, TransportResult result, Deviation deviation) {
    double objective = file.expected("optimalSemiDualObjective");
    boolean stalled = file.expected("optimalRowMarginalError") > STALLED;
    double shortfall = objective - result.regOtCost();
    double distance = stalled ? Math.max(0, shortfall) : Math.abs(shortfall);
    file.loose(deviation, "optimalSemiDualObjective", objective, distance, ROUGH);
    if (!stalled) {
      double cost = file.expected("optimalPlanCost");
      file.loose(deviation, "optimalPlanCost", cost, Math.abs(cost - result.linearCost()), ROUGH);
    }
  }

  private static void newton(TransportFile file, Deviation deviation) {
    TransportResult result =
        SinkhornNewtonSparse.builder()
            .epsilon(1 / file.setting("eta"))
            .sinkhornIterations((int) file.setting("sinkhornIterations", 20))
            .maxNewtonIterations((int) file.setting("maxNewtonIterations", 100))
            .tolerance(file.setting("tolerance", 1e-9))
            .build()
            .solve(file.problem());
    file.compare(deviation, "plan", result.plan());
    file.compare(deviation, "regularizedCost", result.entRegCost());
  }

  private static void mirror(TransportFile file, Deviation deviation) {
    double[] cost = file.input("cost");
    double[] target = file.input("target");
    boolean quadratic = file.name().contains("QUADRATIC");
    MirrorSinkhorn.Path path =
        MirrorSinkhorn.builder()
            .iterations((int) file.setting("iterations"))
            .stepSize(file.setting("stepSize"))
            .schedule(MirrorSinkhorn.Schedule.valueOf(file.word("schedule")))
            .build()
            .minimize(
                x -> {
                  double[] gradient = cost.clone();
                  for (int k = 0; quadratic && k < x.length; k++) {
                    gradient[k] += 2 * (x[k] - target[k]);
                  }
                  return gradient;
                },
                file.input("a"),
                file.input("b"));
    file.compare(deviation, "lastIterate", path.last());
    file.compare(deviation, "averageIterate", path.average());
    file.compare(deviation, "roundedAverage", path.rounded());
    double objective = 0;
    for (int k = 0; k < cost.length; k++) {
      double x = path.rounded()[k];
      objective += cost[k] * x + (quadratic ? (x - target[k]) * (x - target[k]) : 0);
    }
    file.compare(deviation, "objectiveRounded", objective);
  }

  private static void conjugate(TransportFile file, Deviation deviation) {
    double[] g = file.input("g");
    EntropicConjugate.Conjugate result =
        new EntropicConjugate(
                Geometry.ofCost(file.matrix("cost")), file.input("y"), file.setting("epsilon"))
            .at(g);
    file.compare(deviation, "value", result.value());
    file.compare(deviation, "gradient", result.gradient());
    double primal = -result.value();
    for (int i = 0; i < g.length; i++) {
      primal += g[i] * result.gradient()[i];
    }
    file.compare(deviation, "primalEntropicCost", primal);
  }

  /** The form of these files: config, inputs and expected, with arrays as shape and data. */
  private record TransportFile(GoldenFile file) {

    String name() {
      return file.json().path("case").asText();
    }

    double setting(String name) {
      return file.config().get(name).asDouble();
    }

    double setting(String name, double standard) {
      return file.config().path(name).asDouble(standard);
    }

    String word(String name) {
      return file.config().get(name).asText();
    }

    private JsonNode node(String name) {
      return file.json().get("inputs").path(name);
    }

    double[] input(String name) {
      return GoldenFile.numbers(node(name).get("data"));
    }

    double[] inputOrNull(String name) {
      return node(name).isObject() ? input(name) : null;
    }

    int[] shape(String name) {
      JsonNode sizes = node(name).get("shape");
      int[] shape = new int[sizes.size()];
      Arrays.setAll(shape, k -> sizes.get(k).asInt());
      return shape;
    }

    double[][] matrix(String name) {
      int[] shape = shape(name);
      double[] data = input(name);
      double[][] rows = new double[shape[0]][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(data, i * shape[1], (i + 1) * shape[1]));
      return rows;
    }

    PointCloud cloud() {
      return PointCloud.of(matrix("x"), matrix("y"));
    }

    TransportProblem problem() {
      return problem(Geometry.ofCost(matrix("cost")));
    }

    TransportProblem problem(Geometry geometry) {
      return TransportProblem.of(geometry, inputOrNull("a"), inputOrNull("b"));
    }

    double expected(String name) {
      return file.json().get("expected").get(name).asDouble();
    }

    void compare(Deviation deviation, String name, double actual) {
      deviation.compare(name, new double[] {expected(name)}, new double[] {actual});
    }

    void compare(Deviation deviation, String name, double[] actual) {
      deviation.compare(name, array(name), actual);
    }

    /** A distance that counts against another tolerance, relative to the value. */
    void loose(
        Deviation deviation, String name, double expected, double distance, double tolerance) {
      double scaled = distance / (tolerance * Math.max(1, Math.abs(expected))) * file.tolerance();
      deviation.compare(name, new double[] {0}, new double[] {scaled});
    }

    void loose(Deviation deviation, String name, double[] actual, double tolerance) {
      double[] expected = array(name);
      double largest = 0;
      for (int k = 0; k < expected.length; k++) {
        largest = Math.max(largest, Math.abs(expected[k] - actual[k]));
      }
      loose(deviation, name, 0, largest, tolerance);
    }

    private double[] array(String name) {
      return GoldenFile.numbers(file.json().get("expected").get(name).get("data"));
    }
  }
}

package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import org.dl4jplus.bilevel.Hypergradient;
import org.dl4jplus.bilevel.linear.ConjugateGradient;
import org.dl4jplus.bilevel.linear.DirectSolver;
import org.dl4jplus.bilevel.linear.InverseHessian;
import org.dl4jplus.bilevel.linear.LinearOperator;
import org.dl4jplus.bilevel.linear.NeumannSeries;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Hypergradients of quadratics, always in double precision. */
final class HypergradientAdapter implements GoldenAdapter {

  /** What the file allows the iterates of conjugate gradients. */
  private static final double ITERATES = 1e-6;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Hypergradient (exact / Neumann / CG)", new HypergradientAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode json : file.json().get("cases")) {
      new Case(json, file.tolerance(), deviation).run();
    }
  }

  private record Case(JsonNode json, double tolerance, Deviation deviation) {

    void run() {
      Quadratic problem =
          new Quadratic(
              matrix("A"), matrix("B"), vector("b"), vector("t"), json.get("c").asDouble());
      INDArray x = Nd4j.createFromArray(vector("x"));
      INDArray y = Nd4j.createFromArray(vector("y"));
      double[] right = problem.b.clone();
      add(right, 1, times(problem.bx, vector("x")));
      double[] optimum = new DirectSolver().solve(LinearOperator.of(problem.a), right).x();
      compare("yStar", data(json.get("yStar")), optimum, tolerance);
      Hypergradient exact = at(problem, x, y, new DirectSolver());
      compare(
          "upperValueAtY",
          new double[] {json.get("upperValueAtY").asDouble()},
          new double[] {exact.upperLoss()},
          tolerance);
      compare("exact", exact, json.get("exactQ"), json.get("exactHypergradient"), tolerance);
      for (Iterator<String> keys = json.path("neumann").fieldNames(); keys.hasNext(); ) {
        String terms = keys.next();
        JsonNode expected = json.get("neumann").get(terms);
        NeumannSeries series =
            NeumannSeries.builder()
                .terms(Integer.parseInt(terms))
                .stepSize(json.get("neumannStepSize").asDouble())
                .build();
        Hypergradient actual = at(problem, x, y, series);
        compare(
            "neumann " + terms,
            actual,
            expected.get("q"),
            expected.get("hypergradient"),
            tolerance);
      }
      JsonNode iterates = json.path("cgIteratesFromZero");
      for (int k = 0; k < iterates.size(); k++) {
        ConjugateGradient solver = ConjugateGradient.builder().maxIter(k + 1).tol(0.0).build();
        Hypergradient actual = at(problem, x, y, solver);
        JsonNode expected = json.get("cgHypergradients").get(k);
        compare("conjugate gradients " + k, actual, iterates.get(k), expected, ITERATES);
      }
    }

    private static Hypergradient at(
        Quadratic problem, INDArray x, INDArray y, InverseHessian inverse) {
      return Hypergradient.of(problem, x, y, BilevelProblem.ALL, BilevelProblem.ALL, inverse, null);
    }

    private double[] vector(String name) {
      return data(json.get(name));
    }

    private double[][] matrix(String name) {
      double[] data = vector(name);
      int columns = json.get(name).get("shape").get(1).asInt();
      double[][] rows = new double[data.length / columns][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(data, i * columns, (i + 1) * columns));
      return rows;
    }

    private static double[] data(JsonNode array) {
      return GoldenFile.numbers(array.get("data"));
    }

    private void compare(
        String what, Hypergradient actual, JsonNode adjoint, JsonNode vector, double allowed) {
      compare(what + ": q", data(adjoint), actual.adjoint().toDoubleVector(), allowed);
      compare(what, data(vector), actual.vector().toDoubleVector(), allowed);
    }

    /** Deviations count against the file's tolerance. */
    private void compare(String what, double[] expected, double[] actual, double allowed) {
      double[] scaled = actual.clone();
      for (int i = 0; i < scaled.length && i < expected.length; i++) {
        scaled[i] = expected[i] + (actual[i] - expected[i]) * tolerance / allowed;
      }
      deviation.compare(json.path("name").asText() + ", " + what, expected, scaled);
    }
  }

  /** g = 1/2 y'Ay - y'(Bx + b), f = 1/2 ||y - t||^2 + c/2 ||x||^2; products by differences. */
  private record Quadratic(double[][] a, double[][] bx, double[] b, double[] t, double c)
      implements BilevelProblem {

    @Override
    public long dimX() {
      return bx[0].length;
    }

    @Override
    public long dimY() {
      return a.length;
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double[] u = x.toDoubleVector();
      double[] d = y.toDoubleVector();
      add(d, -1, t);
      put(d, gradientY);
      double loss = dot(d, d) / 2 + c / 2 * dot(u, u);
      Arrays.setAll(u, i -> c * u[i]);
      put(u, gradientX);
      return loss;
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double[] v = y.toDoubleVector();
      double[] right = b.clone();
      add(right, 1, times(bx, x.toDoubleVector()));
      double[] gy = times(a, v);
      double loss = dot(v, gy) / 2 - dot(v, right);
      add(gy, -1, right);
      put(gy, gradientY);
      double[] gx = new double[bx[0].length];
      for (int i = 0; i < v.length; i++) {
        add(gx, -v[i], bx[i]);
      }
      put(gx, gradientX);
      return loss;
    }

    private static void put(double[] values, INDArray out) {
      if (out != null) {
        out.assign(Nd4j.createFromArray(values));
      }
    }
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  private static void add(double[] y, double factor, double[] x) {
    for (int i = 0; i < y.length; i++) {
      y[i] += factor * x[i];
    }
  }

  private static double[] times(double[][] a, double[] x) {
    return Arrays.stream(a).mapToDouble(row -> dot(row, x)).toArray();
  }
}

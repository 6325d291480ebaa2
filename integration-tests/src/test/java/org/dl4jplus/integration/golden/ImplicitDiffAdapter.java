package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dl4jplus.bilevel.implicit.Conditions;
import org.dl4jplus.bilevel.implicit.ImplicitDiff;
import org.dl4jplus.bilevel.implicit.Proxes;
import org.dl4jplus.bilevel.implicit.Residual;
import org.dl4jplus.bilevel.linear.BiCgStab;
import org.dl4jplus.bilevel.linear.DirectSolver;
import org.dl4jplus.bilevel.linear.Gmres;
import org.dl4jplus.bilevel.linear.LinearOperator;
import org.dl4jplus.bilevel.linear.LinearSolver;
import org.dl4jplus.bilevel.linear.NormalConjugateGradient;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Derivatives of solutions by every solver of such systems, always in double precision. */
final class ImplicitDiffAdapter implements GoldenAdapter {

  private static final double TIGHT = 1e-13;
  private static final int MANY = 200_000;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("ImplicitDiff (root / fixed point)", new ImplicitDiffAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode json : file.json().get("cases")) {
      String kind = json.get("kind").asText();
      if (kind.startsWith("ridge")) {
        ridge(json, deviation);
      } else if (kind.startsWith("lasso")) {
        lasso(json, deviation);
      } else if (kind.startsWith("root")) {
        root(json, deviation);
      } else if (json.has("v")) {
        simplex(json, deviation);
      } else {
        throw new IllegalArgumentException("no such kind of condition: " + kind);
      }
    }
  }

  /** A linear function of z and theta's entries, and its derivatives by the interface's own. */
  private abstract static class Fit implements Residual {
    final INDArray x;
    final INDArray y;

    Fit(JsonNode json) {
      x = matrix(json.get("X"));
      y = Nd4j.createFromArray(numbers(json.get("y")));
    }

    @Override
    public INDArray value(INDArray w, INDArray lambda) {
      return x.transpose().mmul(x.mmul(w).sub(y)).add(penalty(w, lambda));
    }

    @Override
    public INDArray jvpZ(INDArray w, INDArray lambda, INDArray tangent) {
      return x.transpose().mmul(x.mmul(tangent)).add(penalty(tangent, lambda));
    }

    abstract INDArray penalty(INDArray w, INDArray lambda);
  }

  private static void ridge(JsonNode json, Deviation deviation) {
    double[] lambda = numbers(json.get("lambda"));
    boolean one = json.has("perCoordinate") && !json.get("perCoordinate").asBoolean();
    INDArray theta = Nd4j.createFromArray(one ? Arrays.copyOf(lambda, 1) : lambda);
    Fit gradient =
        new Fit(json) {
          @Override
          INDArray penalty(INDArray w, INDArray lambdas) {
            return lambdas.length() == 1 ? w.mul(lambdas.getDouble(0)) : w.mul(lambdas);
          }
        };
    Residual condition = Conditions.stationary(gradient);
    check(json, condition, newton(condition, theta, gradient.x.columns()), theta, deviation);
  }

  private static void lasso(JsonNode json, Deviation deviation) {
    Fit gradient =
        new Fit(json) {
          @Override
          INDArray penalty(INDArray w, INDArray lambda) {
            return w.mul(0);
          }
        };
    INDArray theta = Nd4j.createFromArray(numbers(json.get("lambda")));
    // Below the inverse of the largest eigenvalue, which is at most the trace.
    double stepSize = 1 / gradient.x.mul(gradient.x).sumNumber().doubleValue();
    Residual condition =
        Conditions.proximalGradient(
            gradient, Proxes.softThreshold(), stepSize, 0, (int) theta.length());
    INDArray w = Nd4j.zeros(DataType.DOUBLE, gradient.x.columns());
    for (int k = 0; k < MANY; k++) {
      INDArray step = condition.value(w, theta);
      w.addi(step);
      if (step.norm2Number().doubleValue() < TIGHT * stepSize) {
        break;
      }
    }
    check(json, condition, w, theta, deviation);
  }

  private static void root(JsonNode json, Deviation deviation) {
    INDArray m = matrix(json.get("M"));
    Residual condition =
        new Residual() {
          @Override
          public INDArray value(INDArray z, INDArray theta) {
            return m.mmul(z).add(Transforms.tanh(z, true)).sub(theta);
          }

          @Override
          public INDArray jvpZ(INDArray z, INDArray theta, INDArray tangent) {
            INDArray tanh = Transforms.tanh(z, true);
            return m.mmul(tangent).add(tangent.mul(tanh.mul(tanh).rsub(1)));
          }

          @Override
          public INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
            INDArray tanh = Transforms.tanh(z, true);
            return m.transpose().mmul(cotangent).add(cotangent.mul(tanh.mul(tanh).rsub(1)));
          }
        };
    INDArray theta = Nd4j.createFromArray(numbers(json.get("theta")));
    check(json, condition, newton(condition, theta, m.columns()), theta, deviation);
  }

  /** The nearest point of the simplex: f(z) = ||z - v||^2 / 2, one projected gradient step. */
  private static void simplex(JsonNode json, Deviation deviation) {
    INDArray v = Nd4j.createFromArray(numbers(json.get("v")));
    Residual condition =
        Conditions.proximalGradient((z, theta) -> z.sub(theta), Proxes.simplex(), 1, 0, 0);
    INDArray start = v.mul(0);
    check(json, condition, condition.value(start, v), v, deviation);
  }

  private static INDArray newton(Residual condition, INDArray theta, long size) {
    INDArray z = Nd4j.zeros(DataType.DOUBLE, size);
    for (int k = 0; k < 100; k++) {
      INDArray value = condition.value(z, theta);
      if (value.norm2Number().doubleValue() < TIGHT) {
        break;
      }
      LinearOperator jacobian =
          LinearOperator.symmetric(
              (int) size, t -> condition.jvpZ(z, theta, Nd4j.createFromArray(t)).toDoubleVector());
      z.subi(Nd4j.createFromArray(new DirectSolver().solve(jacobian, value.toDoubleVector()).x()));
    }
    return z;
  }

  private static void check(
      JsonNode json, Residual condition, INDArray z, INDArray theta, Deviation deviation) {
    String name = json.path("name").asText();
    deviation.compare(name + ", solution", numbers(json.get("solution")), z.toDoubleVector());
    for (LinearSolver solver :
        List.of(
            NormalConjugateGradient.builder().tol(TIGHT).maxIter(1000).build(),
            Gmres.builder().tol(TIGHT).build(),
            BiCgStab.builder().tol(TIGHT).build(),
            new DirectSolver())) {
      ImplicitDiff diff = ImplicitDiff.root(condition).with(solver);
      String by = " by " + solver.getClass().getSimpleName();
      if (json.has("jacobian")) {
        compare(name + ", jacobian" + by, json.get("jacobian"), diff.jacobian(z, theta), deviation);
      }
      if (json.has("vjp") && json.has("cotangent")) {
        INDArray cotangent = Nd4j.createFromArray(numbers(json.get("cotangent")));
        INDArray product = diff.vjp(z, theta, cotangent).vector();
        compare(name + ", vjp" + by, json.get("vjp"), product, deviation);
      }
      if (json.has("jvp") && json.has("tangent")) {
        INDArray tangent = Nd4j.createFromArray(numbers(json.get("tangent")));
        INDArray product = diff.jvp(z, theta, tangent).vector();
        compare(name + ", jvp" + by, json.get("jvp"), product, deviation);
      }
    }
  }

  private static void compare(
      String what, JsonNode expected, INDArray actual, Deviation deviation) {
    deviation.compare(what, numbers(expected), actual.dup('c').data().asDouble());
  }

  /** Of an array, or one number. */
  private static double[] numbers(JsonNode node) {
    return node.isNumber()
        ? new double[] {node.asDouble()}
        : GoldenFile.numbers(node.has("data") ? node.get("data") : node);
  }

  private static INDArray matrix(JsonNode node) {
    long rows = node.get("shape").get(0).asLong();
    return Nd4j.createFromArray(numbers(node))
        .reshape('c', rows, node.get("shape").get(1).asLong());
  }
}

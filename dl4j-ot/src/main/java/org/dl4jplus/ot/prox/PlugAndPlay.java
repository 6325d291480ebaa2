package org.dl4jplus.ot.prox;

import java.util.function.UnaryOperator;
import lombok.Builder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.inverse.InvertMatrix;

/**
 * Linear inverse problems with a proximal operator for the prior, as a learned proximal network is
 * one: looks for a minimiser of
 *
 * <pre>{@code
 * h(x) + R(x),   h(x) = step/2 ||A x - y||^2,   f = prox_R
 *
 * PGD    x <- f(x - step A'(A x - y))
 * ADMM   x <- (step A'A + I)^-1 (step A'y + z - u);  z <- f(x + u);  u <- u + x - z
 * }</pre>
 *
 * <p>PGD lowers the objective in every iteration, for any R, while step times the largest
 * eigenvalue of A'A is at most 1. ADMM takes any step; for an R that is not convex it need not
 * converge. They stop when x (in ADMM z) changes by at most the tolerance in every entry.
 *
 * <p>Fields: {@code method} PGD; {@code step} finite and above 0 (1); {@code iterations} at most,
 * at least 1 (1000); {@code tolerance} at least 0 (1e-6).
 *
 * <p>Z. Fang, S. Buchanan, J. Sulam: "What's in a Prior? Learned Proximal Networks for Inverse
 * Problems", arXiv 2310.14344 (2023).
 */
public final class PlugAndPlay {

  /** How the problem is split. */
  public enum Method {
    /** Proximal gradient descent. */
    PGD,
    /** The alternating direction method of multipliers. */
    ADMM
  }

  /**
   * What was found.
   *
   * @param x one solution in each row
   * @param iterations how many there were
   * @param converged whether the last change was within the tolerance
   */
  public record Solution(INDArray x, int iterations, boolean converged) {}

  private final Method method;
  private final double step;
  private final int iterations;
  private final double tolerance;

  @Builder
  private PlugAndPlay(Method method, Double step, Integer iterations, Double tolerance) {
    this.method = method == null ? Method.PGD : method;
    this.step = step == null ? 1 : step;
    this.iterations = iterations == null ? 1000 : iterations;
    this.tolerance = tolerance == null ? 1e-6 : tolerance;
    require(this.step > 0 && Double.isFinite(this.step), "step", step, "finite and above 0");
    require(this.iterations >= 1, "iterations", iterations, "at least 1");
    require(this.tolerance >= 0, "tolerance", tolerance, "at least 0");
  }

  private static void require(boolean right, String name, Object value, String range) {
    if (!right) {
      throw new IllegalArgumentException(name + " must be " + range + ", got " + value);
    }
  }

  /**
   * Solves problems that share a matrix.
   *
   * @param matrix A, [measurements, unknowns]
   * @param y what was measured, [problems, measurements]
   * @param prox f, on rows [problems, unknowns]; for instance a network's {@code output}
   * @return the solutions, in the type of y; the start is A'y
   * @throws IllegalArgumentException for shapes that do not fit
   */
  public Solution solve(INDArray matrix, INDArray y, UnaryOperator<INDArray> prox) {
    if (matrix.rank() != 2 || y.rank() != 2 || matrix.size(0) != y.size(1)) {
      throw new IllegalArgumentException(
          "matrix and y must be of shapes [measurements, unknowns] and [problems, measurements]: "
              + matrix.shapeInfoToString()
              + ", "
              + y.shapeInfoToString());
    }
    DataType type = y.dataType();
    INDArray a = matrix.castTo(type);
    return method == Method.PGD ? descend(a, y, prox) : split(a, y, prox);
  }

  private Solution descend(INDArray a, INDArray y, UnaryOperator<INDArray> prox) {
    INDArray x = y.mmul(a);
    for (int k = 1; k <= iterations; k++) {
      INDArray residual = x.mmul(a.transpose()).subi(y);
      INDArray next = prox.apply(x.sub(residual.mmul(a).muli(step))).dup();
      boolean near = near(next, x);
      x = next;
      if (near) {
        return new Solution(x, k, true);
      }
    }
    return new Solution(x, iterations, false);
  }

  private Solution split(INDArray a, INDArray y, UnaryOperator<INDArray> prox) {
    INDArray data = y.mmul(a).muli(step);
    INDArray system =
        a.transpose().mmul(a).muli(step).addi(Nd4j.eye(a.size(1)).castTo(a.dataType()));
    INDArray inverse = InvertMatrix.invert(system, false);
    INDArray z = y.mmul(a);
    INDArray u = z.like();
    for (int k = 1; k <= iterations; k++) {
      INDArray x = data.add(z).subi(u).mmul(inverse);
      INDArray next = prox.apply(x.add(u)).dup();
      u.addi(x).subi(next);
      boolean near = near(next, z) && near(next, x);
      z = next;
      if (near) {
        return new Solution(z, k, true);
      }
    }
    return new Solution(z, iterations, false);
  }

  private boolean near(INDArray next, INDArray last) {
    return next.sub(last).amaxNumber().doubleValue() <= tolerance;
  }
}

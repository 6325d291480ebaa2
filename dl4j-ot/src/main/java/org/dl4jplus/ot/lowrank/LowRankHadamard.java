package org.dl4jplus.ot.lowrank;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * FedPara's weights: the elementwise product of two low-rank matrices or kernels, which has rank up
 * to the square of theirs.
 *
 * <pre>{@code
 * dense:       W = (X1 Y1') * (X2 Y2'),         X of [out, r], Y of [in, r]
 * convolution: W = (T1 x1 X1 x2 Y1) * (T2 x1 X2 x2 Y2),  T of [r, r, height, width]
 * personal:    W = W1 * (W2 + 1), W1 to be shared and W2 to be kept
 * }</pre>
 *
 * <p>N. Hyeon-Woo, M. Ye-Bin, T.-H. Oh, "FedPara: Low-Rank Hadamard Product for
 * Communication-Efficient Federated Learning", arXiv:2108.06098, 2022; the kernel is that of its
 * proposition 3.
 *
 * @param personal whether 1 is added to the second factor
 */
public record LowRankHadamard(boolean personal) {

  /**
   * One of the two factors, or gradients with respect to it.
   *
   * @param x of [out, r]
   * @param y of [in, r]
   * @param t of [r, r, height, width], null for a matrix
   */
  public record Factor(INDArray x, INDArray y, INDArray t) {

    /**
     * What it stands for.
     *
     * @return x y', or t multiplied by x along its first and by y along its second axis
     */
    public INDArray product() {
      if (t == null) {
        return x.mmul(y.transpose());
      }
      long[] shape = {x.size(0), t.size(2), t.size(3), y.size(0)};
      return half().mmul(y.transpose()).reshape('c', shape).permute(0, 3, 1, 2).dup('c');
    }

    private long area() {
      return t.size(2) * t.size(3);
    }

    private INDArray core() {
      return t.dup('c').reshape('c', new long[] {t.size(0), t.size(1) * area()});
    }

    /** The kernel before the second multiplication, a row for each output and position. */
    private INDArray half() {
      return positions(x.mmul(core()), t.size(1));
    }

    /** From [out, channels * area] or its like to [out * area, channels]. */
    private INDArray positions(INDArray kernel, long channels) {
      return kernel
          .dup('c')
          .reshape('c', new long[] {x.size(0), channels, area()})
          .permute(0, 2, 1)
          .dup('c')
          .reshape('c', new long[] {x.size(0) * area(), channels});
    }

    /**
     * Vector-Jacobian product.
     *
     * @param upstream gradient with respect to {@link #product}
     * @return gradients of the parts
     */
    public Factor gradient(INDArray upstream) {
      if (t == null) {
        return new Factor(upstream.mmul(y), upstream.transpose().mmul(x), null);
      }
      INDArray above = positions(upstream, y.size(0));
      long[] halves = {x.size(0), area(), t.size(1)};
      INDArray ofHalf =
          above
              .mmul(y)
              .reshape('c', halves)
              .permute(0, 2, 1)
              .dup('c')
              .reshape('c', new long[] {x.size(0), t.size(1) * area()});
      return new Factor(
          ofHalf.mmul(core().transpose()),
          above.transpose().mmul(half()),
          x.transpose().mmul(ofHalf).dup('c').reshape('c', t.shape()));
    }
  }

  /**
   * The weight.
   *
   * @param first factor
   * @param second factor
   * @return of [out, in] or [out, in, height, width]
   */
  public INDArray weight(Factor first, Factor second) {
    return first.product().muli(kept(second));
  }

  private INDArray kept(Factor second) {
    return personal ? second.product().addi(1) : second.product();
  }

  /**
   * Vector-Jacobian product of the first factor.
   *
   * @param first factor
   * @param second factor
   * @param upstream gradient with respect to the weight
   * @return gradients of the first factor's parts
   */
  public Factor gradientOfFirst(Factor first, Factor second, INDArray upstream) {
    return first.gradient(kept(second).muli(upstream));
  }

  /**
   * Vector-Jacobian product of the second factor.
   *
   * @param first factor
   * @param second factor
   * @param upstream gradient with respect to the weight
   * @return gradients of the second factor's parts
   */
  public Factor gradientOfSecond(Factor first, Factor second, INDArray upstream) {
    return second.gradient(first.product().muli(upstream));
  }

  /**
   * The rank between the smallest that can give a weight of full rank and the largest that saves
   * parameters: {@code floor((1 - ratio) r_min + ratio r_max)}, at least 1.
   *
   * @param out outputs
   * @param in inputs
   * @param area height * width of a kernel, 0 for a matrix
   * @param ratio in [0, 1]
   * @return the rank
   */
  public static int rank(long out, long in, long area, double ratio) {
    return Math.max(
        1, (int) Math.floor((1 - ratio) * minRank(out, in) + ratio * maxRank(out, in, area)));
  }

  /**
   * The smallest rank with which the weight can have full rank: {@code ceil(sqrt(min(out, in)))}.
   *
   * @param out outputs
   * @param in inputs
   * @return the rank
   */
  public static int minRank(long out, long in) {
    return (int) Math.ceil(Math.sqrt(Math.min(out, in)));
  }

  /**
   * The largest rank with which the factors have no more entries than the weight.
   *
   * @param out outputs
   * @param in inputs
   * @param area height * width of a kernel, 0 for a matrix
   * @return the rank, which may be 0
   */
  public static int maxRank(long out, long in, long area) {
    long entries = out * in * Math.max(1, area);
    int rank = 0;
    while (2L * (rank + 1) * (out + in + (rank + 1) * area) <= entries) {
      rank++;
    }
    return rank;
  }

  /**
   * The standard deviation of normal factors with which the weight's entries have variance 2 /
   * fanIn: {@code (2 / (fanIn r^2))^(1/8)} for a matrix and {@code (2 / (fanIn r^4))^(1/12)} for a
   * kernel.
   *
   * @param fanIn inputs, times the area of a kernel
   * @param rank rank of the factors
   * @param kernel whether it is a kernel
   * @return the deviation
   */
  public static double deviation(long fanIn, int rank, boolean kernel) {
    double squared = (double) rank * rank;
    return kernel
        ? Math.pow(2 / (fanIn * squared * squared), 1.0 / 12)
        : Math.pow(2 / (fanIn * squared), 1.0 / 8);
  }

  /**
   * The shapes of a factor's parts.
   *
   * @param out outputs
   * @param in inputs
   * @param rank rank
   * @param kernel height and width, or nothing for a matrix
   * @return shapes of x, y and, for a kernel, t
   */
  public static long[][] shapes(long out, long in, int rank, int... kernel) {
    long[][] shapes = {{out, rank}, {in, rank}};
    if (kernel.length == 0) {
      return shapes;
    }
    shapes = Arrays.copyOf(shapes, 3);
    shapes[2] = new long[] {rank, rank, kernel[0], kernel[1]};
    return shapes;
  }
}

package org.dl4jplus.bilevel.implicit;

import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Conditions of optimality as residuals, from the gradient of a smooth function f(z, theta) in z.
 * The gradient is itself given as a {@link Residual}: its derivative in z is f's Hessian, so
 * products from the left and right are the same and {@code jvpZ} alone is used.
 */
public final class Conditions {

  private Conditions() {}

  /**
   * Coordinates that are neighbours in z, with a proximal map of their own.
   *
   * @param size how many, at least 1
   * @param prox the map
   * @param parameters how many entries of theta are its parameters
   * @param stepSize of the gradient step before the map, above 0; the condition holds for one step
   *     size if it holds for any
   */
  public record Block(int size, Prox prox, int parameters, double stepSize) {

    /**
     * Checks the numbers.
     *
     * @param size how many coordinates, at least 1
     * @param prox the map
     * @param parameters how many entries of theta are its parameters, at least 0
     * @param stepSize above 0
     * @throws IllegalArgumentException outside the ranges, or if the map does not take as many
     *     parameters
     */
    public Block {
      Require.count("size", size, 1);
      Require.atLeast("parameters", parameters, 0, 0);
      Require.positive("stepSize", stepSize, 1);
      if (!Require.given("prox", prox).takes(size, parameters)) {
        throw new IllegalArgumentException(
            "parameters must fit the map and a size of " + size + ", got " + parameters);
      }
    }
  }

  /**
   * A stationary point: grad_z f(z, theta) = 0.
   *
   * @param gradient grad_z f
   * @return the condition
   * @throws IllegalArgumentException for null
   */
  public static Residual stationary(Residual gradient) {
    return new Stationary(Require.given("gradient", gradient));
  }

  /**
   * The minimum of f(z, theta) + h(z): z is a fixed point of the proximal gradient step. With a
   * projection as the map it is the minimum of f over a set, a fixed point of projected gradients.
   *
   * <pre>{@code F(z, theta) = prox(z - stepSize*grad_z f(z, theta)) - z}</pre>
   *
   * @param gradient grad_z f, of the whole of theta
   * @param prox of h
   * @param stepSize above 0
   * @param from index in theta at which h's parameters begin
   * @param parameters how many there are; they may be part of f, too
   * @return the condition
   * @throws IllegalArgumentException for null, or a step size out of range
   */
  public static Residual proximalGradient(
      Residual gradient, Prox prox, double stepSize, int from, int parameters) {
    Require.given("gradient", gradient);
    Require.given("prox", prox);
    Require.positive("stepSize", stepSize, 1);
    return new Proximal(
        gradient, from, size -> List.of(new Block(size, prox, parameters, stepSize)));
  }

  /**
   * The minimum of f(z, theta) + h_1(z_1) + h_2(z_2) + ..., block by block.
   *
   * <pre>{@code F_k(z, theta) = prox_k(z_k - stepSize_k*grad_k f(z, theta)) - z_k}</pre>
   *
   * @param gradient grad_z f, of the whole of theta
   * @param blocks the blocks of z in order, together as long as z
   * @param from index in theta at which the maps' parameters begin, one block's after the other's
   * @return the condition
   * @throws IllegalArgumentException for null
   */
  public static Residual blockProximal(Residual gradient, List<Block> blocks, int from) {
    Require.given("gradient", gradient);
    List<Block> copy = List.copyOf(Require.given("blocks", blocks));
    return new Proximal(gradient, from, size -> copy);
  }

  private record Stationary(Residual gradient) implements Residual {

    @Override
    public INDArray value(INDArray z, INDArray theta) {
      return gradient.value(z, theta);
    }

    @Override
    public INDArray jvpZ(INDArray z, INDArray theta, INDArray tangent) {
      return gradient.jvpZ(z, theta, tangent);
    }

    @Override
    public INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
      return gradient.jvpZ(z, theta, cotangent);
    }

    @Override
    public INDArray jvpTheta(INDArray z, INDArray theta, INDArray tangent) {
      return gradient.jvpTheta(z, theta, tangent);
    }

    @Override
    public INDArray vjpTheta(INDArray z, INDArray theta, INDArray cotangent) {
      return gradient.vjpTheta(z, theta, cotangent);
    }
  }

  private interface Blocks {
    List<Block> of(int size);
  }

  private record Proximal(Residual gradient, int from, Blocks blocks) implements Residual {

    /** What is done with a block's part of a vector, given the block and its parameters. */
    private interface Part {
      double[] of(Block block, double[] v, double[] parameters, double[] part);
    }

    /** start - stepSize * step, with each block's own step size. */
    private double[] moved(double[] start, double[] step) {
      double[] moved = start.clone();
      int at = 0;
      for (Block block : blocks.of(moved.length)) {
        for (int i = 0; i < block.size(); i++, at++) {
          moved[at] -= block.stepSize() * step[at];
        }
      }
      return moved;
    }

    /** Applies something block by block to the parts of a vector. */
    private double[] map(INDArray z, INDArray theta, double[] vector, Part part) {
      double[] v = moved(Entries.of(z), Entries.of(gradient.value(z, theta)));
      double[] all = Entries.of(theta);
      double[] out = new double[v.length];
      int at = 0;
      int parameter = from;
      for (Block block : blocks.of(v.length)) {
        double[] own = Arrays.copyOfRange(all, parameter, parameter + block.parameters());
        double[] piece = Arrays.copyOfRange(v, at, at + block.size());
        double[] result =
            part.of(block, piece, own, Arrays.copyOfRange(vector, at, at + block.size()));
        System.arraycopy(result, 0, out, at, block.size());
        at += block.size();
        parameter += block.parameters();
      }
      return out;
    }

    /** The maps' symmetric Jacobian times a vector. */
    private double[] product(INDArray z, INDArray theta, double[] vector) {
      return map(
          z,
          theta,
          vector,
          (block, v, own, part) -> block.prox().product(v, own, block.stepSize(), part));
    }

    @Override
    public INDArray value(INDArray z, INDArray theta) {
      double[] entries = Entries.of(z);
      int covered = blocks.of(entries.length).stream().mapToInt(Block::size).sum();
      int taken = blocks.of(entries.length).stream().mapToInt(Block::parameters).sum();
      if (covered != entries.length || from < 0 || from + taken > theta.length()) {
        throw new IllegalArgumentException(
            "The blocks cover "
                + covered
                + " coordinates and theta's entries from "
                + from
                + " to "
                + (from + taken)
                + "; there are "
                + entries.length
                + " and "
                + theta.length());
      }
      double[] value =
          map(
              z,
              theta,
              entries,
              (block, v, own, part) -> block.prox().value(v, own, block.stepSize()));
      Arrays.setAll(value, i -> value[i] - entries[i]);
      return Entries.like(z, value);
    }

    @Override
    public INDArray jvpZ(INDArray z, INDArray theta, INDArray tangent) {
      double[] t = Entries.of(tangent);
      double[] product = product(z, theta, moved(t, Entries.of(gradient.jvpZ(z, theta, tangent))));
      Arrays.setAll(product, i -> product[i] - t[i]);
      return Entries.like(z, product);
    }

    @Override
    public INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
      double[] u = Entries.of(cotangent);
      double[] product = product(z, theta, u);
      double[] scaled = moved(new double[u.length], product);
      double[] hessian = Entries.of(gradient.jvpZ(z, theta, Entries.like(z, scaled)));
      Arrays.setAll(product, i -> product[i] + hessian[i] - u[i]);
      return Entries.like(z, product);
    }

    @Override
    public INDArray jvpTheta(INDArray z, INDArray theta, INDArray tangent) {
      double[] along = Entries.of(gradient.jvpTheta(z, theta, tangent));
      double[] product = product(z, theta, moved(new double[along.length], along));
      double[] all = Entries.of(tangent);
      int[] parameter = {from};
      double[] own =
          map(
              z,
              theta,
              along,
              (block, v, parameters, part) -> {
                int start = parameter[0];
                parameter[0] += block.parameters();
                double[] t = Arrays.copyOfRange(all, start, parameter[0]);
                return block.prox().parameterProduct(v, parameters, block.stepSize(), t);
              });
      Arrays.setAll(product, i -> product[i] + own[i]);
      return Entries.like(z, product);
    }

    @Override
    public INDArray vjpTheta(INDArray z, INDArray theta, INDArray cotangent) {
      double[] u = Entries.of(cotangent);
      double[] scaled = moved(new double[u.length], product(z, theta, u));
      double[] result = Entries.of(gradient.vjpTheta(z, theta, Entries.like(z, scaled)));
      int[] parameter = {from};
      map(
          z,
          theta,
          u,
          (block, v, parameters, part) -> {
            double[] own = block.prox().parameterGradient(v, parameters, block.stepSize(), part);
            for (double entry : own) {
              result[parameter[0]++] += entry;
            }
            return part;
          });
      return Entries.like(theta, result);
    }
  }
}

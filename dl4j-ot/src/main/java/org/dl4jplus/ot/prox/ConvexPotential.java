package org.dl4jplus.ot.prox;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * An input-convex network and its gradient, which is the exact proximal operator of some function,
 * convex or not.
 *
 * <pre>{@code
 * y_0 = softplus(lin_0 x),   y_l = softplus(lin_l y_{l-1} + res_{l-1} x + bias_{l-1})   l = 1..layers
 * psi(x) = lin_last y_layers + res_last x + bias_last + alpha ||x||^2
 * f(x) = grad psi(x) = prox_R(x),   R(f(x)) = <x, f(x)> - ||f(x)||^2/2 - psi(x)
 * softplus(z) = log(1 + exp(beta z))/beta
 * }</pre>
 *
 * <p>psi is convex while lin_1 to lin_last are not negative; this class does not look. Examples are
 * rows. Everything is computed in the type of the arrays given.
 *
 * <p>Z. Fang, S. Buchanan, J. Sulam: "What's in a Prior? Learned Proximal Networks for Inverse
 * Problems", arXiv 2310.14344 (2023).
 *
 * @param beta sharpness of the softplus, finite and above 0
 * @param alpha strong convexity, finite and at least 0
 */
public record ConvexPotential(double beta, double alpha) {

  /**
   * Makes the network's form.
   *
   * @param beta sharpness of the softplus, finite and above 0
   * @param alpha strong convexity, finite and at least 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public ConvexPotential {
    if (!(beta > 0) || Double.isInfinite(beta)) {
      throw new IllegalArgumentException("beta must be finite and above 0, got " + beta);
    }
    if (!(alpha >= 0) || Double.isInfinite(alpha)) {
      throw new IllegalArgumentException("alpha must be finite and at least 0, got " + alpha);
    }
  }

  /**
   * Weights, or gradients with respect to them.
   *
   * @param lin lin_0 of [hidden, inputs], lin_1 to lin_layers of [hidden, hidden], lin_last of [1,
   *     hidden]
   * @param res res_0 and on of [hidden, inputs], one for each of the layers, res_last of [1,
   *     inputs]
   * @param bias of [1, hidden], one for each of the layers, and bias_last of [1, 1]
   */
  public record Weights(List<INDArray> lin, List<INDArray> res, List<INDArray> bias) {

    private int layers() {
      return lin.size() - 2;
    }

    private void require(INDArray x) {
      if (lin.size() < 2 || res.size() != lin.size() - 1 || bias.size() != res.size()) {
        throw new IllegalArgumentException(
            "weights must have layers + 2 of lin and layers + 1 of res and bias, got "
                + lin.size()
                + ", "
                + res.size()
                + " and "
                + bias.size());
      }
      if (x.rank() != 2 || x.size(1) != lin.get(0).size(1)) {
        throw new IllegalArgumentException(
            "x must be of shape [batch, " + lin.get(0).size(1) + "]: " + x.shapeInfoToString());
      }
    }
  }

  /**
   * Evaluates the network.
   *
   * @param x points [batch, inputs]
   * @param weights the weights; kept, not copied
   * @return potential, gradient and the way back
   * @throws IllegalArgumentException for shapes that do not fit
   */
  public Point at(INDArray x, Weights weights) {
    weights.require(x);
    return new Point(this, x, weights);
  }

  /** max(z, 0) + log(1 + exp(-|beta z|))/beta, which does not overflow. */
  private INDArray softplus(INDArray z) {
    INDArray tail = Transforms.exp(Transforms.abs(z).muli(-beta), false).addi(1);
    return Transforms.max(z, 0).addi(Transforms.log(tail, false).divi(beta));
  }

  /** The network at some points. */
  public static final class Point {

    private final ConvexPotential form;
    private final INDArray x;
    private final Weights weights;
    private final int layers;

    /** After each layer's softplus. */
    private final INDArray[] y;

    /** The softplus's derivatives. */
    private final INDArray[] s;

    /** The gradient with respect to each y. */
    private final INDArray[] q;

    /** The gradient before the softplus, q*s. */
    private final INDArray[] p;

    private final INDArray gradient;

    private Point(ConvexPotential form, INDArray x, Weights weights) {
      this.form = form;
      this.x = x;
      this.weights = weights;
      layers = weights.layers();
      y = new INDArray[layers + 1];
      s = new INDArray[layers + 1];
      q = new INDArray[layers + 1];
      p = new INDArray[layers + 1];
      for (int l = 0; l <= layers; l++) {
        INDArray z = (l == 0 ? x : y[l - 1]).mmul(weights.lin.get(l).transpose());
        if (l > 0) {
          z.addi(x.mmul(weights.res.get(l - 1).transpose()));
          z.addiRowVector(weights.bias.get(l - 1));
        }
        y[l] = form.softplus(z);
        s[l] = Transforms.sigmoid(z.mul(form.beta), false);
      }
      gradient = Nd4j.zeros(x.dataType(), x.shape());
      gradient.addiRowVector(weights.res.get(layers));
      if (form.alpha > 0) {
        gradient.addi(x.mul(2 * form.alpha));
      }
      q[layers] = Nd4j.ones(x.dataType(), x.size(0), 1).mmul(weights.lin.get(layers + 1));
      for (int l = layers; l >= 0; l--) {
        p[l] = q[l].mul(s[l]);
        gradient.addi(p[l].mmul(l == 0 ? weights.lin.get(0) : weights.res.get(l - 1)));
        if (l > 0) {
          q[l - 1] = p[l].mmul(weights.lin.get(l));
        }
      }
    }

    /**
     * The potential.
     *
     * @return psi, [batch, 1]
     */
    public INDArray value() {
      INDArray psi = y[layers].mmul(weights.lin.get(layers + 1).transpose());
      psi.addi(x.mmul(weights.res.get(layers).transpose()));
      psi.addiRowVector(weights.bias.get(layers));
      return form.alpha > 0 ? psi.addi(x.mul(x).sum(true, 1).muli(form.alpha)) : psi;
    }

    /**
     * The proximal operator.
     *
     * @return f = grad psi, [batch, inputs]; not a copy
     */
    public INDArray gradient() {
      return gradient;
    }

    /**
     * What the operator is the proximal operator of, at its values.
     *
     * @return R(f(x)), [batch, 1], the convex conjugate of psi at f(x) less half of its square
     */
    public INDArray prior() {
      INDArray inner = x.mul(gradient).sum(true, 1);
      return inner.subi(gradient.mul(gradient).sum(true, 1).divi(2)).subi(value());
    }

    /**
     * Vector-Jacobian product of {@link #gradient}.
     *
     * @param upstream gradient with respect to f, [batch, inputs]
     * @param gradients gets the gradient of every weight, by assignment; bias_last's is 0
     * @return gradient with respect to x
     */
    public INDArray backward(INDArray upstream, Weights gradients) {
      INDArray u = upstream;
      INDArray[] ds = new INDArray[layers + 1];
      gradients.res.get(layers).assign(u.sum(true, 0));
      gradients.bias.get(layers).assign(0);
      INDArray dq = null;
      for (int l = 0; l <= layers; l++) {
        INDArray entry = l == 0 ? weights.lin.get(0) : weights.res.get(l - 1);
        INDArray dp = u.mmul(entry.transpose());
        INDArray entryGradient = l == 0 ? gradients.lin.get(0) : gradients.res.get(l - 1);
        entryGradient.assign(p[l].transpose().mmul(u));
        if (l > 0) {
          dp.addi(dq.mmul(weights.lin.get(l).transpose()));
          gradients.lin.get(l).assign(p[l].transpose().mmul(dq));
        }
        ds[l] = dp.mul(q[l]);
        dq = dp.muli(s[l]);
      }
      gradients.lin.get(layers + 1).assign(dq.sum(true, 0));
      return below(u, ds, gradients);
    }

    /** Back through the pass forward, from the softplus's derivatives. */
    private INDArray below(INDArray u, INDArray[] ds, Weights gradients) {
      INDArray dx = u.mul(2 * form.alpha);
      INDArray dz = null;
      for (int l = layers; l >= 0; l--) {
        INDArray own = ds[l].muli(s[l].rsub(1).muli(s[l])).muli(form.beta);
        if (l < layers) {
          own.addi(dz.mmul(weights.lin.get(l + 1)).muli(s[l]));
        }
        dz = own;
        INDArray linGradient = gradients.lin.get(l);
        linGradient.addi(dz.transpose().mmul(l == 0 ? x : y[l - 1]));
        if (l > 0) {
          gradients.res.get(l - 1).addi(dz.transpose().mmul(x));
          gradients.bias.get(l - 1).assign(dz.sum(true, 0));
        }
        dx.addi(dz.mmul(l == 0 ? weights.lin.get(0) : weights.res.get(l - 1)));
      }
      return dx;
    }
  }
}

package org.dl4jplus.optim.second.curvature;

import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.LossUtil;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossL2;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/**
 * A loss's first and second derivatives by an output layer's pre-activations, as the platform
 * defines the loss: one gradient and one small symmetric matrix Q for each row.
 *
 * <pre>{@code
 * MSE, identity:      Q = 2/outputs * I           L2, identity:   Q = 2*I
 * MCXENT, softmax:    Q = diag(p) - p*p^T         XENT, sigmoid:  Q = diag(p*(1-p))
 * others:             differences of the loss's gradient, which need not be positive semidefinite
 * }</pre>
 *
 * <p>Weights of outputs and masks of rows are taken into account.
 */
public final class OutputCurvature {

  private enum Kind {
    SQUARE,
    SOFTMAX,
    SIGMOID,
    OTHER
  }

  private static final double STEP = 1e-5;

  private final ILossFunction loss;
  private final INDArray labels;
  private final INDArray preOutput;
  private final IActivation activation;
  private final INDArray mask;
  private final Kind kind;
  private final INDArray probabilities;
  private final INDArray weights;

  /**
   * Looks at a loss; its arguments are as in {@code OutputErrors}.
   *
   * @param loss the loss
   * @param labels of shape [rows, outputs]
   * @param preOutput of the same shape
   * @param activation the output's activation
   * @param mask of the labels, or null
   */
  public OutputCurvature(
      ILossFunction loss,
      INDArray labels,
      INDArray preOutput,
      IActivation activation,
      INDArray mask) {
    this.loss = loss;
    this.preOutput = preOutput.castTo(DataType.DOUBLE);
    this.labels = labels.castTo(DataType.DOUBLE);
    this.activation = activation;
    this.mask = mask == null ? null : mask.castTo(DataType.DOUBLE);
    kind = kind(loss, activation);
    boolean hasProbabilities = kind == Kind.SOFTMAX || kind == Kind.SIGMOID;
    probabilities = hasProbabilities ? activation.getActivation(this.preOutput.dup(), true) : null;
    INDArray own = weights(loss);
    weights = own == null ? null : own.castTo(DataType.DOUBLE);
  }

  private static Kind kind(ILossFunction loss, IActivation activation) {
    if (loss instanceof LossL2 && activation instanceof ActivationIdentity) {
      return Kind.SQUARE;
    }
    if (loss instanceof LossMCXENT && activation instanceof ActivationSoftmax) {
      return Kind.SOFTMAX;
    }
    return loss instanceof LossBinaryXENT && activation instanceof ActivationSigmoid
        ? Kind.SIGMOID
        : Kind.OTHER;
  }

  private static INDArray weights(ILossFunction loss) {
    if (loss instanceof LossL2 square) {
      return square.getWeights();
    }
    if (loss instanceof LossMCXENT entropy) {
      return entropy.getWeights();
    }
    return loss instanceof LossBinaryXENT entropy ? entropy.getWeights() : null;
  }

  /**
   * Makes sure that the second derivative is known and positive semidefinite.
   *
   * @param method who asks, for the message
   * @return this
   * @throws IllegalStateException for another pair of loss and activation
   */
  public OutputCurvature requireConvex(String method) {
    if (kind == Kind.OTHER) {
      throw new IllegalStateException(
          method
              + " needs MSE or L2 with identity, MCXENT with softmax or XENT with sigmoid, got "
              + loss.getClass().getSimpleName()
              + " with "
              + activation);
    }
    return this;
  }

  /**
   * Number of rows.
   *
   * @return examples, or examples times time steps
   */
  public int rows() {
    return preOutput.rows();
  }

  /**
   * Number of outputs.
   *
   * @return columns of the pre-activations
   */
  public int outputs() {
    return preOutput.columns();
  }

  /**
   * The first derivative.
   *
   * @return of shape [rows, outputs], in double precision
   */
  public INDArray gradient() {
    return gradientAt(preOutput);
  }

  private INDArray gradientAt(INDArray z) {
    return loss.computeGradient(labels, z.dup(), activation, mask);
  }

  /**
   * The second derivative's product with a vector for each row.
   *
   * @param vectors of shape [rows, outputs], not changed
   * @return Q times the vector in each row, in double precision
   */
  public INDArray product(INDArray vectors) {
    INDArray u = vectors.castTo(DataType.DOUBLE);
    INDArray q =
        switch (kind) {
          case SQUARE -> u.mul(loss instanceof LossMSE ? 2.0 / outputs() : 2.0);
          case SIGMOID -> u.mul(probabilities).muli(probabilities.rsub(1));
          case SOFTMAX -> softmax(u);
          case OTHER -> difference(u);
        };
    if (kind == Kind.OTHER) {
      return q;
    }
    if (weights != null && kind != Kind.SOFTMAX) {
      q.muliRowVector(weights);
    }
    if (mask != null) {
      LossUtil.applyMask(q, mask);
    }
    return q;
  }

  private INDArray softmax(INDArray u) {
    INDArray q = u.mul(probabilities);
    q.subi(probabilities.mulColumnVector(q.sum(true, 1)));
    if (weights != null) {
      // A row weighs as much as its label.
      q.muliColumnVector(labels.mulRowVector(weights).sum(true, 1));
    }
    return q;
  }

  private INDArray difference(INDArray u) {
    double size = u.amaxNumber().doubleValue();
    if (size == 0) {
      return u.ulike();
    }
    double h = STEP * (1 + preOutput.amaxNumber().doubleValue()) / size;
    INDArray shift = u.mul(h);
    return gradientAt(preOutput.add(shift)).sub(gradientAt(preOutput.sub(shift))).divi(2 * h);
  }

  /**
   * The matrices themselves.
   *
   * @return of shape [rows * outputs, outputs]: row i * outputs + a holds row a of example i's Q
   */
  public INDArray matrices() {
    int n = rows();
    int c = outputs();
    INDArray all = Nd4j.create(DataType.DOUBLE, (long) n * c, c);
    for (int j = 0; j < c; j++) {
      INDArray unit = Nd4j.create(DataType.DOUBLE, n, c);
      unit.getColumn(j).assign(1);
      all.getColumn(j).assign(product(unit).dup('c').reshape('c', new long[] {(long) n * c}));
    }
    return all;
  }
}

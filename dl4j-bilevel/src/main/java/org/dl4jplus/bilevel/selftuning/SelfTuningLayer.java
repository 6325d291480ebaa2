package org.dl4jplus.bilevel.selftuning;

import java.util.Map;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.dl4jplus.ot.ExplicitLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A layer whose weights respond to hyperparameters h, an own row of them for each example:
 *
 * <pre>{@code
 * out = s * (x*W + b) + s_w(h) .* (x*W') + s_b(h) .* b',   [s_w, s_b] = h * T'
 * }</pre>
 *
 * followed by the activation function; without h only the first part is there. Parameters: "elemW"
 * (W), "hnetW" (W'), "T" of [2 * nOut, H], "elemB" (b), "hnetB" (b'), "elemScalar" (s). W, W', b
 * and b' start uniform within 1/sqrt(inputs of a unit), T normal with deviation 0.01, s at 1.
 *
 * <p>A {@link SelfTuningTrainer} sets h before each batch. What it has tuned h to is part of the
 * configuration, and so of a saved network: it is what the layer responds to otherwise.
 *
 * <p>M. MacKay, P. Vicol, J. Lorraine, D. Duvenaud, R. Grosse, "Self-Tuning Networks: Bilevel
 * Optimization of Hyperparameters using Structured Best-Response Functions", arXiv 1903.03088,
 * 2019.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public abstract class SelfTuningLayer extends ExplicitLayer {

  private static final long serialVersionUID = 1L;

  static final String WEIGHT = "elemW";
  static final String RESPONSE_WEIGHT = "hnetW";
  static final String RESPONSE = "T";
  static final String BIAS = "elemB";
  static final String RESPONSE_BIAS = "hnetB";
  static final String SCALAR = "elemScalar";

  /** Units of the layer below. */
  protected long nIn;

  /** Units of this layer. */
  protected long nOut;

  /** Number of hyperparameters. */
  protected int hyperparameters;

  /** What follows; the network's where it was not set. */
  protected IActivation activationFn;

  /** Unconstrained hyperparameters to respond to when nobody sets others; null for none. */
  private double[] tuned;

  @Getter(AccessLevel.NONE)
  @Setter(AccessLevel.NONE)
  @EqualsAndHashCode.Exclude
  private transient INDArray perturbed;

  @Getter(AccessLevel.NONE)
  @Setter(AccessLevel.NONE)
  @EqualsAndHashCode.Exclude
  private transient INDArray gradientOfHyperparameters;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   */
  protected SelfTuningLayer(Builder<?> builder) {
    super(builder);
    nIn = builder.nIn;
    nOut = builder.nOut;
    hyperparameters = builder.hyperparameters;
    activationFn = builder.activationFn;
  }

  @Override
  protected void validate() {
    if (nIn < 0 || nOut < 1) {
      throw new IllegalArgumentException("nIn must be >= 0 and nOut >= 1: " + nIn + ", " + nOut);
    }
    if (hyperparameters < 1) {
      throw new IllegalArgumentException(
          "hyperparameters must be at least 1, is " + hyperparameters);
    }
  }

  @Override
  public void applyGlobalConfigToLayer(NeuralNetConfiguration.Builder globalConfig) {
    if (activationFn == null) {
      activationFn = globalConfig.getActivationFn();
    }
  }

  @Override
  protected IActivation activation() {
    return activationFn == null ? super.activation() : activationFn;
  }

  /**
   * Sets the hyperparameters of the next passes, as a trainer does.
   *
   * @param rows unconstrained, one row for each example, of shape [batch, H]; null for what the
   *     layer was tuned to
   */
  public void perturb(INDArray rows) {
    perturbed = rows;
    gradientOfHyperparameters = null;
  }

  /**
   * Gradient in the hyperparameters of the last pass back.
   *
   * @return that of the loss summed over the batch, one row for each example, of shape [batch, H];
   *     null before a pass with hyperparameters
   */
  public INDArray gradientOfHyperparameters() {
    return gradientOfHyperparameters;
  }

  /** Inputs of one unit. */
  abstract long fanIn();

  @Override
  public void initializeParameters(Map<String, INDArray> parameters) {
    double bound = 1 / Math.sqrt(fanIn());
    parameters.forEach(
        (name, array) -> {
          switch (name) {
            case SCALAR -> array.assign(1);
            case RESPONSE -> array.assign(Nd4j.randn(array.dataType(), array.shape()).muli(0.01));
            default ->
                array.assign(Nd4j.rand(array.dataType(), array.shape()).subi(0.5).muli(2 * bound));
          }
        });
  }

  /** The rows that a batch of examples responds to; one row where all share it; null for none. */
  private INDArray rows(INDArray like, long examples) {
    if (perturbed != null) {
      if (perturbed.size(0) != examples || perturbed.size(1) != hyperparameters) {
        throw new IllegalStateException(
            "There are hyperparameters of shape "
                + perturbed.shapeInfoToString()
                + " for "
                + examples
                + " examples and "
                + hyperparameters
                + " hyperparameters");
      }
      return perturbed.castTo(like.dataType());
    }
    return tuned == null
        ? null
        : Nd4j.createFromArray(tuned).castTo(like.dataType()).reshape(1, hyperparameters);
  }

  /**
   * A pass over rows of inputs, of which each example has the same number one after the other.
   *
   * @param inputs of shape [examples * positions, fanIn]
   * @param examples how many
   * @param parameters the layer's, the weights as [fanIn, nOut]
   * @return the pass, its input gradient of the inputs' shape
   */
  final Response respond(INDArray inputs, long examples, Map<String, INDArray> parameters) {
    return new Response(inputs, examples, parameters, rows(inputs, examples));
  }

  /** The formula, forth and back. */
  final class Response {

    private final INDArray x;
    private final long examples;
    private final long positions;
    private final Map<String, INDArray> p;
    private final INDArray h;
    private final INDArray plain;
    private INDArray response;
    private INDArray weightScale;
    private INDArray biasScale;
    private final INDArray output;

    private Response(INDArray x, long examples, Map<String, INDArray> p, INDArray h) {
      this.x = x;
      this.examples = examples;
      positions = x.size(0) / examples;
      this.p = p;
      this.h = h;
      plain = x.mmul(p.get(WEIGHT)).addi(row(BIAS));
      output = plain.mul(scalar());
      if (h != null) {
        INDArray scales = h.mmul(p.get(RESPONSE).transpose());
        weightScale = scales.get(NDArrayIndex.all(), NDArrayIndex.interval(0, nOut)).dup();
        biasScale = scales.get(NDArrayIndex.all(), NDArrayIndex.interval(nOut, 2 * nOut)).dup();
        response = x.mmul(p.get(RESPONSE_WEIGHT));
        add(output, response, weightScale);
        add(output, row(RESPONSE_BIAS).broadcast(x.size(0), nOut), biasScale);
      }
    }

    private INDArray row(String name) {
      return p.get(name).reshape(1, nOut);
    }

    private double scalar() {
      return p.get(SCALAR).getDouble(0);
    }

    private INDArray positioned(INDArray rows) {
      return rows.reshape('c', examples, positions, nOut);
    }

    private INDArray scale(INDArray of) {
      return of.reshape('c', of.size(0), 1, nOut);
    }

    /** to += values .* scale of the example. */
    private void add(INDArray to, INDArray values, INDArray scale) {
      to.addi(scaled(values, scale));
    }

    private INDArray scaled(INDArray values, INDArray scale) {
      return positioned(values.dup('c')).mul(scale(scale)).reshape('c', x.size(0), nOut);
    }

    INDArray output() {
      return output;
    }

    /** Writes the parameters' gradients, keeps that of h and gives that of the inputs. */
    INDArray backward(INDArray upstream, Map<String, INDArray> gradients) {
      INDArray u = upstream.dup('c');
      double s = scalar();
      INDArray transposed = x.transpose();
      gradients.get(WEIGHT).assign(transposed.mmul(u).muli(s));
      assignRow(gradients.get(BIAS), u.sum(0).muli(s));
      gradients.get(SCALAR).assign(u.mul(plain).sumNumber());
      INDArray below = u.mmul(p.get(WEIGHT).transpose()).muli(s);
      if (h == null) {
        gradients.get(RESPONSE_WEIGHT).assign(0);
        gradients.get(RESPONSE_BIAS).assign(0);
        gradients.get(RESPONSE).assign(0);
        return below;
      }
      INDArray ofResponse = scaled(u, weightScale);
      gradients.get(RESPONSE_WEIGHT).assign(transposed.mmul(ofResponse));
      assignRow(gradients.get(RESPONSE_BIAS), scaled(u, biasScale).sum(0));
      INDArray q =
          Nd4j.concat(
              1,
              positioned(u.mul(response)).sum(1),
              positioned(u.mulRowVector(row(RESPONSE_BIAS))).sum(1));
      INDArray shared = h.size(0) == examples ? q : q.sum(true, 0);
      gradients.get(RESPONSE).assign(shared.transpose().mmul(h));
      gradientOfHyperparameters = q.mmul(p.get(RESPONSE));
      return below.addi(ofResponse.mmul(p.get(RESPONSE_WEIGHT).transpose()));
    }

    private void assignRow(INDArray to, INDArray values) {
      to.assign(values.reshape(to.shape()));
    }
  }

  /**
   * The weight and bias of an ordinary layer that gives what this one gives at its tuned
   * hyperparameters.
   *
   * @param parameters the layer's, the weights with the units in the last dimension
   * @return weight of the same shape, and bias of [1, nOut]
   */
  final INDArray[] folded(Map<String, INDArray> parameters) {
    double s = parameters.get(SCALAR).getDouble(0);
    INDArray weight = parameters.get(WEIGHT).mul(s);
    INDArray bias = parameters.get(BIAS).mul(s).reshape(1, nOut);
    if (tuned != null) {
      INDArray h =
          Nd4j.createFromArray(tuned).castTo(weight.dataType()).reshape(1, hyperparameters);
      INDArray scales = h.mmul(parameters.get(RESPONSE).transpose());
      INDArray ofWeight = scales.get(NDArrayIndex.all(), NDArrayIndex.interval(0, nOut)).dup();
      INDArray ofBias = scales.get(NDArrayIndex.all(), NDArrayIndex.interval(nOut, 2 * nOut)).dup();
      weight.addi(parameters.get(RESPONSE_WEIGHT).mul(ofWeight.reshape(1, nOut)));
      bias.addi(parameters.get(RESPONSE_BIAS).reshape(1, nOut).mul(ofBias.reshape(1, nOut)));
    }
    return new INDArray[] {weight, bias};
  }

  /**
   * Settings that both layers have.
   *
   * @param <T> the builder itself
   */
  @SuppressWarnings("unchecked")
  public abstract static class Builder<T extends Builder<T>> extends SameDiffLayer.Builder<T> {

    private long nIn;
    private long nOut;
    private int hyperparameters;
    private IActivation activationFn;

    /** With the defaults. */
    protected Builder() {}

    /**
     * Sets the inputs.
     *
     * @param nIn at least 1; by default what the layer below gives
     * @return this
     */
    public T nIn(long nIn) {
      this.nIn = nIn;
      return (T) this;
    }

    /**
     * Sets the outputs.
     *
     * @param nOut at least 1; has to be set
     * @return this
     */
    public T nOut(long nOut) {
      this.nOut = nOut;
      return (T) this;
    }

    /**
     * Sets how many hyperparameters there are: those of the trainer.
     *
     * @param hyperparameters at least 1; has to be set
     * @return this
     */
    public T hyperparameters(int hyperparameters) {
      this.hyperparameters = hyperparameters;
      return (T) this;
    }

    /**
     * Sets the activation function.
     *
     * @param activation default the network's
     * @return this
     */
    public T activation(Activation activation) {
      return activation(activation.getActivationFunction());
    }

    /**
     * Sets the activation function.
     *
     * @param activation default the network's
     * @return this
     */
    public T activation(IActivation activation) {
      activationFn = activation;
      return (T) this;
    }
  }
}

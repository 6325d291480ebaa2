package org.dl4jplus.ot;

import java.util.Map;
import java.util.stream.IntStream;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.dl4jplus.ot.experts.ExpertMixture;
import org.dl4jplus.ot.experts.Gates;
import org.dl4jplus.ot.experts.Router;
import org.dl4jplus.ot.experts.SoftmaxRouter;
import org.dl4jplus.ot.experts.TransportRouter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Sparse mixture of experts: small dense networks of which each works on at most {@code capacity}
 * tokens of a batch, chosen by sparsity-constrained transport. The formulas are {@link
 * ExpertMixture}'s and {@link TransportRouter}'s. It computes in double precision whatever the
 * network's type.
 *
 * <p>Input [batch, nIn], whose rows are the tokens, or [batch, nIn, steps], whose steps all are
 * tokens but those that a mask of [batch, steps] leaves out; output alike, with nOut in place of
 * nIn. The activation function is the one inside of the experts, and like a dense layer's the
 * network's if the layer has none. Parameters: the router "R" of [nIn, numExperts]; "W1" of [nIn,
 * numExperts*hidden], "b1", "W2" of [hidden, numExperts*nOut] and "b2", in which every expert has
 * its block of columns.
 *
 * <p>The pass back is exact but for the router under TRANSPORT, where the potentials of the
 * transport are held; with routingIterations of 0 it is exact there too. A batch is routed as a
 * whole, so an example's output depends on the others'; under inferenceRouting TOKEN_TOP1 it does
 * not where the network is used, at a price: a network that was trained with TRANSPORT lost about 5
 * points of accuracy by it on digits, as tokens get one expert with weight 1 where they had shares
 * of several. There TRANSPORT raises the capacity to batch/numExperts if the batch is larger than
 * what the experts could take. {@link #gates} tells who has what.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class SparseMixtureOfExperts extends ExplicitLayer {

  private static final long serialVersionUID = 1L;
  private static final String ROUTER = "R";
  private static final String FIRST = "W1";
  private static final String FIRST_BIAS = "b1";
  private static final String SECOND = "W2";
  private static final String SECOND_BIAS = "b2";

  /** How tokens get their experts. */
  public enum Routing {
    /** By sparsity-constrained transport, over the batch as a whole. */
    TRANSPORT,
    /** Each token by itself: the experts of its highest scores, weighted by the softmax. */
    SOFTMAX,
    /** Each token by itself: the expert of its highest score, with weight 1. Not for training. */
    TOKEN_TOP1
  }

  /** What a token without an expert gives. */
  public enum Unmatched {
    /** Zeros. */
    ZERO,
    /** Itself; nOut must be nIn. */
    IDENTITY
  }

  private long nIn;
  private long nOut;
  private int numExperts;
  private int capacity;
  private int expertHidden;
  private double gamma;
  private int routingIterations;
  private int expertsPerToken;
  private Routing routing;
  private Routing inferenceRouting;
  private Unmatched unmatched;
  private IActivation activationFn;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected SparseMixtureOfExperts(Builder builder) {
    super(builder);
    nIn = builder.nIn;
    nOut = builder.nOut;
    numExperts = builder.numExperts;
    capacity = builder.capacity;
    expertHidden = builder.expertHidden;
    gamma = builder.gamma;
    routingIterations = builder.routingIterations;
    expertsPerToken = builder.expertsPerToken;
    routing = builder.routing;
    inferenceRouting = builder.inferenceRouting;
    unmatched = builder.unmatched;
    activationFn = builder.activationFn;
    begin(builder);
  }

  @Override
  protected void validate() {
    if (nIn < 0 || nOut < 1) {
      throw new IllegalArgumentException("nIn must be >= 0 and nOut >= 1: " + nIn + ", " + nOut);
    }
    if (numExperts < 1 || expertHidden < 1) {
      throw new IllegalArgumentException(
          "numExperts and expertHidden must be >= 1: " + numExperts + ", " + expertHidden);
    }
    if (routing == null || routing == Routing.TOKEN_TOP1) {
      throw new IllegalArgumentException("routing must be TRANSPORT or SOFTMAX: " + routing);
    }
    if (unmatched == null) {
      throw new IllegalArgumentException("unmatched must be given, got null");
    }
    if (unmatched == Unmatched.IDENTITY && nIn != 0 && nIn != nOut) {
      throw new IllegalArgumentException(
          "nOut must be nIn for unmatched IDENTITY: " + nOut + ", " + nIn);
    }
    if (routingIterations < 0) {
      throw new IllegalArgumentException("routingIterations must be >= 0: " + routingIterations);
    }
    new TransportRouter(capacity, gamma, routingIterations);
    new SoftmaxRouter(expertsPerToken, true);
  }

  @Override
  public void applyGlobalConfigToLayer(NeuralNetConfiguration.Builder globalConfig) {
    if (activationFn == null) {
      activationFn = globalConfig.getActivationFn();
    }
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    if (nIn == 0 || override) {
      nIn =
          inputType instanceof InputType.InputTypeRecurrent
              ? ((InputType.InputTypeRecurrent) inputType).getSize()
              : feedForward(inputType).getSize();
    }
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    if (inputType instanceof InputType.InputTypeRecurrent) {
      return InputType.recurrent(
          nOut, ((InputType.InputTypeRecurrent) inputType).getTimeSeriesLength());
    }
    feedForward(inputType);
    return InputType.feedForward(nOut);
  }

  private InputType.InputTypeFeedForward feedForward(InputType inputType) {
    if (!(inputType instanceof InputType.InputTypeFeedForward)) {
      throw new IllegalStateException(
          "SparseMixtureOfExperts "
              + getLayerName()
              + " takes vectors or sequences, not "
              + inputType);
    }
    return (InputType.InputTypeFeedForward) inputType;
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    params.clear();
    params.addWeightParam(ROUTER, nIn, numExperts);
    params.addWeightParam(FIRST, nIn, (long) numExperts * expertHidden);
    params.addBiasParam(FIRST_BIAS, 1, (long) numExperts * expertHidden);
    params.addWeightParam(SECOND, expertHidden, numExperts * nOut);
    params.addBiasParam(SECOND_BIAS, 1, numExperts * nOut);
  }

  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    initWeights((int) nIn, numExperts, weightInit, params.get(ROUTER));
    initWeights((int) nIn, expertHidden, weightInit, params.get(FIRST));
    initWeights(expertHidden, (int) nOut, weightInit, params.get(SECOND));
    params.get(FIRST_BIAS).assign(0);
    params.get(SECOND_BIAS).assign(0);
  }

  /**
   * Who works on what in a batch: the gates with the experts' loads.
   *
   * @param layer of a network, with such a configuration
   * @param input what comes to this layer, without a mask
   * @param training whether as in training or as in use
   * @return the gates; tokens are the examples, in sequences the steps of the first one first
   * @throws IllegalArgumentException if the layer is of another kind or the input of a wrong shape
   */
  public static Gates gates(Layer layer, INDArray input, boolean training) {
    if (!(layer.conf().getLayer() instanceof SparseMixtureOfExperts)) {
      throw new IllegalArgumentException(
          "layer must be a SparseMixtureOfExperts: " + layer.conf().getLayer());
    }
    SparseMixtureOfExperts own = (SparseMixtureOfExperts) layer.conf().getLayer();
    MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
    try (outside) {
      return own.tokens(input, null, layer.paramTable(), training).result().gates();
    }
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    return tokens(input, mask, parameters, training);
  }

  private Tokens tokens(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    if (input.rank() < 2 || input.rank() > 3 || input.size(1) != nIn) {
      throw new IllegalArgumentException(
          "input must be of shape [batch, "
              + nIn
              + "] or [batch, "
              + nIn
              + ", steps]: "
              + input.shapeInfoToString());
    }
    int steps = input.rank() == 2 ? 1 : (int) input.size(2);
    int[] places = IntStream.range(0, (int) input.size(0) * steps).toArray();
    if (mask != null && input.rank() == 3) {
      double[] kept = values(mask);
      places = IntStream.of(places).filter(p -> kept[p] != 0).toArray();
    }
    ExpertMixture mixture =
        new ExpertMixture(
            (int) nIn,
            expertHidden,
            (int) nOut,
            numExperts,
            activationFn == null ? new ActivationIdentity() : activationFn,
            unmatched == Unmatched.IDENTITY);
    ExpertMixture.Result result = null;
    if (places.length > 0) {
      result =
          mixture.run(
              Tokens.gather(values(input), places, steps, (int) nIn),
              new ExpertMixture.Weights(
                  values(parameters.get(ROUTER)),
                  values(parameters.get(FIRST)),
                  values(parameters.get(FIRST_BIAS)),
                  values(parameters.get(SECOND)),
                  values(parameters.get(SECOND_BIAS))),
              router(places.length, training));
    }
    return new Tokens(mixture, result, places, steps, input.shape(), input.dataType());
  }

  private Router router(int tokens, boolean training) {
    Routing kind = training || inferenceRouting == null ? routing : inferenceRouting;
    if (kind == Routing.TRANSPORT) {
      int room = training ? 0 : (tokens + numExperts - 1) / numExperts;
      return new TransportRouter(Math.max(capacity, room), gamma, routingIterations);
    }
    return kind == Routing.SOFTMAX
        ? new SoftmaxRouter(expertsPerToken, true)
        : new SoftmaxRouter(1, false);
  }

  private static double[] values(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  /**
   * The tokens of a batch.
   *
   * @param result null without tokens
   * @param places of the tokens among all steps
   * @param shape of the input
   */
  private record Tokens(
      ExpertMixture mixture,
      ExpertMixture.Result result,
      int[] places,
      int steps,
      long[] shape,
      DataType type)
      implements Pass {

    private static int index(int place, int feature, int features, int steps) {
      return (place / steps * features + feature) * steps + place % steps;
    }

    private static double[] gather(double[] all, int[] places, int steps, int features) {
      double[] tokens = new double[places.length * features];
      for (int k = 0; k < tokens.length; k++) {
        tokens[k] = all[index(places[k / features], k % features, features, steps)];
      }
      return tokens;
    }

    private INDArray scatter(double[] tokens, int features) {
      double[] all = new double[(int) shape[0] * features * steps];
      for (int k = 0; k < tokens.length; k++) {
        all[index(places[k / features], k % features, features, steps)] = tokens[k];
      }
      long[] to = shape.clone();
      to[1] = features;
      return Nd4j.createFromArray(all).castTo(type).reshape('c', to);
    }

    @Override
    public INDArray output() {
      return scatter(result == null ? new double[0] : result.output(), mixture.outputs());
    }

    @Override
    public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
      int first = mixture.experts() * mixture.hidden();
      int second = mixture.experts() * mixture.outputs();
      ExpertMixture.Weights sums =
          new ExpertMixture.Weights(
              new double[mixture.inputs() * mixture.experts()],
              new double[mixture.inputs() * first],
              new double[first],
              new double[mixture.hidden() * second],
              new double[second]);
      double[] below = new double[0];
      if (result != null) {
        below = result.backward(gather(values(epsilon), places, steps, mixture.outputs()), sums);
      }
      assign(gradients.get(ROUTER), sums.router());
      assign(gradients.get(FIRST), sums.first());
      assign(gradients.get(FIRST_BIAS), sums.firstBias());
      assign(gradients.get(SECOND), sums.second());
      assign(gradients.get(SECOND_BIAS), sums.secondBias());
      return scatter(below, mixture.inputs());
    }

    private static void assign(INDArray to, double[] values) {
      to.assign(Nd4j.createFromArray(values).reshape('c', to.shape()));
    }
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SameDiffLayer.Builder<Builder> {

    private long nIn;
    private long nOut;
    private int numExperts = 8;
    private int capacity;
    private int expertHidden = 16;
    private double gamma = 100;
    private int routingIterations = 30;
    private int expertsPerToken = 1;
    private Routing routing = Routing.TRANSPORT;
    private Routing inferenceRouting;
    private Unmatched unmatched = Unmatched.ZERO;
    private IActivation activationFn;

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the features of a token.
     *
     * @param nIn at least 1; by default what the layer below gives
     * @return this
     */
    public Builder nIn(long nIn) {
      this.nIn = nIn;
      return this;
    }

    /**
     * Sets the features of a result.
     *
     * @param nOut at least 1; has to be set
     * @return this
     */
    public Builder nOut(long nOut) {
      this.nOut = nOut;
      return this;
    }

    /**
     * Sets the number of experts.
     *
     * @param numExperts at least 1, default 8
     * @return this
     */
    public Builder numExperts(int numExperts) {
      this.numExperts = numExperts;
      return this;
    }

    /**
     * Sets how many tokens of a batch an expert gets at most under TRANSPORT. All tokens of a batch
     * have room if capacity*numExperts is at least their number.
     *
     * @param capacity at least 1; has to be set
     * @return this
     */
    public Builder capacity(int capacity) {
      this.capacity = capacity;
      return this;
    }

    /**
     * Sets the hidden units of an expert.
     *
     * @param expertHidden at least 1, default 16
     * @return this
     */
    public Builder expertHidden(int expertHidden) {
      this.expertHidden = expertHidden;
      return this;
    }

    /**
     * Sets the weight of the squares in the transport problem: the larger, the more experts share a
     * token and the less its scores matter.
     *
     * <p>A token whose score is gamma/numExperts below the best that an expert has gets nothing of
     * it. With gamma 1, the solver's default, and 8 experts that is an eighth, and most of the
     * capacity stays empty.
     *
     * @param gamma finite and &gt; 0, default 100
     * @return this
     */
    public Builder gamma(double gamma) {
      this.gamma = gamma;
      return this;
    }

    /**
     * Sets the iterations of the transport's solver.
     *
     * @param routingIterations at least 0, default 30; with 0 each expert chooses for itself
     * @return this
     */
    public Builder routingIterations(int routingIterations) {
      this.routingIterations = routingIterations;
      return this;
    }

    /**
     * Sets how many experts a token has under SOFTMAX.
     *
     * @param expertsPerToken at least 1, default 1
     * @return this
     */
    public Builder expertsPerToken(int expertsPerToken) {
      this.expertsPerToken = expertsPerToken;
      return this;
    }

    /**
     * Sets how tokens get their experts.
     *
     * @param routing default TRANSPORT; not TOKEN_TOP1
     * @return this
     */
    public Builder routing(Routing routing) {
      this.routing = routing;
      return this;
    }

    /**
     * Sets how tokens get their experts where the network is used, not trained.
     *
     * @param inferenceRouting null, the default, for the same as in training
     * @return this
     */
    public Builder inferenceRouting(Routing inferenceRouting) {
      this.inferenceRouting = inferenceRouting;
      return this;
    }

    /**
     * Sets what a token without an expert gives.
     *
     * @param unmatched default ZERO
     * @return this
     */
    public Builder unmatched(Unmatched unmatched) {
      this.unmatched = unmatched;
      return this;
    }

    /**
     * Sets the activation function inside of the experts.
     *
     * @param activation default the network's
     * @return this
     */
    public Builder activation(Activation activation) {
      return activation(activation.getActivationFunction());
    }

    /**
     * Sets the activation function inside of the experts.
     *
     * @param activation default the network's
     * @return this
     */
    public Builder activation(IActivation activation) {
      activationFn = activation;
      return this;
    }

    @Override
    public SparseMixtureOfExperts build() {
      return new SparseMixtureOfExperts(this);
    }
  }
}

package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.between;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent.LineSearch;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent.Memory;
import org.dl4jplus.optim.first.surrogate.TargetLoss;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossL2;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Target-based surrogates (SSO): several steps on the parameters for each gradient of the loss, on
 * a model of the loss in the space of the network's outputs. For losses that are dear to evaluate.
 *
 * <pre>{@code
 * Z = f(theta) ;  G = d loss / d Z                   outputs before the activation, n examples
 * Q(p) = (1/n) sum_i ( <G_i, f_i(p) - Z_i> + ||f_i(p) - Z_i||^2/(2 eta) )
 * theta <- innerSteps steps of gradient descent on Q from theta     (see SurrogateDescent)
 * }</pre>
 *
 * <p>{@link #fit(Model, DataSetIterator)} is the network's own {@code fit} with the step replaced:
 * masks, listeners, batch normalization's statistics and constraints work as ever. Parameters that
 * are trained move by the inner steps alone; the network's updater runs, but what it does to them
 * is overwritten, and L1, L2 and weight decay are left out. The network needs one output layer that
 * is an {@code OutputLayer} or {@code RnnOutputLayer}; truncated backpropagation through time is
 * refused. With dropout or weight noise, one more gradient of the loss is taken in each step, under
 * the noise of the inner steps. If a value is not finite, the network's updater takes a plain step.
 * The line search computes a gradient with each value, those it rejects too.
 *
 * <p>Fields: {@code eta}, above 0; without it the inverse of the loss's curvature, known for MCXENT
 * with softmax ({@code 1/(1 - 1/C)} for C outputs), XENT with sigmoid (2), and, with identity, L2
 * (1/2) and MSE (half the number of outputs), the platform's squared losses lacking the factor 1/2.
 * {@code etaSchedule} CONSTANT, or SQRT: eta/sqrt(iteration + 1). {@code innerSteps} 10, at least
 * 1. {@code inner} ARMIJO, or FIXED with {@code innerStep}, above 0, without a default; 1 step is
 * then SGD with that rate. For ARMIJO: {@code c} 0.5 and {@code backtrack} 0.9, in (0, 1); {@code
 * expand}, at least 1, without it {@code 1.8^(1/batchesPerEpoch)}; {@code batchesPerEpoch}, at
 * least 1, without it counted by reading the iterator once; {@code initialStep} 10, above 0; {@code
 * maxBacktracks} 100, at least 1; {@code minStep} 1e-6, at least 0. {@code gradientTolerance} 1e-6,
 * at least 0.
 *
 * <p>Differs from the authors' code in the scale of the surrogate and in that the step is expanded
 * from the second inner step on. The trainer keeps nothing: the network's iteration is all that a
 * resumed run needs.
 *
 * <p>J. W. Lavington, S. Vaswani, R. Babanezhad, M. Schmidt, N. Le Roux: "Target-based Surrogates
 * for Stochastic Optimization", arXiv 2302.02607 (2023).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class TargetSurrogateTrainer {

  /** How eta goes with the steps. */
  public enum EtaSchedule {
    /** Not at all. */
    CONSTANT,
    /** By one over the square root of the number of the step. */
    SQRT
  }

  /** How long the inner steps are. */
  public enum Inner {
    /** By Armijo's line search. */
    ARMIJO,
    /** As given. */
    FIXED
  }

  private final Double eta;
  private final EtaSchedule etaSchedule;
  private final int innerSteps;
  private final Inner inner;
  private final Double innerStep;
  private final double c;
  private final double backtrack;
  private final Double expand;
  private final Integer batchesPerEpoch;
  private final double initialStep;
  private final int maxBacktracks;
  private final double minStep;
  private final double gradientTolerance;

  /** With its defaults. */
  public TargetSurrogateTrainer() {
    this(null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private TargetSurrogateTrainer(
      @JsonProperty("eta") Double eta,
      @JsonProperty("etaSchedule") EtaSchedule etaSchedule,
      @JsonProperty("innerSteps") Integer innerSteps,
      @JsonProperty("inner") Inner inner,
      @JsonProperty("innerStep") Double innerStep,
      @JsonProperty("c") Double c,
      @JsonProperty("backtrack") Double backtrack,
      @JsonProperty("expand") Double expand,
      @JsonProperty("batchesPerEpoch") Integer batchesPerEpoch,
      @JsonProperty("initialStep") Double initialStep,
      @JsonProperty("maxBacktracks") Integer maxBacktracks,
      @JsonProperty("minStep") Double minStep,
      @JsonProperty("gradientTolerance") Double gradientTolerance) {
    this.eta = eta == null ? null : positive("eta", eta, 1);
    this.etaSchedule = etaSchedule == null ? EtaSchedule.CONSTANT : etaSchedule;
    this.innerSteps = count("innerSteps", innerSteps, 10);
    this.inner = inner == null ? Inner.ARMIJO : inner;
    if (this.inner == Inner.FIXED) {
      positive("innerStep", innerStep, Double.NaN);
    } else if (innerStep != null) {
      throw new IllegalArgumentException(
          "innerStep must be left out unless inner is FIXED, got " + innerStep);
    }
    this.innerStep = innerStep;
    this.c = between("c", c, 0.5, 0, 1);
    this.backtrack = between("backtrack", backtrack, 0.9, 0, 1);
    if (expand != null) {
      check(expand >= 1 && expand < Double.POSITIVE_INFINITY, "expand", expand, "at least 1");
    }
    this.expand = expand;
    this.batchesPerEpoch =
        batchesPerEpoch == null ? null : count("batchesPerEpoch", batchesPerEpoch, 1);
    this.initialStep = positive("initialStep", initialStep, 10);
    this.maxBacktracks = count("maxBacktracks", maxBacktracks, 100);
    this.minStep = nonNegative("minStep", minStep, 1e-6);
    this.gradientTolerance = nonNegative("gradientTolerance", gradientTolerance, 1e-6);
  }

  /**
   * Trains for one epoch.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param data its data
   * @throws IllegalArgumentException if the network is of another kind, its output layer is not
   *     fit, or eta is needed and was not given
   */
  public void fit(Model network, DataSetIterator data) {
    fit(network, data, 1);
  }

  /**
   * Trains for some epochs.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param data its data
   * @param epochs how many, at least 1
   * @throws IllegalArgumentException if the network is of another kind, its output layer is not
   *     fit, or eta is needed and was not given
   */
  public void fit(Model network, DataSetIterator data, int epochs) {
    count("epochs", epochs, 1);
    ModelAccess access = ModelAccess.of(network);
    Layer[] layers =
        network instanceof ComputationGraph graph
            ? graph.getLayers()
            : ((MultiLayerNetwork) network).getLayers();
    BaseOutputLayer output = output(network);
    ILossFunction loss = output.getLossFn();
    boolean noisy = Stream.of(layers).anyMatch(TargetSurrogateTrainer::noisy);
    Inside inside = new Inside(output, descent(data), eta(output), etaSchedule, noisy);
    List<TrainingListener> others = new ArrayList<>(access.listeners());
    List<TrainingListener> all = new ArrayList<>(others);
    all.add(inside);
    listen(network, all);
    try {
      if (network instanceof ComputationGraph graph) {
        graph.fit(data, epochs);
      } else {
        ((MultiLayerNetwork) network).fit(data, epochs);
      }
    } finally {
      output.setLossFn(loss);
      listen(network, others);
    }
  }

  private static void listen(Model network, List<TrainingListener> listeners) {
    if (network instanceof ComputationGraph graph) {
      graph.setListeners(listeners);
    } else {
      ((MultiLayerNetwork) network).setListeners(listeners);
    }
  }

  private static BaseOutputLayer output(Model network) {
    Layer layer =
        network instanceof ComputationGraph graph
            ? graph.getNumOutputArrays() == 1 ? graph.getOutputLayer(0) : null
            : ((MultiLayerNetwork) network).getOutputLayer();
    if (layer == null
        || !(layer.conf().getLayer() instanceof BaseOutputLayer output)
        || output instanceof CenterLossOutputLayer) {
      throw new IllegalArgumentException(
          "network must have one output, an OutputLayer or RnnOutputLayer, got "
              + (layer == null
                  ? "several outputs or none that is a layer"
                  : layer.conf().getLayer().getClass().getSimpleName()));
    }
    return output;
  }

  private static boolean noisy(Layer layer) {
    return layer.conf().getLayer().getIDropout() != null
        || layer.conf().getLayer() instanceof BaseLayer base && base.getWeightNoise() != null;
  }

  private double eta(BaseOutputLayer output) {
    if (eta != null) {
      return eta;
    }
    ILossFunction loss = output.getLossFn();
    double outputs = output.getNOut();
    if (loss instanceof LossMCXENT && output.getActivationFn() instanceof ActivationSoftmax) {
      return 1 / (1 - 1 / outputs);
    }
    if (loss instanceof LossBinaryXENT && output.getActivationFn() instanceof ActivationSigmoid) {
      return 2;
    }
    if (output.getActivationFn() instanceof ActivationIdentity) {
      Map<Class<?>, Double> squared = Map.of(LossL2.class, 0.5, LossMSE.class, outputs / 2);
      if (squared.containsKey(loss.getClass())) {
        return squared.get(loss.getClass());
      }
    }
    throw new IllegalArgumentException(
        "eta must be given for "
            + loss.name()
            + " with "
            + output.getActivationFn()
            + ": there is no default");
  }

  private SurrogateDescent descent(DataSetIterator data) {
    return inner == Inner.FIXED
        ? new SurrogateDescent(innerSteps, null, innerStep, gradientTolerance)
        : new SurrogateDescent(
            innerSteps,
            new LineSearch(c, backtrack, expand(data), maxBacktracks, minStep),
            initialStep,
            gradientTolerance);
  }

  private double expand(DataSetIterator data) {
    if (expand != null) {
      return expand;
    }
    int batches = batchesPerEpoch == null ? batches(data) : batchesPerEpoch;
    return Math.pow(1.8, 1.0 / batches);
  }

  private static int batches(DataSetIterator data) {
    if (!data.resetSupported()) {
      throw new IllegalArgumentException(
          "batchesPerEpoch must be given for an iterator that cannot be reset");
    }
    data.reset();
    int batches = 0;
    for (; data.hasNext(); batches++) {
      data.next();
    }
    data.reset();
    return Math.max(1, batches);
  }

  /** Takes the steps in one network's {@code fit}. */
  private static final class Inside extends GradientListener {

    private final transient BaseOutputLayer output;
    private final transient ILossFunction loss;
    private final transient TargetLoss target;
    private final transient SurrogateDescent descent;
    private final double eta;
    private final EtaSchedule etaSchedule;
    private final boolean noisy;
    private double scale;
    private boolean moved;

    Inside(
        BaseOutputLayer output,
        SurrogateDescent descent,
        double eta,
        EtaSchedule etaSchedule,
        boolean noisy) {
      this.output = output;
      this.descent = descent;
      this.eta = eta;
      this.etaSchedule = etaSchedule;
      this.noisy = noisy;
      loss = output.getLossFn();
      target = new TargetLoss(loss);
    }

    @Override
    public void onForwardPass(Model model, List<INDArray> activations) {
      listenIn();
    }

    @Override
    public void onForwardPass(Model model, Map<String, INDArray> activations) {
      listenIn();
    }

    /** Only for the length of a step: whoever saves the network shall find its own loss. */
    private void listenIn() {
      output.setLossFn(target);
    }

    @Override
    public void onGradientCalculation(Model model) {
      scale = ModelAccess.of(model).gradientScale();
      moved = false;
      try {
        super.onGradientCalculation(model);
      } finally {
        target.record();
        output.setLossFn(loss);
      }
    }

    @Override
    protected void transform(GradientTurn turn) {
      INDArray point = turn.scratch(0).assign(turn.parameters());
      INDArray start = turn.gradient();
      if (noisy) {
        start = turn.scratch(4);
        turn.evaluate(point, start);
      }
      target.stand(etaSchedule == EtaSchedule.SQRT ? eta / Math.sqrt(turn.iteration() + 1) : eta);
      moved =
          descent.descend(
              (at, gradientOut) -> {
                turn.evaluate(at, gradientOut);
                return target.value() / scale;
              },
              point,
              0,
              start,
              new Memory(turn.scratch(1), turn.scratch(2), turn.scratch(3)),
              (value, gradient, step, reached) -> {});
      moved &= Double.isFinite(GradientTurn.dot(point, point));
      if (!moved) {
        // Counted as a plain step.
        turn.gradient().assign(Double.NaN);
      }
    }

    @Override
    protected boolean changesParameters() {
      return moved;
    }

    @Override
    protected void afterUpdate(GradientTurn turn, INDArray parameters) {
      parameters.assign(turn.scratch(0));
    }
  }
}

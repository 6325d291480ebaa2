package org.dl4jplus.optim.first.oracle;

import java.io.Serializable;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.dl4jplus.optim.first.tape.Tape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener that replaces the gradient of each batch before the updater gets it, and may ask for
 * further gradients at other points. It works on MultiLayerNetwork and ComputationGraph; {@link
 * OracleOptimizer} drives the same method on a plain function.
 *
 * <p>One such listener to a network: a second one would work on what the first one left, so the
 * pair is refused. Whatever the method does, the network's parameters, score, random stream and
 * batch normalization's statistics are those of the first pass again when the updater runs. A
 * gradient or loss that is not finite at the start is handed on as it is and counted; one that a
 * further evaluation returns makes the step a plain one.
 *
 * <p>Truncated backpropagation through time is refused as soon as a second pass is asked for. Under
 * ParallelWrapper and Spark the platform hands listeners to the workers' copies of the network;
 * state is held for each network by itself.
 */
public abstract class GradientListener extends BaseTrainingListener implements Serializable {

  private static final Logger LOG = LoggerFactory.getLogger(GradientListener.class);

  private transient Map<Model, Attached> attached;
  private long plainSteps;

  /** For the methods. */
  protected GradientListener() {}

  /**
   * Replaces the gradient.
   *
   * @param turn this iteration; {@link GradientTurn#gradient()} holds the plain gradient and then
   *     the method's
   */
  protected abstract void transform(GradientTurn turn);

  /**
   * Runs after the updater has changed the parameters, unless the step stayed plain because
   * something was not finite. Does nothing by default.
   *
   * @param turn this iteration, whose scratch memory is as {@link #transform} left it
   * @param parameters the new parameters, of shape [n], to change
   */
  protected void afterUpdate(GradientTurn turn, INDArray parameters) {}

  /**
   * Whether {@link #afterUpdate} does anything.
   *
   * @return false by default
   */
  protected boolean changesParameters() {
    return false;
  }

  /**
   * Whether the method needs {@link GradientTurn#tape()}.
   *
   * @return false by default; must not change
   */
  protected boolean recordsLayers() {
    return false;
  }

  /**
   * Steps in which a gradient or loss was not finite and the method stood aside.
   *
   * @return the count over all networks
   */
  public long plainSteps() {
    return plainSteps;
  }

  /**
   * What the method remembers about a network.
   *
   * @param model the network
   * @return a copy
   */
  public GradientState state(Model model) {
    return attached(model).state.copy();
  }

  /**
   * Goes on from a saved state.
   *
   * @param model the network
   * @param state what {@link #state} returned
   */
  public void restoreState(Model model, GradientState state) {
    map().put(model, new Attached(state.copy()));
  }

  @Override
  public void onForwardPass(Model model, List<INDArray> activations) {
    beginRecord(model);
  }

  @Override
  public void onForwardPass(Model model, Map<String, INDArray> activations) {
    beginRecord(model);
  }

  private void beginRecord(Model model) {
    // Not the passes that the method itself asks for, nor those of a layer's own training.
    if (recordsLayers() && ModelAccess.isNetwork(model)) {
      Attached own = attached(model);
      if (!own.inside) {
        // Two that record would take each other's wrappers off.
        refuseOthers(ModelAccess.of(model).listeners());
        own.recorder.begin(model, null);
        own.recording = true;
      }
    }
  }

  @Override
  public void onBackwardPass(Model model) {
    if (recordsLayers() && ModelAccess.isNetwork(model)) {
      Attached own = attached(model);
      if (own.recording) {
        own.recording = false;
        own.tape = own.recorder.end(model);
      }
    }
  }

  @Override
  public void onGradientCalculation(Model model) {
    Attached own = attached(model);
    ModelAccess access = ModelAccess.of(model);
    if (own.oracle == null) {
      refuseOthers(access.listeners());
      own.oracle = ModelOracle.weak(model);
      own.turn = new GradientTurn(own.oracle, own.state, own.oracle::update);
    }
    ModelOracle oracle = own.oracle;
    GradientTurn turn = own.turn;
    oracle.readGradient(turn.gradient());
    turn.begin(access.score(), access.iteration(), access.epoch(), access.updater());
    turn.record(own.tape);
    own.tape = null;
    own.inside = true;
    try {
      own.replaced = run(turn);
    } finally {
      own.inside = false;
    }
    if (own.replaced) {
      oracle.writeGradient(turn.gradient());
    }
  }

  /** Runs the method; false if the plain gradient is to stay. */
  final boolean run(GradientTurn turn) {
    if (!finite(turn.gradient(), turn.loss())) {
      stoodAside();
      return false;
    }
    try {
      transform(turn);
    } finally {
      turn.oracle().restore();
    }
    if (!turn.finite() || !finite(turn.gradient(), turn.loss())) {
      stoodAside();
      return false;
    }
    return true;
  }

  private void stoodAside() {
    if (plainSteps++ == 0) {
      LOG.warn("{}: a gradient is not finite; such steps stay plain", getClass().getSimpleName());
    }
  }

  private static boolean finite(INDArray gradient, double loss) {
    return Double.isFinite(loss) && Double.isFinite(GradientTurn.dot(gradient, gradient));
  }

  @Override
  public void iterationDone(Model model, int iteration, int epoch) {
    if (!changesParameters()) {
      return;
    }
    Attached own = attached(model);
    if (own.replaced) {
      own.replaced = false;
      ModelOracle oracle = own.oracle;
      INDArray parameters = oracle.parameters();
      own.inside = true;
      try {
        afterUpdate(own.turn, parameters);
      } finally {
        own.inside = false;
      }
      oracle.writeParameters(parameters);
    }
  }

  private void refuseOthers(Collection<?> listeners) {
    for (Object other : listeners) {
      if (other instanceof GradientListener && other != this) {
        throw new IllegalStateException(
            getClass().getSimpleName()
                + " and "
                + other.getClass().getSimpleName()
                + " both replace the gradient of a step: attach one of them to a network");
      }
    }
  }

  private synchronized Map<Model, Attached> map() {
    if (attached == null) {
      attached = Collections.synchronizedMap(new WeakHashMap<>());
    }
    return attached;
  }

  private Attached attached(Model model) {
    return map().computeIfAbsent(model, m -> new Attached(new GradientState()));
  }

  /** What belongs to one network. */
  private static final class Attached {
    private final GradientState state;
    private ModelOracle oracle;
    private GradientTurn turn;
    private boolean replaced;
    private final LayerRecorder recorder = new LayerRecorder();
    private Tape tape;
    private boolean recording;
    private boolean inside;

    Attached(GradientState state) {
      this.state = state;
    }
  }
}

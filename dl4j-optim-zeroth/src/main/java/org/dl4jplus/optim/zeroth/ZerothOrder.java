package org.dl4jplus.optim.zeroth;

import java.lang.reflect.Field;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.Solver;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.train.ZerothOrderOptimizer;

/**
 * A network that is trained by losses alone:
 *
 * <pre>{@code
 * ZerothOrder.attach(network, MeZO.builder().learningRate(2e-3).build());
 * network.fit(iterator, 10);
 * }</pre>
 *
 * <p>From then on every plain {@code fit} trains without backpropagation: listeners, epochs,
 * evaluation, early stopping, constraints and saving work as ever, and neither a gradient nor an
 * updater's state is allocated. The network's own updater is not used. The platform keeps what
 * trains a network in a field that copies, saved files and workers do not have: attach again after
 * cloning or loading, and put {@link #state()} back for methods that remember something. The best
 * network of early stopping is such a copy.
 *
 * <p>Copies, and files with the updater's state in them, make the platform take memory for a
 * gradient and for that state, though neither is used: {@code network.save(file, false)} does not.
 */
public final class ZerothOrder {

  private static final Map<Model, ZerothOrder> ATTACHED =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final ZerothOrderMethod method;
  private GradientState state = new GradientState();
  private long evaluations;
  private long skipped;

  private ZerothOrder(ZerothOrderMethod method) {
    this.method = method;
  }

  /**
   * Lets a network be trained by a method.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param method the method
   * @param <M> kind of network
   * @return the network
   * @throws IllegalArgumentException without parameters, or for parameters of a small type
   */
  public static <M extends Model> M attach(M network, ZerothOrderMethod method) {
    ModelObjective objective = new ModelObjective(network);
    Require.given("method", method);
    if (objective.stretches().isEmpty()) {
      throw new IllegalArgumentException("The network has no parameters that may move");
    }
    ZerothOrder attached = new ZerothOrder(method);
    Worker worker =
        new Worker(
            attached, objective, new Perturber(objective.parameters(), objective.stretches()));
    Solver solver =
        new Solver.Builder()
            .configure(network.conf())
            .listeners(ModelAccess.of(network).listeners())
            .model(network)
            .build();
    set(Solver.class, solver, "optimizer", new ZerothOrderOptimizer(network, worker::step));
    set(
        network instanceof ComputationGraph ? ComputationGraph.class : MultiLayerNetwork.class,
        network,
        "solver",
        solver);
    ATTACHED.put(network, attached);
    return network;
  }

  /** The platform has no way to choose what makes a step. */
  private static void set(Class<?> owner, Object object, String field, Object value) {
    try {
      Field found = owner.getDeclaredField(field);
      found.setAccessible(true);
      found.set(object, value);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "This version of the platform has no field " + owner.getSimpleName() + "." + field, e);
    }
  }

  /**
   * What was attached to a network.
   *
   * @param network the network
   * @return the handle
   * @throws IllegalArgumentException for a network without
   */
  public static ZerothOrder of(Model network) {
    ZerothOrder attached = ATTACHED.get(network);
    if (attached == null) {
      throw new IllegalArgumentException("No zeroth-order method is attached to this network");
    }
    return attached;
  }

  /**
   * The method.
   *
   * @return its configuration
   */
  public ZerothOrderMethod method() {
    return method;
  }

  /**
   * What the method remembers; serializable.
   *
   * @return a copy
   */
  public GradientState state() {
    return state.copy();
  }

  /**
   * Goes on from a saved state.
   *
   * @param saved what {@link #state()} returned
   */
  public void restoreState(GradientState saved) {
    state = Require.given("saved", saved).copy();
  }

  /**
   * Losses that were evaluated.
   *
   * @return the count
   */
  public long evaluations() {
    return evaluations;
  }

  /**
   * Steps that were skipped since a loss was not finite.
   *
   * @return the count
   */
  public long skippedSteps() {
    return skipped;
  }

  /** Makes the steps; held by the network alone, as it holds the network. */
  private record Worker(ZerothOrder attached, ModelObjective objective, Perturber perturber) {
    double step(Model network) {
      ModelAccess access = ModelAccess.of(network);
      objective.useCurrentBatch();
      long before = objective.evaluations();
      double loss =
          attached.method.step(
              new ZoStep(objective, perturber, access.iteration(), access.epoch(), attached.state));
      attached.evaluations += objective.evaluations() - before;
      if (!Double.isFinite(loss)) {
        attached.skipped++;
      }
      return loss;
    }
  }
}

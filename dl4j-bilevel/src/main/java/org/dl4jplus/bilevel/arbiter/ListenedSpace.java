package org.dl4jplus.bilevel.arbiter;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.DL4JConfiguration;
import org.deeplearning4j.arbiter.GraphConfiguration;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A space of networks that are trained with a listener of their own. With a {@link ChoiceSpace}
 * methods with and without a listener are searched together:
 *
 * <pre>{@code
 * new ChoiceSpace<>(Map.of(
 *     "Adam", layers(UpdaterSpaces.adam(rate)),
 *     "Sophia", new ListenedSpace(layers(UpdaterSpaces.sgd(rate)), ListenerSpace.of(new Sophia()))))
 * }</pre>
 *
 * The tasks of this package attach the listener; Arbiter's own do not.
 */
@EqualsAndHashCode(callSuper = false)
@SuppressWarnings("rawtypes")
public final class ListenedSpace extends CompositeSpace<Serializable> {

  /** What tells a task of a candidate's listener. */
  interface Listened {

    /** The listener as JSON with its class. */
    String listener();
  }

  private static final class Layers extends DL4JConfiguration implements Listened {
    private static final long serialVersionUID = 1L;
    private final String listener;

    Layers(DL4JConfiguration of, String listener) {
      super(of.getMultiLayerConfiguration(), of.getEarlyStoppingConfiguration(), of.getNumEpochs());
      this.listener = listener;
    }

    @Override
    public String listener() {
      return listener;
    }
  }

  private static final class Graph extends GraphConfiguration implements Listened {
    private static final long serialVersionUID = 1L;
    private final String listener;

    Graph(GraphConfiguration of, String listener) {
      super(of.getConfiguration(), of.getEarlyStoppingConfiguration(), of.getNumEpochs());
      this.listener = listener;
    }

    @Override
    public String listener() {
      return listener;
    }
  }

  @JsonProperty private final ParameterSpace<?> network;
  @JsonProperty private final ParameterSpace<? extends TrainingListener> listener;

  /**
   * Puts listeners on networks.
   *
   * @param network a MultiLayerSpace or a ComputationGraphSpace
   * @param listener a {@link ListenerSpace}, or a choice of them
   * @throws IllegalArgumentException where one is missing
   */
  @JsonCreator
  public ListenedSpace(
      @JsonProperty("network") ParameterSpace<?> network,
      @JsonProperty("listener") ParameterSpace<? extends TrainingListener> listener) {
    this.network = Require.given("network", network);
    this.listener = Require.given("listener", listener);
  }

  @Override
  public Serializable getValue(double[] values) {
    String json = ListenerSpace.write(listener.getValue(values)).toString();
    Object value = network.getValue(values);
    if (value instanceof DL4JConfiguration layers) {
      return new Layers(layers, json);
    }
    if (value instanceof GraphConfiguration graph) {
      return new Graph(graph, json);
    }
    throw new IllegalArgumentException(
        "The networks must be those of a MultiLayerSpace or a ComputationGraphSpace, are "
            + network);
  }

  /** The listener of a candidate's configuration; null without one. */
  static TrainingListener listener(Object value) {
    if (!(value instanceof Listened listened)) {
      return null;
    }
    try {
      return ListenerSpace.readListener(
          (ObjectNode) ListenerSpace.JSON.readTree(listened.listener()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("The listener cannot be read: " + listened.listener(), e);
    }
  }

  @Override
  public Map<String, ParameterSpace> getNestedSpaces() {
    Map<String, ParameterSpace> nested = new LinkedHashMap<>();
    nested.put("network", network);
    nested.put("listener", listener);
    return nested;
  }

  @Override
  public String toString() {
    return listener + " on " + network;
  }
}

package org.dl4jplus.bilevel.arbiter;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import lombok.AccessLevel;
import lombok.RequiredArgsConstructor;
import org.apache.commons.lang3.SerializationUtils;
import org.deeplearning4j.arbiter.DL4JConfiguration;
import org.deeplearning4j.arbiter.GraphConfiguration;
import org.deeplearning4j.arbiter.scoring.util.ScoreUtil;
import org.deeplearning4j.datasets.iterator.MultiDataSetWrapperIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.Optim;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** A network of either kind that a candidate's configuration describes. */
@RequiredArgsConstructor(access = AccessLevel.PRIVATE)
final class NetworkCandidate {

  private final Model model;
  private final int epochs;
  private final EarlyStoppingConfiguration<?> earlyStopping;
  private final TrainingListener listener;

  /**
   * Makes the network of a candidate, bound to its updaters and initialised.
   *
   * @param value a DL4JConfiguration or a GraphConfiguration
   */
  static NetworkCandidate of(Object value) {
    if (value instanceof DL4JConfiguration configuration) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(Optim.bind(configuration.getMultiLayerConfiguration()));
      network.init();
      return new NetworkCandidate(
          network,
          epochs(configuration.getNumEpochs()),
          configuration.getEarlyStoppingConfiguration(),
          ListenedSpace.listener(value));
    }
    if (value instanceof GraphConfiguration configuration) {
      ComputationGraph network = new ComputationGraph(Optim.bind(configuration.getConfiguration()));
      network.init();
      return new NetworkCandidate(
          network,
          epochs(configuration.getNumEpochs()),
          configuration.getEarlyStoppingConfiguration(),
          ListenedSpace.listener(value));
    }
    throw new IllegalArgumentException(
        "A candidate must be a DL4JConfiguration or a GraphConfiguration, as MultiLayerSpace and"
            + " ComputationGraphSpace give them, is "
            + (value == null ? null : value.getClass().getName()));
  }

  private static int epochs(Integer epochs) {
    return epochs == null ? 1 : epochs;
  }

  /** The same with another network, which a task listener may give. */
  NetworkCandidate with(Model other) {
    return new NetworkCandidate(other, epochs, earlyStopping, listener);
  }

  Model model() {
    return model;
  }

  /** The method that is attached to the network; null for none. */
  TrainingListener listener() {
    return listener;
  }

  /** Epochs that the configuration asks for. */
  int epochs() {
    return epochs;
  }

  boolean stopsEarly() {
    return earlyStopping != null;
  }

  /** Parameter updates made so far. */
  int updates() {
    return model instanceof ComputationGraph graph
        ? graph.getIterationCount()
        : ((MultiLayerNetwork) model).getIterationCount();
  }

  /** Epochs made so far. */
  int epochCount() {
    return model instanceof ComputationGraph graph
        ? graph.getEpochCount()
        : ((MultiLayerNetwork) model).getEpochCount();
  }

  long seed() {
    return model instanceof ComputationGraph graph
        ? graph.getConfiguration().getDefaultConfiguration().getSeed()
        : ((MultiLayerNetwork) model).getDefaultConfiguration().getSeed();
  }

  /** Trains for an epoch on an iterator or a factory of one. */
  void fit(Object data) {
    if (model instanceof ComputationGraph graph) {
      graph.fit(ScoreUtil.getMultiIterator(data));
    } else if (data instanceof MultiDataSetIterator iterator) {
      ((MultiLayerNetwork) model).fit(iterator);
    } else {
      ((MultiLayerNetwork) model).fit(ScoreUtil.getIterator(data));
    }
  }

  /**
   * Trains until the configuration's early stopping says so.
   *
   * @param data an iterator or a factory of one
   * @param curve takes the scores of the epochs
   * @return the best network
   */
  Model fitUntilStopped(Object data, List<Double> curve) {
    EarlyStoppingResult<? extends Model> result;
    if (model instanceof ComputationGraph graph) {
      result =
          new EarlyStoppingGraphTrainer(
                  own(earlyStopping), graph, ScoreUtil.getMultiIterator(data), null)
              .fit();
    } else {
      DataSetIterator iterator =
          data instanceof MultiDataSetIterator multi
              ? new MultiDataSetWrapperIterator(multi)
              : ScoreUtil.getIterator(data);
      result =
          new EarlyStoppingTrainer(own(earlyStopping), (MultiLayerNetwork) model, iterator).fit();
    }
    if (result.getTerminationReason() == EarlyStoppingResult.TerminationReason.Error) {
      throw new IllegalStateException(
          "Early stopping ended with an error: " + result.getTerminationDetails());
    }
    curve.addAll(new TreeMap<>(result.getScoreVsEpoch()).values());
    return result.getBestModel();
  }

  /**
   * All candidates of a space share its configuration of early stopping. A task takes its own
   * conditions, which count, and its own memory for the best network, which might hold another
   * candidate's.
   */
  private static <T extends Model> EarlyStoppingConfiguration<T> own(
      EarlyStoppingConfiguration<?> shared) {
    @SuppressWarnings("unchecked")
    EarlyStoppingConfiguration<T> from = (EarlyStoppingConfiguration<T>) shared;
    EarlyStoppingConfiguration<T> own = new EarlyStoppingConfiguration<>();
    own.setModelSaver(
        from.getModelSaver() instanceof InMemoryModelSaver
            ? new BestInMemory<>()
            : from.getModelSaver());
    own.setEpochTerminationConditions(copy(from.getEpochTerminationConditions()));
    own.setIterationTerminationConditions(copy(from.getIterationTerminationConditions()));
    own.setSaveLastModel(from.isSaveLastModel());
    own.setEvaluateEveryNEpochs(from.getEvaluateEveryNEpochs());
    own.setScoreCalculator(from.getScoreCalculator());
    return own;
  }

  private static <E> List<E> copy(List<E> conditions) {
    return conditions == null
        ? new ArrayList<>()
        : SerializationUtils.clone(new ArrayList<>(conditions));
  }

  private static final class BestInMemory<T extends Model> extends InMemoryModelSaver<T> {
    private static final long serialVersionUID = 1L;

    @Override
    public T getBestModel() throws IOException {
      T best = super.getBestModel();
      if (best == null) {
        throw new IllegalStateException(
            "Early stopping ended before a network was scored: an iteration's score was not what"
                + " its conditions ask for, or an iteration failed");
      }
      return best;
    }
  }

  /**
   * Goes on where another network stands: takes over its parameters, its updater's state and its
   * counts, and keeps its own configuration.
   *
   * @param other a network whose parameters and state have the same shapes
   * @throws IllegalArgumentException where they have not
   */
  void takeOver(NetworkCandidate other) {
    if (!shapes().equals(other.shapes())) {
      throw new IllegalArgumentException(
          "A training run cannot go on in a network of other shapes: "
              + other.shapes()
              + " became "
              + shapes());
    }
    if (!updaters().equals(other.updaters())) {
      throw new IllegalArgumentException(
          "A training run cannot go on with other updaters: it has "
              + other.updaters()
              + ", the candidate "
              + updaters());
    }
    model.setParams(other.model.params().dup());
    INDArray state = other.updater().getStateViewArray();
    if (state != null) {
      updater().setStateViewArray(state.dup());
    }
    if (model instanceof ComputationGraph graph) {
      graph.getConfiguration().setIterationCount(other.updates());
      graph.getConfiguration().setEpochCount(other.epochCount());
    } else {
      ((MultiLayerNetwork) model).setIterationCount(other.updates());
      ((MultiLayerNetwork) model).setEpochCount(other.epochCount());
    }
  }

  private BaseMultiLayerUpdater<?> updater() {
    return (BaseMultiLayerUpdater<?>)
        (model instanceof ComputationGraph graph
            ? graph.getUpdater()
            : ((MultiLayerNetwork) model).getUpdater());
  }

  /** What the updaters are and how much they remember, whatever their settings. */
  private List<String> updaters() {
    INDArray state = updater().getStateViewArray();
    List<String> updaters = new ArrayList<>();
    updater()
        .getUpdaterBlocks()
        .forEach(
            block ->
                updaters.add(block.getGradientUpdater().getConfig().getClass().getSimpleName()));
    updaters.add("state of " + (state == null ? 0 : state.length()));
    return updaters;
  }

  /** The shapes of the parameters by name. */
  private Map<String, List<Long>> shapes() {
    Map<String, List<Long>> shapes = new TreeMap<>();
    model
        .paramTable()
        .forEach(
            (name, value) -> {
              List<Long> shape = new ArrayList<>();
              for (long size : value.shape()) {
                shape.add(size);
              }
              shapes.put(name, shape);
            });
    return shapes;
  }
}

package org.dl4jplus.optim.first;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Fish: trains on several domains so that their gradients come to point the same way, which is
 * meant to help on a domain that was not seen. It takes a few ordinary steps, each on a batch of
 * another domain, and then goes only part of the way.
 *
 * <pre>{@code
 * w~ = w;  for metaSteps domains drawn without replacement:  w~ = updater step on one batch at w~
 * w  = w + metaLearningRate/metaSteps * (w~ - w)
 * }</pre>
 *
 * <p>The steps run in the network itself, so that its updater's state, its listeners and its
 * counter go on through them, and a saved network goes on where it stood. All parameters take part
 * in the last line, batch normalization's statistics included.
 *
 * <p>Fields: {@code metaSteps} 3, at least 1, with fewer domains all of them; {@code
 * metaLearningRate} 0.05, above 0; {@code divideMetaLearningRateBySteps} true, false for the
 * paper's formula without the division; {@code reloadInnerState} true, false for an updater that
 * starts afresh, its count and schedules included, in every meta-iteration; {@code stratified}
 * false, true to draw domains by their number of remaining batches; {@code pretrainIterations} 0,
 * as many ordinary steps on batches of single domains before the network's iteration count reaches
 * it; {@code seed} 0 of the draws. With one step and {@code metaLearningRate} 1 it is ordinary
 * training.
 *
 * <p>Y. Shi et al.: "Gradient Matching for Domain Generalization", arXiv 2104.09937 (2021).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class FishTrainer {

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private final int metaSteps;
  private final double metaLearningRate;
  private final boolean divideMetaLearningRateBySteps;
  private final boolean reloadInnerState;
  private final boolean stratified;
  private final int pretrainIterations;
  private final long seed;

  /** Fish with its defaults. */
  public FishTrainer() {
    this(null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private FishTrainer(
      @JsonProperty("metaSteps") Integer metaSteps,
      @JsonProperty("metaLearningRate") Double metaLearningRate,
      @JsonProperty("divideMetaLearningRateBySteps") Boolean divideMetaLearningRateBySteps,
      @JsonProperty("reloadInnerState") Boolean reloadInnerState,
      @JsonProperty("stratified") Boolean stratified,
      @JsonProperty("pretrainIterations") Integer pretrainIterations,
      @JsonProperty("seed") Long seed) {
    this.metaSteps = Require.count("metaSteps", metaSteps, 3);
    this.metaLearningRate = Require.positive("metaLearningRate", metaLearningRate, 0.05);
    this.divideMetaLearningRateBySteps =
        divideMetaLearningRateBySteps == null || divideMetaLearningRateBySteps;
    this.reloadInnerState = reloadInnerState == null || reloadInnerState;
    this.stratified = stratified != null && stratified;
    this.pretrainIterations = Require.atLeast("pretrainIterations", pretrainIterations, 0, 0);
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * One epoch: trains until every domain's batches are used up. A domain that has run out is no
   * longer drawn. The draws depend on the seed and the network's epoch.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param domains the batches of each domain; reset first where that is supported, and passed
   *     through once more to be counted with {@code stratified}
   * @throws IllegalArgumentException without domains, or if they cannot be counted
   */
  public void fit(Model network, List<? extends DataSetIterator> domains) {
    if (domains.isEmpty()) {
      throw new IllegalArgumentException("domains must not be empty");
    }
    ModelAccess access = ModelAccess.of(network);
    SplittableRandom random = new SplittableRandom(seed + GOLDEN_RATIO * access.epoch());
    List<Source> sources = new ArrayList<>();
    for (DataSetIterator domain : domains) {
      sources.add(new Source(domain, stratified));
    }
    Inner inner = new Inner(network);
    List.copyOf(access.listeners()).forEach(listener -> listener.onEpochStart(network));
    sources.removeIf(Source::isEmpty);
    while (!sources.isEmpty()) {
      if (access.iteration() < pretrainIterations) {
        inner.fit(draw(sources, 1, random).get(0));
      } else {
        metaIteration(inner, draw(sources, metaSteps, random));
      }
      sources.removeIf(Source::isEmpty);
    }
    List.copyOf(access.listeners()).forEach(listener -> listener.onEpochEnd(network));
    inner.nextEpoch();
  }

  /**
   * One meta-iteration on given batches, for draws of one's own.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param batches one batch of each domain, in the order of the steps
   */
  public void metaIteration(Model network, List<DataSet> batches) {
    metaIteration(new Inner(network), batches);
  }

  private void metaIteration(Inner inner, List<DataSet> batches) {
    inner.remember();
    int iteration = inner.access.iteration();
    if (!reloadInnerState) {
      inner.forgetUpdater();
    }
    batches.forEach(inner::fit);
    if (!reloadInnerState) {
      inner.setIteration(iteration + batches.size());
    }
    inner.interpolate(
        divideMetaLearningRateBySteps ? metaLearningRate / metaSteps : metaLearningRate);
  }

  /** One batch each of several sources, without replacement. */
  private List<DataSet> draw(List<Source> sources, int count, SplittableRandom random) {
    List<Source> left = new ArrayList<>(sources);
    List<DataSet> batches = new ArrayList<>();
    while (batches.size() < count && !left.isEmpty()) {
      double at = random.nextDouble() * left.stream().mapToLong(s -> s.weight).sum();
      int chosen = 0;
      while (chosen < left.size() - 1 && at >= left.get(chosen).weight) {
        at -= left.get(chosen).weight;
        chosen++;
      }
      batches.add(left.remove(chosen).next());
    }
    return batches;
  }

  /** A domain and the weight of its draw. */
  private static final class Source {

    private final DataSetIterator batches;
    private final boolean counted;
    private long weight = 1;

    Source(DataSetIterator batches, boolean counted) {
      this.batches = batches;
      this.counted = counted;
      if (batches.resetSupported()) {
        batches.reset();
      }
      if (counted) {
        if (!batches.resetSupported()) {
          throw new IllegalArgumentException(
              "stratified must be false for domains that cannot be reset and so not be counted");
        }
        for (weight = 0; batches.hasNext(); weight++) {
          batches.next();
        }
        batches.reset();
      }
    }

    boolean isEmpty() {
      return !batches.hasNext();
    }

    DataSet next() {
      if (counted) {
        weight--;
      }
      return batches.next();
    }
  }

  /** The network that takes the steps, with the memory for its start. */
  private static final class Inner {

    private final Model network;
    private final ModelAccess access;
    private final INDArray start;
    private INDArray freshState;

    Inner(Model network) {
      this.network = network;
      access = ModelAccess.of(network);
      start = access.parameters().dup();
    }

    void remember() {
      start.assign(access.parameters());
    }

    void interpolate(double rate) {
      // The whole way is exact.
      if (rate != 1) {
        access.parameters().subi(start).muli(rate).addi(start);
      }
    }

    void fit(DataSet batch) {
      if (network instanceof ComputationGraph graph) {
        graph.fit(batch);
      } else {
        ((MultiLayerNetwork) network).fit(batch);
      }
    }

    void forgetUpdater() {
      if (freshState == null) {
        if (network instanceof ComputationGraph graph) {
          graph.setUpdater(null);
        } else {
          ((MultiLayerNetwork) network).setUpdater(null);
        }
        INDArray state = stateView();
        freshState = state == null ? null : state.dup();
      } else {
        stateView().assign(freshState);
      }
      setIteration(0);
    }

    private INDArray stateView() {
      return network instanceof ComputationGraph graph
          ? graph.getUpdater(true).getStateViewArray()
          : ((MultiLayerNetwork) network).getUpdater(true).getStateViewArray();
    }

    void setIteration(int iteration) {
      if (network instanceof ComputationGraph graph) {
        graph.getConfiguration().setIterationCount(iteration);
      } else {
        ((MultiLayerNetwork) network).setIterationCount(iteration);
      }
    }

    void nextEpoch() {
      if (network instanceof ComputationGraph graph) {
        graph.incrementEpochCount();
      } else {
        ((MultiLayerNetwork) network).incrementEpochCount();
      }
    }
  }
}

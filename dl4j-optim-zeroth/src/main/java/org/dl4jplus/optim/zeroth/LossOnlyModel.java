package org.dl4jplus.optim.zeroth;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.ConvexOptimizer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.common.primitives.Pair;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A model without a gradient, as its listeners and the platform see it: the loops over batches, the
 * counts, and what the platform's interface asks for that has no answer here. Parameters are the
 * business of what extends it.
 */
abstract class LossOnlyModel implements Model {

  private static final String NO_GRADIENT =
      "A network that is trained by losses alone has no gradient";

  private final List<TrainingListener> listeners = new ArrayList<>();
  private int iteration;
  private int epoch;
  private double score = Double.NaN;
  private DataSet batch;

  LossOnlyModel(int iteration, int epoch) {
    this.iteration = iteration;
    this.epoch = epoch;
  }

  /** Makes a step on a batch and gives the loss to report; NaN if it was skipped. */
  abstract double step(DataSet batch);

  /** Applies whatever update is still to be made. */
  public abstract void flush();

  /**
   * The output for some features.
   *
   * @param features a batch
   * @param featuresMask their mask, or null
   * @param labelsMask mask of the labels, or null
   * @return the activations of the last layer
   */
  public abstract INDArray output(INDArray features, INDArray featuresMask, INDArray labelsMask);

  /**
   * Trains on a batch; its update stays pending until the next step or {@link #flush()}.
   *
   * @param data features, labels and masks
   * @throws IllegalArgumentException for an empty batch
   */
  @SuppressWarnings("try") // The scope is left by closing it.
  public void fit(DataSet data) {
    Require.given("data", data);
    if (data.getFeatures() == null || data.getLabels() == null || data.getFeatures().isEmpty()) {
      throw new IllegalArgumentException("The batch is empty");
    }
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      batch = data;
      score = step(data);
      for (TrainingListener listener : List.copyOf(listeners)) {
        listener.iterationDone(this, iteration, epoch);
      }
      iteration++;
    }
  }

  /**
   * Trains for an epoch and applies the last update.
   *
   * @param iterator of batches
   * @throws IllegalArgumentException if there is none
   */
  public void fit(DataSetIterator iterator) {
    fit(iterator, 1);
  }

  /**
   * Trains for some epochs and applies the last update.
   *
   * @param iterator of batches
   * @param epochs how many, at least 1
   * @throws IllegalArgumentException if there is no batch, and for several epochs of an iterator
   *     that cannot be reset
   */
  public void fit(DataSetIterator iterator, int epochs) {
    Require.given("iterator", iterator);
    Require.count("epochs", epochs, 1);
    if (epochs > 1 && !iterator.resetSupported()) {
      throw new IllegalArgumentException(
          "epochs must be 1 with an iterator that cannot be reset, got " + epochs);
    }
    for (int e = 0; e < epochs; e++) {
      rewind(iterator);
      if (!iterator.hasNext()) {
        throw new IllegalArgumentException("iterator has no batch: there is nothing to train on");
      }
      for (TrainingListener listener : List.copyOf(listeners)) {
        listener.onEpochStart(this);
      }
      while (iterator.hasNext()) {
        fit(iterator.next());
      }
      if (e == epochs - 1) {
        flush();
      }
      for (TrainingListener listener : List.copyOf(listeners)) {
        listener.onEpochEnd(this);
      }
      epoch++;
    }
    batch = null;
  }

  private static void rewind(DataSetIterator iterator) {
    if (!iterator.hasNext() && iterator.resetSupported()) {
      iterator.reset();
    }
  }

  /**
   * Evaluates a classifier.
   *
   * @param iterator of batches
   * @return the evaluation
   */
  public Evaluation evaluate(DataSetIterator iterator) {
    Evaluation evaluation = new Evaluation();
    evaluate(iterator, evaluation);
    return evaluation;
  }

  /**
   * Evaluates in any way.
   *
   * @param iterator of batches
   * @param into takes what is counted
   */
  public void evaluate(DataSetIterator iterator, IEvaluation<?>... into) {
    rewind(Require.given("iterator", iterator));
    while (iterator.hasNext()) {
      DataSet data = iterator.next();
      INDArray output =
          output(data.getFeatures(), data.getFeaturesMaskArray(), data.getLabelsMaskArray());
      for (IEvaluation<?> evaluation : into) {
        evaluation.eval(data.getLabels(), output, data.getLabelsMaskArray());
      }
    }
  }

  /**
   * Number of the next step.
   *
   * @return from 0
   */
  public int getIterationCount() {
    return iteration;
  }

  /**
   * Number of the epoch.
   *
   * @return from 0
   */
  public int getEpochCount() {
    return epoch;
  }

  /**
   * {@inheritDoc}
   *
   * @return the loss that the last step reported: the mean of those that it has seen, NaN if it was
   *     skipped
   */
  @Override
  public double score() {
    return score;
  }

  // The platform's interface.

  @Override
  public void init() {
    // A network is ready when it is made.
  }

  @Override
  public void setListeners(Collection<TrainingListener> all) {
    Require.given("listeners", all);
    listeners.clear();
    listeners.addAll(all);
  }

  @Override
  public void setListeners(TrainingListener... all) {
    setListeners(Arrays.asList(Require.given("listeners", all)));
  }

  @Override
  public void addListeners(TrainingListener... more) {
    listeners.addAll(Arrays.asList(Require.given("listeners", more)));
  }

  @Override
  public int batchSize() {
    return batch == null ? 0 : (int) batch.getFeatures().size(0);
  }

  @Override
  public INDArray input() {
    return batch == null ? null : batch.getFeatures();
  }

  @Override
  public void clear() {
    batch = null;
  }

  @Override
  public long numParams(boolean backwards) {
    return numParams();
  }

  @Override
  public Map<String, INDArray> paramTable(boolean backpropParamsOnly) {
    return paramTable();
  }

  @Override
  public void setParamTable(Map<String, INDArray> paramTable) {
    Require.given("paramTable", paramTable).forEach(this::setParam);
  }

  /** Does nothing: constraints are applied with each update. */
  @Override
  public void applyConstraints(int iteration, int epoch) {
    // They hold whenever parameters are read.
  }

  @Override
  @SuppressWarnings("deprecation") // The interface has it still.
  public void fit() {
    throw new UnsupportedOperationException("Data is needed: fit(DataSetIterator)");
  }

  @Override
  public void fit(INDArray data, LayerWorkspaceMgr workspaceMgr) {
    throw new UnsupportedOperationException("Labels are needed: fit(DataSetIterator)");
  }

  @Override
  public void update(Gradient gradient) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void update(INDArray gradient, String paramType) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void computeGradientAndScore(LayerWorkspaceMgr workspaceMgr) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public INDArray getGradientsViewArray() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray gradients) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public Gradient gradient() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public Pair<Gradient, Double> gradientAndScore() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public ConvexOptimizer getOptimizer() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void setConf(NeuralNetConfiguration conf) {
    throw new UnsupportedOperationException("The configuration of a network stays");
  }

  @Override
  public void setParamsViewArray(INDArray params) {
    throw new UnsupportedOperationException("Parameters lie in a store: setParams copies");
  }
}

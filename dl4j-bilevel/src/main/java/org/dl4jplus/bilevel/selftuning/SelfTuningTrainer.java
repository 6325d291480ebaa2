package org.dl4jplus.bilevel.selftuning;

import java.io.File;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lombok.Builder;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.AtomicFile;
import org.dl4jplus.bilevel.problem.HyperTransform;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Trains a self-tuning network: one run in which hyperparameters such as dropout rates move to
 * where the validation loss is small. Cycles of
 *
 * <pre>{@code
 * trainSteps times   h[i] = u + softplus(v) .* N(0, 1) for each example i; the network's own updater
 *                    takes a step on the training loss, hyperparameters applied
 * validSteps times   h = u for all, nothing applied; u (and v where scales are tuned) take a step
 *                    of their updater on  loss - entropyWeight * sum log(softplus(v) * sqrt(2*pi*e))
 * }</pre>
 *
 * where u are the unconstrained hyperparameters and v their unconstrained scales. The network has
 * {@link SelfTuningLayer}s, which learn how their weights respond to h, and {@link
 * SelfTuningDropout}s. Training goes through the network's own {@code fit}, so its listeners hear
 * the training steps.
 *
 * <p>It does not work everywhere. On 200 clean digits the response part, which doubles the weights,
 * makes it worse than fixed dropout; and a hyper learning rate of 0.1 was worse than 0.03.
 *
 * <p>M. MacKay, P. Vicol, J. Lorraine, D. Duvenaud, R. Grosse, "Self-Tuning Networks: Bilevel
 * Optimization of Hyperparameters using Structured Best-Response Functions", arXiv 1903.03088,
 * 2019.
 */
public final class SelfTuningTrainer {

  private static final String ENTRY = "selfTuning.bin";

  private final Model network;
  private final List<SelfTuned> hyperparameters;
  private final int trainSteps;
  private final int validSteps;
  private final int warmUpEpochs;
  private final double entropyWeight;
  private final boolean tuneScales;
  private final long seed;
  private final List<SelfTuningLayer> layers = new ArrayList<>();
  private final List<SelfTuningDropout> dropouts = new ArrayList<>();
  private final INDArray u;
  private final INDArray v;
  private final ArrayOptimizer hyperOptimizer;
  private final ArrayOptimizer scaleOptimizer;
  private int epoch;
  private long step;
  private long untilValidation;

  /** Batches taken in the present pass over the validation data. */
  private long validationAt;

  /**
   * Sets up training.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph with one input and output;
   *     its self-tuning layers have as many hyperparameters as there are here
   * @param hyperparameters what is tuned, at least one, in the order of the layers' h
   * @param trainSteps training steps in a cycle, at least 1, default 2
   * @param validSteps validation steps in a cycle, at least 1, default 1
   * @param warmUpEpochs epochs without validation steps, at least 0, default 5
   * @param hyperUpdater moves u, default Adam(3e-3)
   * @param scaleUpdater moves v, default Adam(3e-3)
   * @param entropyWeight weight of the scales' entropy, at least 0, default 1e-5
   * @param perturbScale softplus(v) at the start, above 0, default 0.5
   * @param tuneScales whether v is tuned, default false
   * @param seed of the perturbations and masks, default 0
   * @throws IllegalArgumentException for no network, no or two equal hyperparameters, one that no
   *     dropout of the network bears the name of, a dropout that is not self-tuning, or layers with
   *     another number of hyperparameters
   */
  @Builder
  private SelfTuningTrainer(
      Model network,
      List<SelfTuned> hyperparameters,
      Integer trainSteps,
      Integer validSteps,
      Integer warmUpEpochs,
      IUpdater hyperUpdater,
      IUpdater scaleUpdater,
      Double entropyWeight,
      Double perturbScale,
      boolean tuneScales,
      long seed) {
    if (hyperparameters == null || hyperparameters.isEmpty()) {
      throw new IllegalArgumentException("hyperparameters must not be empty");
    }
    this.network = Require.given("network", network);
    this.hyperparameters = List.copyOf(hyperparameters);
    this.trainSteps = Require.count("trainSteps", trainSteps, 2);
    this.validSteps = Require.count("validSteps", validSteps, 1);
    this.warmUpEpochs = Require.atLeast("warmUpEpochs", warmUpEpochs, 5, 0);
    this.entropyWeight = Require.nonNegative("entropyWeight", entropyWeight, 1e-5);
    this.tuneScales = tuneScales;
    this.seed = seed;
    double scale = Require.positive("perturbScale", perturbScale, 0.5);
    u = Nd4j.create(DataType.DOUBLE, hyperparameters.size());
    v =
        Nd4j.valueArrayOf(
            new long[] {hyperparameters.size()},
            HyperTransform.inverseSoftplus(scale),
            DataType.DOUBLE);
    for (int i = 0; i < hyperparameters.size(); i++) {
      SelfTuned each = hyperparameters.get(i);
      u.putScalar(i, each.bounds().inverse(each.start()));
    }
    hyperOptimizer =
        new ArrayOptimizer(hyperUpdater == null ? new Adam(3e-3) : hyperUpdater, List.of(), u);
    scaleOptimizer =
        new ArrayOptimizer(scaleUpdater == null ? new Adam(3e-3) : scaleUpdater, List.of(), v);
    findLayers();
    untilValidation = this.trainSteps;
    publish();
  }

  private void findLayers() {
    for (Layer layer : ModelAccess.of(network).layers()) {
      org.deeplearning4j.nn.conf.layers.Layer conf = layer.conf().getLayer();
      IDropout dropout = conf.getIDropout();
      if (dropout instanceof SelfTuningDropout own) {
        dropouts.add(own);
      } else if (dropout != null) {
        throw new IllegalArgumentException(
            "Layer "
                + conf.getLayerName()
                + " has another dropout: the validation loss wants none, take SelfTuningDropout");
      }
      if (conf instanceof SelfTuningLayer own) {
        layers.add(own);
        if (own.getHyperparameters() != hyperparameters.size()) {
          throw new IllegalArgumentException(
              "Layer "
                  + conf.getLayerName()
                  + " has "
                  + own.getHyperparameters()
                  + " hyperparameters, the trainer "
                  + hyperparameters.size());
        }
      }
    }
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("The network has no self-tuning layer");
    }
    for (SelfTuned each : hyperparameters) {
      long named = hyperparameters.stream().filter(o -> o.name().equals(each.name())).count();
      boolean used = dropouts.stream().anyMatch(d -> d.getName().equals(each.name()));
      if (named > 1 || used == (each.augmentation() != null)) {
        throw new IllegalArgumentException(
            "Hyperparameter "
                + each.name()
                + (named > 1
                    ? " is there twice"
                    : used ? " names a dropout and an augmentation" : " names no dropout"));
      }
    }
    for (SelfTuningDropout dropout : dropouts) {
      index(dropout.getName());
    }
  }

  private int index(String name) {
    for (int i = 0; i < hyperparameters.size(); i++) {
      if (hyperparameters.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException("No hyperparameter is named " + name + ", as a dropout is");
  }

  /**
   * Trains. Validation goes on where the last call or the saved run has left the batches.
   *
   * @param training training batches
   * @param validation validation batches, of none of the training examples
   * @param epochs passes over the training batches, at least 1
   * @throws IllegalArgumentException for fewer, or an iterator that is null or empty
   */
  public void fit(DataSetIterator training, DataSetIterator validation, int epochs) {
    Require.count("epochs", epochs, 1);
    Require.given("training", training);
    Require.given("validation", validation).reset();
    if (!validation.hasNext()) {
      throw new IllegalArgumentException("There is no validation batch");
    }
    for (long k = 0; k < validationAt && validation.hasNext(); k++) {
      validation.next();
    }
    for (int i = 0; i < epochs; i++) {
      training.reset();
      if (!training.hasNext()) {
        throw new IllegalArgumentException("There is no training batch");
      }
      while (training.hasNext()) {
        trainingStep(training.next());
        if (epoch >= warmUpEpochs && --untilValidation == 0) {
          untilValidation = trainSteps;
          for (int k = 0; k < validSteps; k++) {
            if (!validation.hasNext()) {
              validation.reset();
              validationAt = 0;
            }
            validationAt++;
            validationStep(validation.next());
          }
        }
      }
      epoch++;
      incrementEpoch();
    }
    publish();
  }

  private void incrementEpoch() {
    if (network instanceof ComputationGraph graph) {
      graph.incrementEpochCount();
    } else {
      ((MultiLayerNetwork) network).incrementEpochCount();
    }
  }

  private long seedOf(long what) {
    return CounterNoise.deriveSeed(seed, step, what);
  }

  /** Rows of h and the noise that made them, of [batch, H]. */
  private double[][][] perturbed(int examples) {
    int count = hyperparameters.size();
    double[] centres = u.toDoubleVector();
    double[] scales = v.toDoubleVector();
    long noiseSeed = seedOf(0);
    double[][] noise = new double[examples][count];
    double[][] rows = new double[examples][count];
    for (int i = 0; i < examples; i++) {
      CounterNoise.fill(Distribution.GAUSSIAN, noiseSeed, (long) i * count, noise[i], count);
      for (int j = 0; j < count; j++) {
        rows[i][j] = centres[j] + HyperTransform.softplus(scales[j]) * noise[i][j];
      }
    }
    return new double[][][] {rows, noise};
  }

  private void setRows(double[][] rows) {
    INDArray h = rows == null ? null : Nd4j.createFromArray(rows);
    layers.forEach(layer -> layer.perturb(h));
  }

  private void trainingStep(DataSet batch) {
    int examples = batch.numExamples();
    double[][] rows = perturbed(examples)[0];
    DataSet changed =
        new DataSet(
            batch.getFeatures().dup(),
            batch.getLabels(),
            batch.getFeaturesMaskArray(),
            batch.getLabelsMaskArray());
    for (int j = 0; j < hyperparameters.size(); j++) {
      SelfTuned each = hyperparameters.get(j);
      if (each.augmentation() != null) {
        each.augmentation().apply(changed.getFeatures(), values(rows, j), seedOf(1 + j));
      }
    }
    for (int k = 0; k < dropouts.size(); k++) {
      SelfTuningDropout dropout = dropouts.get(k);
      dropout.perturb(
          values(rows, index(dropout.getName())), seedOf(1 + hyperparameters.size() + k));
    }
    setRows(rows);
    step++;
    try {
      if (network instanceof ComputationGraph graph) {
        graph.fit(changed);
      } else {
        ((MultiLayerNetwork) network).fit(changed);
      }
    } finally {
      release();
    }
  }

  private double[] values(double[][] rows, int j) {
    double[] values = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      values[i] = hyperparameters.get(j).value(rows[i][j]);
    }
    return values;
  }

  private void release() {
    setRows(null);
    dropouts.forEach(dropout -> dropout.perturb(null, 0));
  }

  private void validationStep(DataSet batch) {
    int examples = batch.numExamples();
    int count = hyperparameters.size();
    double[][][] drawn = tuneScales ? perturbed(examples) : null;
    step++;
    double[][] rows = new double[examples][];
    for (int i = 0; i < examples; i++) {
      rows[i] = drawn == null ? u.toDoubleVector() : drawn[0][i];
    }
    INDArray gradient = Nd4j.create(DataType.DOUBLE, count);
    INDArray scaleGradient = Nd4j.create(DataType.DOUBLE, count);
    try {
      setRows(rows);
      dropouts.forEach(dropout -> dropout.perturb(new double[examples], 0));
      ModelAccess access = ModelAccess.of(network);
      MultiDataSet data = batch.toMultiDataSet();
      ModelBatch.set(network, data);
      double score = access.score();
      access.computeGradientAndScore();
      access.setScore(score);
      for (SelfTuningLayer layer : layers) {
        INDArray ofRows = layer.gradientOfHyperparameters();
        for (int i = 0; i < examples; i++) {
          for (int j = 0; j < count; j++) {
            double d = ofRows.getDouble(i, j) / access.gradientScale();
            gradient.putScalar(j, gradient.getDouble(j) + d);
            if (tuneScales) {
              double slope = HyperTransform.sigmoid(v.getDouble(j));
              scaleGradient.putScalar(j, scaleGradient.getDouble(j) + d * drawn[1][i][j] * slope);
            }
          }
        }
      }
    } finally {
      release();
    }
    if (!Double.isFinite(gradient.sumNumber().doubleValue())) {
      throw new ArithmeticException(
          "The gradient of the hyperparameters is not finite in step " + step);
    }
    hyperOptimizer.step(gradient);
    if (tuneScales) {
      for (int j = 0; j < count; j++) {
        double at = v.getDouble(j);
        double entropySlope = HyperTransform.sigmoid(at) / HyperTransform.softplus(at);
        scaleGradient.putScalar(j, scaleGradient.getDouble(j) - entropyWeight * entropySlope);
      }
      scaleOptimizer.step(scaleGradient);
    }
  }

  /** What the network is without this trainer: layers at the present h, dropout at its rates. */
  private void publish() {
    layers.forEach(layer -> layer.setTuned(u.toDoubleVector()));
    for (SelfTuningDropout dropout : dropouts) {
      int j = index(dropout.getName());
      dropout.tune(hyperparameters.get(j).value(u.getDouble(j)));
    }
  }

  /**
   * The present values.
   *
   * @return by name, in order
   */
  public Map<String, Double> values() {
    Map<String, Double> values = new LinkedHashMap<>();
    for (int j = 0; j < hyperparameters.size(); j++) {
      values.put(hyperparameters.get(j).name(), hyperparameters.get(j).value(u.getDouble(j)));
    }
    return values;
  }

  /**
   * The present deviations of the unconstrained hyperparameters in training.
   *
   * @return softplus(v) by name, in order
   */
  public Map<String, Double> scales() {
    Map<String, Double> scales = new LinkedHashMap<>();
    for (int j = 0; j < hyperparameters.size(); j++) {
      scales.put(hyperparameters.get(j).name(), HyperTransform.softplus(v.getDouble(j)));
    }
    return scales;
  }

  /**
   * The entropy of normal perturbations with given unconstrained scales.
   *
   * @param scales v
   * @return sum of log(softplus(v) * sqrt(2*pi*e))
   */
  public static double entropy(double[] scales) {
    double sum = 0;
    for (double scale : scales) {
      sum += Math.log(HyperTransform.softplus(scale) * Math.sqrt(2 * Math.PI * Math.E));
    }
    return sum;
  }

  /** What is saved beside the network. */
  private record Saved(
      double[] u,
      double[] v,
      double[] hyperState,
      double[] scaleState,
      int hyperIteration,
      int scaleIteration,
      int epoch,
      long step,
      long untilValidation,
      long validationAt)
      implements Serializable {}

  /**
   * Saves the network with its updater's state, and what this trainer knows, at the end of an
   * epoch; one who is interrupted leaves an older file as it was.
   *
   * @param file to be written
   * @throws IllegalArgumentException for null
   * @throws UncheckedIOException where that fails
   */
  public void save(File file) {
    Require.given("file", file);
    publish();
    Saved saved =
        new Saved(
            u.toDoubleVector(),
            v.toDoubleVector(),
            values(hyperOptimizer),
            values(scaleOptimizer),
            hyperOptimizer.getIteration(),
            scaleOptimizer.getIteration(),
            epoch,
            step,
            untilValidation,
            validationAt);
    AtomicFile.fill(
        file,
        part -> {
          ModelSerializer.writeModel(network, part, true);
          ModelSerializer.addObjectToFile(part, ENTRY, saved);
        });
  }

  private static double[] values(ArrayOptimizer optimizer) {
    return optimizer.state() == null ? new double[0] : optimizer.state().toDoubleVector();
  }

  /**
   * Goes on from a saved run; the network of this trainer is the one from the file.
   *
   * @param file as {@link #save} wrote it
   * @return this
   * @throws IllegalArgumentException for null, a file without the trainer's part, or one of other
   *     hyperparameters
   */
  public SelfTuningTrainer resume(File file) {
    if (!ModelSerializer.listObjectsInFile(Require.given("file", file)).contains(ENTRY)) {
      throw new IllegalArgumentException(file + " holds no self-tuning run");
    }
    Saved saved = ModelSerializer.getObjectFromFile(file, ENTRY);
    if (saved.u().length != hyperparameters.size()
        || saved.hyperState().length != values(hyperOptimizer).length
        || saved.scaleState().length != values(scaleOptimizer).length) {
      throw new IllegalArgumentException(
          file + " is of a run with other hyperparameters or updaters");
    }
    u.assign(Nd4j.createFromArray(saved.u()));
    v.assign(Nd4j.createFromArray(saved.v()));
    restore(hyperOptimizer, saved.hyperState(), saved.hyperIteration());
    restore(scaleOptimizer, saved.scaleState(), saved.scaleIteration());
    epoch = saved.epoch();
    step = saved.step();
    untilValidation = saved.untilValidation();
    validationAt = saved.validationAt();
    publish();
    return this;
  }

  private static void restore(ArrayOptimizer optimizer, double[] state, int iteration) {
    if (state.length > 0) {
      optimizer.state().assign(Nd4j.createFromArray(state));
    }
    optimizer.setIteration(iteration);
  }

  /**
   * The network with its responses folded into plain weights: dense and convolution layers in the
   * place of self-tuning ones, which give the same outputs. Dropout stays at the tuned rates, the
   * updater's state does not.
   *
   * @return a new network
   * @throws UnsupportedOperationException for a graph
   */
  public MultiLayerNetwork export() {
    if (!(network instanceof MultiLayerNetwork tuned)) {
      throw new UnsupportedOperationException("export() takes a MultiLayerNetwork");
    }
    publish();
    var configuration = tuned.getLayerWiseConfigurations().clone();
    for (NeuralNetConfiguration layer : configuration.getConfs()) {
      if (layer.getLayer() instanceof SelfTuningLayer own) {
        layer.setLayer(plain(own));
      }
    }
    MultiLayerNetwork plain = new MultiLayerNetwork(configuration);
    plain.init();
    for (int i = 0; i < tuned.getnLayers(); i++) {
      Layer from = tuned.getLayer(i);
      if (from.conf().getLayer() instanceof SelfTuningLayer own) {
        INDArray[] folded =
            own instanceof SelfTuningConvolutionLayer convolution
                ? convolution.foldedKernels(from.paramTable())
                : own.folded(from.paramTable());
        INDArray weight = plain.getLayer(i).getParam("W");
        INDArray bias = plain.getLayer(i).getParam("b");
        weight.assign(folded[0]);
        bias.assign(folded[1].reshape(bias.shape()));
      } else if (from.numParams() > 0) {
        plain.getLayer(i).setParams(from.params());
      }
    }
    return plain;
  }

  private static org.deeplearning4j.nn.conf.layers.Layer plain(SelfTuningLayer own) {
    FeedForwardLayer.Builder<?> builder =
        own instanceof SelfTuningConvolutionLayer convolution
            ? new ConvolutionLayer.Builder(convolution.getKernelSize())
                .stride(convolution.getStride())
                .padding(convolution.getPadding())
                .convolutionMode(ConvolutionMode.Truncate)
            : new DenseLayer.Builder();
    // The network's defaults have been given out by now; the weights come from the tuned layer.
    return builder
        .nIn(own.getNIn())
        .nOut(own.getNOut())
        .activation(own.getActivationFn())
        .weightInit(WeightInit.ZERO)
        .gradientNormalization(GradientNormalization.None)
        .updater(own.getUpdater())
        .biasUpdater(own.getBiasUpdater())
        .name(own.getLayerName())
        .dropOut(own.getIDropout())
        .build();
  }
}

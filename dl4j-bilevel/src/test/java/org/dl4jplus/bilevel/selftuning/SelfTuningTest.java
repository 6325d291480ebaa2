package org.dl4jplus.bilevel.selftuning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.problem.HyperTransform;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class SelfTuningTest {

  private static NeuralNetConfiguration.Builder builder(DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(3)
        .dataType(type)
        .activation(Activation.TANH)
        .updater(new Nesterovs(0.05, 0.9));
  }

  private static SelfTuningDenseLayer output(int hyperparameters) {
    return new SelfTuningDenseLayer.Builder()
        .nOut(8)
        .hyperparameters(hyperparameters)
        .dropOut(new SelfTuningDropout("hidden"))
        .build();
  }

  private static OutputLayer loss() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static MultiLayerNetwork dense(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(type)
                .list(
                    new SelfTuningDenseLayer.Builder().nOut(8).hyperparameters(1).build(),
                    output(1),
                    loss())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    return network;
  }

  private static MultiLayerNetwork convolution(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(type)
                .list(
                    new SelfTuningConvolutionLayer.Builder()
                        .kernelSize(3, 2)
                        .stride(2, 1)
                        .padding(1, 0)
                        .nOut(3)
                        .hyperparameters(1)
                        .build(),
                    output(1),
                    loss())
                .setInputType(InputType.convolutional(5, 4, 2))
                .build());
    network.init();
    return network;
  }

  private static ComputationGraph graph() {
    ComputationGraph graph =
        new ComputationGraph(
            builder(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(4))
                .addLayer("tuned", output(1), "in")
                .addLayer("out", loss(), "tuned")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  private static DataSet data(int seed, DataType type, long... shape) {
    SplittableRandom random = new SplittableRandom(seed);
    int rows = 6;
    long[] all = new long[shape.length + 1];
    all[0] = rows;
    System.arraycopy(shape, 0, all, 1, shape.length);
    INDArray x =
        Nd4j.createFromArray(
                random.doubles(Arrays.stream(all).reduce(1, (a, b) -> a * b), -1, 1).toArray())
            .castTo(type)
            .reshape('c', all);
    INDArray y = Nd4j.zeros(type, rows, 3);
    for (int i = 0; i < rows; i++) {
      y.putScalar(new int[] {i, (i + seed) % 3}, 1);
    }
    return new DataSet(x, y);
  }

  private static DataSetIterator batches(int from, DataType type) {
    return new ListDataSetIterator<>(
        List.of(data(from, type, 4), data(from + 1, type, 4), data(from + 2, type, 4)), 1);
  }

  private static SelfTuningTrainer.SelfTuningTrainerBuilder trainer(Model network) {
    return SelfTuningTrainer.builder()
        .network(network)
        .hyperparameters(List.of(SelfTuned.dropout("hidden", 0.3)))
        .hyperUpdater(new Adam(0.05))
        .warmUpEpochs(0)
        .seed(11);
  }

  private static List<SelfTuningLayer> layers(MultiLayerNetwork network) {
    return Arrays.stream(network.getLayers())
        .map(layer -> layer.conf().getLayer())
        .filter(SelfTuningLayer.class::isInstance)
        .map(SelfTuningLayer.class::cast)
        .toList();
  }

  @Test
  void gradientsAreThoseOfDifferences() {
    for (MultiLayerNetwork network :
        List.of(dense(DataType.DOUBLE), convolution(DataType.DOUBLE))) {
      DataSet batch =
          network.getLayer(0).conf().getLayer() instanceof SelfTuningConvolutionLayer
              ? data(1, DataType.DOUBLE, 2, 5, 4)
              : data(1, DataType.DOUBLE, 4);
      INDArray h = Nd4j.createFromArray(0.5, -2, 1, 3, 0, -1).castTo(DataType.DOUBLE).reshape(6, 1);
      layers(network).forEach(layer -> layer.perturb(h));
      network.setInput(batch.getFeatures());
      network.setLabels(batch.getLabels());
      network.computeGradientAndScore();
      INDArray gradient = network.getFlattenedGradients().dup();
      INDArray ofH = Nd4j.zeros(DataType.DOUBLE, 6, 1);
      layers(network).forEach(layer -> ofH.addi(layer.gradientOfHyperparameters()));
      INDArray params = network.params();
      for (int i = 0; i < params.length(); i += 5) {
        double at = params.getDouble(i);
        params.putScalar(i, at + 1e-5);
        double up = network.score(batch, true);
        params.putScalar(i, at - 1e-5);
        double down = network.score(batch, true);
        params.putScalar(i, at);
        assertEquals((up - down) / 2e-5 * 6, gradient.getDouble(i), 1e-6, "parameter " + i);
      }
      for (int i = 0; i < 6; i++) {
        double at = h.getDouble(i);
        h.putScalar(i, at + 1e-5);
        double up = network.score(batch, true);
        h.putScalar(i, at - 1e-5);
        double down = network.score(batch, true);
        h.putScalar(i, at);
        assertEquals((up - down) / 2e-5 * 6, ofH.getDouble(i), 1e-6, "example " + i);
      }
    }
  }

  @Test
  void validationMovesTheHyperparametersAndTrainingTheNetwork() {
    for (Model network : List.<Model>of(dense(DataType.FLOAT), graph())) {
      DataType type = network.params().dataType();
      INDArray before = network.params().dup();
      SelfTuningTrainer trainer = trainer(network).build();
      assertEquals(0.3, trainer.values().get("hidden"), 1e-12);
      trainer.fit(batches(1, type), batches(7, type), 4);
      double rate = trainer.values().get("hidden");
      assertNotEquals(0.3, rate, 1e-3);
      assertTrue(rate > 0 && rate < 0.9);
      assertNotEquals(before, network.params());
      assertEquals(0.5, trainer.scales().get("hidden"), 1e-12);
    }
  }

  @Test
  void warmUpLeavesTheHyperparametersAndScalesMoveWhereTheyAreTuned() {
    SelfTuningTrainer warm = trainer(dense(DataType.DOUBLE)).warmUpEpochs(3).build();
    warm.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 3);
    assertEquals(0.3, warm.values().get("hidden"), 1e-12);
    SelfTuningTrainer scaled =
        trainer(dense(DataType.DOUBLE)).tuneScales(true).entropyWeight(10.0).build();
    scaled.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 3);
    // So much entropy widens the perturbations.
    assertTrue(scaled.scales().get("hidden") > 0.5, scaled.scales().toString());
  }

  @Test
  void aSavedRunGoesOnToTheSameBits(@TempDir Path folder) throws Exception {
    File file = folder.resolve("run.zip").toFile();
    MultiLayerNetwork network = dense(DataType.DOUBLE);
    SelfTuningTrainer trainer = trainer(network).tuneScales(true).build();
    trainer.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 2);
    trainer.save(file);
    trainer.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 2);
    MultiLayerNetwork read = MultiLayerNetwork.load(file, true);
    SelfTuningTrainer resumed = trainer(read).tuneScales(true).build().resume(file);
    resumed.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 2);
    // Equality of arrays has a tolerance.
    assertArrayEquals(network.params().toDoubleVector(), read.params().toDoubleVector());
    assertEquals(trainer.values(), resumed.values());
    assertEquals(trainer.scales(), resumed.scales());
    File other = folder.resolve("plain.zip").toFile();
    ModelSerializer.writeModel(network, other, true);
    assertThrows(IllegalArgumentException.class, () -> trainer(read).build().resume(other));
  }

  @Test
  void epochsInSeveralCallsAndAfterAResumeSeeTheSameValidationBatches(@TempDir Path folder)
      throws Exception {
    File file = folder.resolve("run.zip").toFile();
    MultiLayerNetwork whole = dense(DataType.DOUBLE);
    SelfTuningTrainer uninterrupted = trainer(whole).build();
    uninterrupted.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 3);
    MultiLayerNetwork network = dense(DataType.DOUBLE);
    SelfTuningTrainer trainer = trainer(network).build();
    trainer.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 1);
    trainer.save(file);
    trainer.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 2);
    assertEquals(uninterrupted.values(), trainer.values());
    assertEquals(whole.params(), network.params());
    MultiLayerNetwork read = MultiLayerNetwork.load(file, true);
    SelfTuningTrainer resumed = trainer(read).build().resume(file);
    resumed.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 2);
    assertEquals(uninterrupted.values(), resumed.values());
    assertEquals(whole.params(), read.params());
  }

  @Test
  void theTunedNetworkIsSavedWithItsHyperparametersAndExportsToPlainLayers(@TempDir Path folder)
      throws Exception {
    MultiLayerNetwork network = dense(DataType.DOUBLE);
    SelfTuningTrainer trainer = trainer(network).build();
    trainer.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 3);
    INDArray x = data(21, DataType.DOUBLE, 4).getFeatures();
    INDArray expected = network.output(x);
    File file = folder.resolve("net.zip").toFile();
    network.save(file, true);
    MultiLayerNetwork read = MultiLayerNetwork.load(file, true);
    assertEquals(expected, read.output(x));
    assertEquals(network.getLayerWiseConfigurations(), read.getLayerWiseConfigurations());
    assertEquals(
        trainer.values().get("hidden"),
        ((SelfTuningDropout) read.getLayer(1).conf().getLayer().getIDropout()).getRate());
    MultiLayerNetwork plain = trainer.export();
    assertTrue(plain.getLayer(0).conf().getLayer() instanceof DenseLayer);
    assertTrue(plain.output(x).equalsWithEps(expected, 1e-12));
    plain.fit(data(3, DataType.DOUBLE, 4));
  }

  @Test
  void convolutionsExportToo() {
    MultiLayerNetwork network = convolution(DataType.DOUBLE);
    SelfTuningTrainer trainer = trainer(network).build();
    DataSetIterator images =
        new ListDataSetIterator<>(List.of(data(1, DataType.DOUBLE, 2, 5, 4)), 1);
    trainer.fit(images, images, 2);
    INDArray x = data(5, DataType.DOUBLE, 2, 5, 4).getFeatures();
    assertTrue(trainer.export().output(x).equalsWithEps(network.output(x), 1e-12));
  }

  @Test
  void dropoutLeavesOutAtTheRateOfTheExample() {
    SelfTuningDropout dropout = new SelfTuningDropout("a");
    dropout.perturb(new double[] {0, 0.25, 0.8}, 5);
    INDArray in = Nd4j.ones(DataType.DOUBLE, 3, 40_000);
    INDArray out = dropout.applyDropout(in, in.ulike(), 0, 0, null);
    // Six deviations of a mean of 40,000 coins divided by what is kept.
    assertEquals(1, out.getRow(0).meanNumber().doubleValue(), 0);
    assertEquals(1, out.getRow(1).meanNumber().doubleValue(), 6 * Math.sqrt(0.25 / 0.75 / 40_000));
    assertEquals(1, out.getRow(2).meanNumber().doubleValue(), 6 * Math.sqrt(0.8 / 0.2 / 40_000));
    assertEquals(5.0, out.getRow(2).maxNumber().doubleValue(), 1e-12);
    INDArray back = dropout.backprop(in, in.ulike(), 0, 0);
    assertEquals(out, back);
    assertThrows(IllegalStateException.class, () -> dropout.backprop(in, in.ulike(), 0, 0));
  }

  @Test
  void augmentationsGetTheValuesOfTheExamples() {
    double[][] seen = new double[1][];
    SelfTuned noise =
        SelfTuned.augmentation(
            "noise", 0, Double.POSITIVE_INFINITY, 0.2, (x, values, seed) -> seen[0] = values);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE)
                .list(new SelfTuningDenseLayer.Builder().nOut(5).hyperparameters(1).build(), loss())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    SelfTuningTrainer trainer =
        SelfTuningTrainer.builder().network(network).hyperparameters(List.of(noise)).build();
    trainer.fit(batches(1, DataType.DOUBLE), batches(7, DataType.DOUBLE), 1);
    assertEquals(6, seen[0].length);
    assertTrue(Arrays.stream(seen[0]).allMatch(v -> v > 0));
    assertTrue(Arrays.stream(seen[0]).distinct().count() == 6);
  }

  @Test
  void whatIsMissingIsCalledByItsName() {
    SelfTuningTrainer trainer = trainer(dense(DataType.DOUBLE)).build();
    Map<String, Executable> calls =
        Map.of(
            "training", () -> trainer.fit(null, batches(7, DataType.DOUBLE), 1),
            "validation", () -> trainer.fit(batches(1, DataType.DOUBLE), null, 1),
            "file", () -> trainer.save(null),
            "file must", () -> trainer.resume(null));
    calls.forEach(
        (name, call) -> {
          Exception refused = assertThrows(IllegalArgumentException.class, call);
          assertTrue(refused.getMessage().contains(name), refused.getMessage());
        });
  }

  @Test
  void transformsInvertAndDoNotOverflow() {
    double inf = Double.POSITIVE_INFINITY;
    for (HyperTransform t :
        List.of(
            new HyperTransform(-inf, inf),
            new HyperTransform(0, 0.9),
            new HyperTransform(2, inf),
            new HyperTransform(-inf, 3))) {
      for (double u : new double[] {-20, -3, 0, 0.5, 10}) {
        assertEquals(u, t.inverse(t.value(u)), 1e-6 * (1 + Math.abs(u)));
        double slope = (t.value(u + 1e-5) - t.value(u - 1e-5)) / 2e-5;
        assertEquals(slope, t.derivative(u), 1e-8);
      }
      assertTrue(Double.isFinite(t.value(-1000)) && Double.isFinite(t.value(1000)));
    }
    assertThrows(IllegalArgumentException.class, () -> new HyperTransform(1, 1));
  }

  @Test
  void whatMakesNoSenseIsNamed() {
    assertThrows(IllegalArgumentException.class, () -> SelfTuned.dropout("hidden", 0));
    assertThrows(IllegalArgumentException.class, () -> SelfTuned.dropout("", 0.1));
    assertThrows(
        IllegalArgumentException.class, () -> new SelfTuningDenseLayer.Builder().nOut(3).build());
    MultiLayerNetwork network = dense(DataType.DOUBLE);
    assertThrows(
        IllegalArgumentException.class, () -> trainer(network).hyperparameters(List.of()).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> trainer(network).hyperparameters(List.of(SelfTuned.dropout("other", 0.1))).build());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            trainer(network)
                .hyperparameters(
                    List.of(SelfTuned.dropout("hidden", 0.1), SelfTuned.dropout("hidden", 0.2)))
                .build());
    MultiLayerNetwork ordinary =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE)
                .dropOut(0.5)
                .list(output(1), loss())
                .setInputType(InputType.feedForward(4))
                .build());
    ordinary.init();
    assertThrows(IllegalArgumentException.class, () -> trainer(ordinary).build());
  }
}

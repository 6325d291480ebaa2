package org.dl4jplus.bilevel.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.BoRep;
import org.dl4jplus.bilevel.F2sa;
import org.dl4jplus.bilevel.F3sa;
import org.dl4jplus.bilevel.LvHba;
import org.dl4jplus.bilevel.PenaltyMethod;
import org.dl4jplus.bilevel.ScaleBiO;
import org.dl4jplus.bilevel.problem.AffineConstraints;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.Constraints;
import org.dl4jplus.bilevel.problem.ForwardingProblem;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.dl4jplus.bilevel.problem.WeightedLoss;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class TasksTest {

  private static final int ROWS = 5;

  private static NeuralNetConfiguration.Builder builder(DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(3)
        .dataType(type)
        .activation(Activation.TANH)
        .updater(new Sgd(0.1));
  }

  private static OutputLayer output(int in, ILossFunction loss) {
    return new OutputLayer.Builder(loss).nIn(in).nOut(3).activation(Activation.SOFTMAX).build();
  }

  private static MultiLayerNetwork network(DataType type, ILossFunction loss, int... widths) {
    NeuralNetConfiguration.ListBuilder list = builder(type).list();
    int in = 4;
    for (int width : widths) {
      list.layer(new DenseLayer.Builder().nIn(in).nOut(width).build());
      in = width;
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.layer(output(in, loss)).build());
    network.init();
    return network;
  }

  private static MultiLayerNetwork network(DataType type) {
    return network(type, new LossMCXENT(), 5);
  }

  private static ComputationGraph graph() {
    ComputationGraph graph =
        new ComputationGraph(
            builder(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(4).nOut(5).build(), "in")
                .addLayer("out", output(5, new LossMCXENT()), "dense")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  /** Random rows; the sources go round from a first one. */
  private static DataSet data(int seed, DataType type, int first, int sources) {
    SplittableRandom random = new SplittableRandom(seed);
    INDArray features = Nd4j.zeros(type, ROWS, 4);
    INDArray labels = Nd4j.zeros(type, ROWS, 3);
    List<Integer> metaData = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < 4; j++) {
        features.putScalar(i, j, 2 * random.nextDouble() - 1);
      }
      labels.putScalar(i, random.nextInt(3), 1);
      metaData.add(first + i % sources);
    }
    DataSet data = new DataSet(features, labels);
    data.setExampleMetaData(metaData);
    return data;
  }

  private static List<MultiDataSet> train(DataType type) {
    // The second batch lacks source 0.
    return List.of(data(1, type, 0, 3).toMultiDataSet(), data(2, type, 1, 2).toMultiDataSet());
  }

  private static List<MultiDataSet> validation(DataType type) {
    return List.of(data(3, type, 0, 1).toMultiDataSet(), data(4, type, 0, 1).toMultiDataSet());
  }

  private static DataHyperCleaning cleaning(Model network, DataType type) {
    return new DataHyperCleaning(network, train(type), validation(type), 0.01, 7);
  }

  private static SourceReweighting reweighting(Model network, DataType type) {
    return new SourceReweighting(network, train(type), 3, validation(type), 7);
  }

  private static HyperRepresentation representation(Model network, DataType type) {
    return new HyperRepresentation(network, train(type), validation(type), 0.01, 7);
  }

  private static void gradientsAreThoseOfDifferences(BilevelProblem problem, INDArray y) {
    INDArray x = Nd4j.linspace(-0.8, 0.9, problem.dimX(), DataType.DOUBLE);
    for (int batch : new int[] {0, 1, BilevelProblem.ALL}) {
      for (boolean upper : new boolean[] {true, false}) {
        INDArray inX = x.ulike();
        INDArray inY = y.ulike();
        loss(problem, upper, x, y, batch, inX, inY);
        for (boolean ofX : new boolean[] {true, false}) {
          INDArray at = ofX ? x : y;
          for (long i = 0; i < at.length(); i += 1 + at.length() / 8) {
            double old = at.getDouble(i);
            at.putScalar(i, old + 1e-5);
            double up = loss(problem, upper, x, y, batch, null, null);
            at.putScalar(i, old - 1e-5);
            double down = loss(problem, upper, x, y, batch, null, null);
            at.putScalar(i, old);
            assertEquals((up - down) / 2e-5, (ofX ? inX : inY).getDouble(i), 1e-8);
          }
        }
        // Each gradient alone is the same.
        INDArray alone = x.ulike();
        loss(problem, upper, x, y, batch, alone, null);
        sameBits(inX, alone);
      }
    }
  }

  private static double loss(
      BilevelProblem p,
      boolean upper,
      INDArray x,
      INDArray y,
      int batch,
      INDArray gx,
      INDArray gy) {
    return upper ? p.upper(x, y, batch, gx, gy) : p.lower(x, y, batch, gx, gy);
  }

  @Test
  void gradientsOfEveryTaskAreThoseOfDifferences() {
    for (Model network : List.<Model>of(network(DataType.DOUBLE), graph())) {
      for (NetworkProblem task :
          List.of(
              cleaning(network, DataType.DOUBLE),
              reweighting(network, DataType.DOUBLE),
              representation(network, DataType.DOUBLE))) {
        gradientsAreThoseOfDifferences(task, task.start());
      }
    }
  }

  @Test
  void everyTaskGoesOnToTheSameBitsInBothTypes(@TempDir Path directory) {
    BilevelAlgorithm method = F2sa.builder().alpha0(0.1).gamma0(0.1).innerSteps(2).build();
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      MultiLayerNetwork network = network(type);
      goesOn(cleaning(network, type), cleaning(network(type), type), method, directory);
      goesOn(reweighting(network, type), reweighting(network(type), type), method, directory);
      goesOn(
          reweighting(network, type),
          reweighting(network(type), type),
          ScaleBiO.builder().lrU(0.01).lrW(0.01).lisaLayers(1).innerSteps(10).build(),
          directory);
      goesOn(representation(network, type), representation(network(type), type), method, directory);
    }
  }

  private static void goesOn(
      NetworkProblem task, NetworkProblem other, BilevelAlgorithm method, Path directory) {
    INDArray x = Nd4j.zeros(task.dataType(), task.dimX());
    BilevelTrainer whole = new BilevelTrainer(task, method, x, task.start(), 5);
    whole.fit(4);
    File file = directory.resolve("run").toFile();
    whole.save(file);
    whole.fit(3);
    BilevelTrainer resumed = BilevelTrainer.resume(other, file);
    resumed.fit(3);
    sameBits(whole.x(), resumed.x());
    sameBits(whole.y(), resumed.y());
    sameBits(
        ((MultiLayerNetwork) task.network()).params(),
        ((MultiLayerNetwork) other.network()).params());
    assertNotEquals(0, x.distance2(whole.x()));
  }

  @Test
  void everyMethodRunsOnAGraphAndGoesOnToTheSameBits(@TempDir Path directory) {
    List<BilevelAlgorithm> methods =
        List.of(
            F3sa.builder().eta0(0.8).build(),
            PenaltyMethod.builder().innerSteps(2).build(),
            BoRep.builder().build(),
            LvHba.builder().build());
    for (BilevelAlgorithm method : methods) {
      ComputationGraph graph = graph();
      BilevelProblem problem = constrained(cleaning(graph, DataType.DOUBLE));
      INDArray before = graph.params().dup();
      INDArray x = Nd4j.zeros(DataType.DOUBLE, problem.dimX());
      BilevelTrainer whole = new BilevelTrainer(problem, method, x, before, 5);
      whole.fit(3);
      File file = directory.resolve("run").toFile();
      whole.save(file);
      whole.fit(2);
      sameBits(whole.y(), graph.params());
      assertNotEquals(0, before.distance2(graph.params()));
      assertNotEquals(0, x.distance2(whole.x()));
      ComputationGraph other = graph();
      BilevelTrainer.resume(constrained(cleaning(other, DataType.DOUBLE)), file).fit(2);
      sameBits(graph.params(), other.params());
    }
  }

  @Test
  void aRunInAnotherTypeIsRefused(@TempDir Path directory) {
    File file = directory.resolve("run").toFile();
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      NetworkProblem task = cleaning(network(type), type);
      INDArray x = Nd4j.zeros(type, task.dimX());
      new BilevelTrainer(task, F2sa.builder().build(), x, task.start(), 5).save(file);
      DataType other = type == DataType.FLOAT ? DataType.DOUBLE : DataType.FLOAT;
      NetworkProblem problem = cleaning(network(other), other);
      Exception e =
          assertThrows(IllegalArgumentException.class, () -> BilevelTrainer.resume(problem, file));
      assertTrue(e.getMessage().contains(type + ", the problem in " + other), e.getMessage());
    }
  }

  /** The first weight is at most the first logit and a little. */
  private static BilevelProblem constrained(BilevelProblem problem) {
    double[] a = new double[(int) problem.dimX()];
    double[] b = new double[(int) problem.dimY()];
    a[0] = -1;
    b[0] = 1;
    Constraints constraints =
        new AffineConstraints(new double[][] {a}, new double[][] {b}, new double[] {-0.1}, false);
    return new ForwardingProblem(problem) {
      @Override
      public Constraints constraints() {
        return constraints;
      }
    };
  }

  @Test
  void cleaningFindsTheWrongLabels() {
    // Two clouds; every fourth training label is wrong.
    SplittableRandom random = new SplittableRandom(8);
    int n = 40;
    INDArray features = Nd4j.zeros(DataType.DOUBLE, n, 4);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, n, 3);
    INDArray right = labels.dup();
    for (int i = 0; i < n; i++) {
      int label = i % 2;
      for (int j = 0; j < 4; j++) {
        features.putScalar(i, j, (label == 0 ? 1 : -1) + random.nextDouble() - 0.5);
      }
      labels.putScalar(i, i % 8 >= 6 ? 1 - label : label, 1);
      right.putScalar(i, label, 1);
    }
    DataHyperCleaning task =
        new DataHyperCleaning(
            network(DataType.DOUBLE, new LossMCXENT()),
            List.of(new DataSet(features, labels).toMultiDataSet()),
            List.of(new DataSet(features.add(0.01), right).toMultiDataSet()),
            0.001,
            1);
    BilevelAlgorithm method =
        F2sa.builder()
            .alpha0(0.5)
            .gamma0(0.5)
            .xi(20.0 * n)
            .xiDecay(0.0)
            .delta0(0.02)
            .deltaDecay(0.0)
            .innerSteps(5)
            .build();
    BilevelTrainer trainer = new BilevelTrainer(task, method, task.startX(), task.start(), 1);
    trainer.fit(40);
    INDArray weights = task.weights(trainer.x());
    double worstRight = 1;
    double bestWrong = 0;
    for (int i = 0; i < n; i++) {
      if (i % 8 >= 6) {
        bestWrong = Math.max(bestWrong, weights.getDouble(i));
      } else {
        worstRight = Math.min(worstRight, weights.getDouble(i));
      }
    }
    assertTrue(bestWrong < worstRight, bestWrong + " of the wrong, " + worstRight);
  }

  @Test
  void theGradientOfTheLogitsOfSourcesAddsUpToNothing() {
    SourceReweighting task = reweighting(network(DataType.DOUBLE), DataType.DOUBLE);
    INDArray x = Nd4j.createFromArray(0.3, -1, 0.5);
    INDArray gradient = x.ulike();
    for (int batch : new int[] {0, 1, BilevelProblem.ALL}) {
      task.lower(x, task.start(), batch, gradient, null);
      assertEquals(0, gradient.sumNumber().doubleValue(), 1e-15);
      assertTrue(gradient.norm2Number().doubleValue() > 1e-3);
    }
    // The second batch has none of source 0: all that is left is its share of the softmax.
    double loss = task.lower(x, task.start(), 1, gradient, null);
    assertEquals(-task.probabilities(x)[0] * loss, gradient.getDouble(0), 1e-12);
  }

  @Test
  void weightsOfSourcesAddUp() {
    SourceWeights weights =
        new SourceWeights(new double[] {1000, -1000, 999}, new int[] {2, 0, 0, 1, 2});
    double sum = 0;
    for (double weight : weights.weights()) {
      sum += weight;
    }
    assertEquals(1, sum, 1e-15);
    assertThrows(
        IllegalArgumentException.class, () -> new SourceWeights(new double[2], new int[] {2}));
    assertThrows(
        IllegalArgumentException.class, () -> new SourceWeights(new double[2], new int[] {-1}));
    assertThrows(
        IllegalArgumentException.class, () -> new SourceWeights(new double[0], new int[0]));
  }

  @Test
  void trainingOnWeightedSourcesFollowsTheirWeightedSum() {
    MultiLayerNetwork network = network(DataType.DOUBLE, new WeightedLoss(new LossMCXENT()), 5);
    DataSet batch = data(1, DataType.DOUBLE, 0, 3);
    double[] logits = {0.4, -0.7, 0.1};
    SourceReweighting task =
        new SourceReweighting(
            network(DataType.DOUBLE),
            List.of(batch.toMultiDataSet()),
            3,
            validation(DataType.DOUBLE),
            1);
    INDArray before = network.params().dup();
    INDArray gradient = before.ulike();
    task.lower(Nd4j.createFromArray(logits), before, 0, null, gradient);
    network.fit(
        new SourceWeightedIterator(new ListDataSetIterator<>(List.of(batch), 5), network, logits));
    assertEquals(0, before.sub(gradient.mul(0.1)).distance2(network.params()), 1e-12);
    // Afterwards the loss is the plain one.
    assertEquals(
        network(DataType.DOUBLE).score(batch), withParams(network, before).score(batch), 1e-12);
  }

  private static MultiLayerNetwork withParams(MultiLayerNetwork network, INDArray params) {
    network.setParams(params);
    return network;
  }

  @Test
  void anIteratorOfWeightedSourcesRefusesWhatItCannotDo() {
    ListDataSetIterator<DataSet> iterator =
        new ListDataSetIterator<>(List.of(data(1, DataType.DOUBLE, 0, 3)), 5);
    assertThrows(
        IllegalArgumentException.class,
        () -> new SourceWeightedIterator(iterator, network(DataType.DOUBLE), 0, 0, 0));
    SourceWeightedIterator weighted =
        new SourceWeightedIterator(
            iterator, network(DataType.DOUBLE, new WeightedLoss(new LossMCXENT()), 5), 0, 0);
    assertThrows(IllegalArgumentException.class, weighted::next);
    assertFalse(weighted.asyncSupported());
    assertThrows(
        NotSerializableException.class,
        () -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(weighted));
  }

  @Test
  void frozenLayersDoNotMove() {
    SourceReweighting task =
        reweighting(network(DataType.DOUBLE, new LossMCXENT(), 4, 4, 4, 4), DataType.DOUBLE);
    long[] blocks = task.lowerBlocks();
    assertArrayEquals(new long[] {20, 20, 20, 20, 15}, blocks);
    ScaleBiO lisa =
        ScaleBiO.builder().lrU(0.01).lrW(0.01).lisaLayers(1).lisaPeriod(4).seed(2L).build();
    BilevelTrainer trainer = new BilevelTrainer(task, lisa, task.startX(), task.start(), 1);
    boolean apart = false;
    boolean[] moved = new boolean[3];
    for (int period = 0; period < 12; period++) {
      INDArray y = trainer.y();
      INDArray u = period == 0 ? y : trainer.state().vector("u").dup();
      trainer.fit(4);
      boolean[] yMoves = moves(y, trainer.y(), blocks);
      boolean[] uMoves = moves(u, trainer.state().vector("u"), blocks);
      assertTrue(yMoves[0] && yMoves[4] && uMoves[0] && uMoves[4]);
      int count = 0;
      for (int i = 1; i < 4; i++) {
        count += yMoves[i] ? 1 : 0;
        moved[i - 1] |= yMoves[i];
        apart |= yMoves[i] != uMoves[i];
      }
      assertEquals(1, count);
    }
    assertTrue(apart, "y and u always train the same layers");
    assertArrayEquals(new boolean[] {true, true, true}, moved);
  }

  private static boolean[] moves(INDArray before, INDArray after, long[] blocks) {
    boolean[] moves = new boolean[blocks.length];
    long from = 0;
    for (int i = 0; i < blocks.length; i++) {
      var range = NDArrayIndex.interval(from, from + blocks[i]);
      moves[i] = before.get(range).distance2(after.get(range)) != 0;
      from += blocks[i];
    }
    return moves;
  }

  @Test
  void learningRatesOfScaleBiOFallAndItsWeightGrows() {
    SourceReweighting task = reweighting(network(DataType.DOUBLE), DataType.DOUBLE);
    ScaleBiO method =
        ScaleBiO.builder()
            .alpha(3.0)
            .tau(2.0)
            .outerIterations(2)
            .innerSteps(2)
            .lrU(0.1)
            .lrW(0.1)
            .weightDecay(0.0)
            .updater(new Sgd())
            .build();
    BilevelTrainer trainer = new BilevelTrainer(task, method, task.startX(), task.start(), 1);
    for (int k = 0; k < 5; k++) {
      INDArray u = k == 0 ? trainer.y() : trainer.state().vector("u").dup();
      INDArray gradient = u.ulike();
      INDArray x = trainer.x();
      int[] drawn = new int[1];
      trainer.step(
          new org.dl4jplus.bilevel.Batches() {
            @Override
            public int upper(String use) {
              return 0;
            }

            @Override
            public int lower(String use) {
              drawn[0]++;
              return 1;
            }
          });
      assertEquals(1, drawn[0], "u and y see one batch");
      int iteration = Math.min(k / 2, 1);
      double rate =
          0.1 * Math.pow(2, -iteration) * 0.5 * (1 + Math.cos(Math.PI * Math.min(k, 4) / 4));
      task.lower(x, u, 1, null, gradient);
      INDArray expected = u.sub(gradient.mul(rate * 3 * Math.pow(2, iteration + 1)));
      assertEquals(0, expected.distance2(trainer.state().vector("u")), 1e-12);
    }
  }

  @Test
  void aConfigurationOfScaleBiOSurvivesJson() throws IOException {
    ScaleBiO method = ScaleBiO.builder().lisaLayers(2).seed(4L).build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), BilevelAlgorithm.class));
  }

  @Test
  void whatATaskCannotDoIsNamed() {
    MultiDataSet plain =
        new DataSet(Nd4j.zeros(DataType.DOUBLE, 2, 4), Nd4j.zeros(DataType.DOUBLE, 2, 3))
            .toMultiDataSet();
    assertNull(plain.getExampleMetaData());
    Model network = network(DataType.DOUBLE);
    List<MultiDataSet> validation = validation(DataType.DOUBLE);
    refused("meta data", () -> new SourceReweighting(network, List.of(plain), 3, validation, 1));
    refused(
        "Sources", () -> new SourceReweighting(network, train(DataType.DOUBLE), 2, validation, 1));
    refused("decay", () -> new DataHyperCleaning(network, List.of(plain), validation, -1, 1));
    refused(
        "layers before",
        () ->
            new HyperRepresentation(
                network(DataType.DOUBLE, new LossMCXENT()),
                train(DataType.DOUBLE),
                validation,
                0,
                1));
    refused("alpha", () -> ScaleBiO.builder().alpha(0.0).build());
    refused("tau", () -> ScaleBiO.builder().tau(0.5).build());
    refused("lisaLayers", () -> ScaleBiO.builder().lisaLayers(-1).build());
    refused("innerSteps", () -> ScaleBiO.builder().outerIterations(2).build());
    MultiLayerNetwork sequences =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE)
                .list()
                .layer(
                    new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(4, 2))
                .build());
    sequences.init();
    MultiDataSet ofSequences =
        new DataSet(Nd4j.zeros(DataType.DOUBLE, 2, 4, 2), Nd4j.zeros(DataType.DOUBLE, 2, 3, 2))
            .toMultiDataSet();
    refused(
        "one row",
        () -> new DataHyperCleaning(sequences, List.of(ofSequences), List.of(ofSequences), 0, 1));
  }

  /** Equality of arrays has a tolerance. */
  private static void sameBits(INDArray expected, INDArray actual) {
    assertArrayEquals(
        expected.reshape(new long[] {expected.length()}).toDoubleVector(),
        actual.reshape(new long[] {actual.length()}).toDoubleVector());
  }

  private static void refused(String what, Runnable make) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, make::run);
    assertTrue(e.getMessage().contains(what), e.getMessage());
  }
}

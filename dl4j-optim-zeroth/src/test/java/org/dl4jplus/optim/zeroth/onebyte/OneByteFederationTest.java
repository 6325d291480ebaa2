package org.dl4jplus.optim.zeroth.onebyte;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.noise.SplitMixStream;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.OneByte.NonFinitePolicy;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class OneByteFederationTest {

  private static OneByte.OneByteBuilder config() {
    return OneByte.builder()
        .runSeed(17L)
        .rounds(20)
        .samplesPerRound(2)
        .learningRate(0.02)
        .distribution(Distribution.RADEMACHER)
        .batchSize(4)
        .snapshotEvery(6)
        .hashEvery(5)
        .scoreEvery(2);
  }

  /** Running statistics lie between the parameters that move. */
  private static MultiLayerNetwork network(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(2)
                .dataType(type)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build())
                .layer(new BatchNormalization())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    return network;
  }

  private static List<DataSet> examples(DataType type, int from, int to) {
    List<DataSet> examples = new ArrayList<>();
    for (int i = from; i < to; i++) {
      INDArray x = Nd4j.zeros(type, 1, 4);
      INDArray y = Nd4j.zeros(type, 1, 3);
      x.putScalar(0, i % 4, 1);
      x.putScalar(0, i % 3, 0.5);
      y.putScalar(0, i % 3, 1);
      examples.add(new DataSet(x, y));
    }
    return examples;
  }

  private static OneByteFederation federation(OneByte config, Model network, DataType type) {
    OneByteFederation federation = new OneByteFederation(config, network);
    federation.join(0, examples(type, 0, 9));
    federation.join(1, examples(type, 9, 15));
    return federation;
  }

  private static ZoObjective bowl(double centre) {
    return point -> {
      double total = 0;
      for (double x : point.toDoubleVector()) {
        total += 0.5 * (x - centre) * (x - centre);
      }
      return total;
    };
  }

  @Test
  void networkTrains() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      MultiLayerNetwork network = network(type);
      DataSet all = DataSet.merge(examples(type, 0, 15));
      double before = network.score(all);
      INDArray start = network.params().dup();
      List<Integer> heard = new ArrayList<>();
      network.addListeners(
          new BaseTrainingListener() {
            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              heard.add(iteration);
              assertTrue(model.score() > 0, "score " + model.score());
            }
          });
      OneByteFederation federation = federation(config().rounds(80).build(), network, type);
      federation.fit();
      assertTrue(network.score(all) < before - 0.05, before + " -> " + network.score(all));
      assertEquals(IntStream.range(0, 80).boxed().toList(), heard);
      assertEquals(80, network.getIterationCount());
      assertNull(network.getFlattenedGradients());
      OneByteReport report = federation.report();
      assertEquals(80, report.rounds());
      assertEquals(80 * 2 * 2, report.codes());
      assertEquals(2, report.bytesPerMachineAndRound());
      assertEquals(80 * 2 * 14, report.headers());
      assertEquals(40 * 2 * 8, report.reported());
      assertEquals(80 * (26 + 2 * 12), report.recorded());
      assertEquals(0, report.repaired());
      // Mean and variance are no parameters to train.
      List<ModelAccess.Range> ranges = ModelAccess.of(network).trainableRanges();
      for (long n = 0; n < start.length(); n++) {
        long at = n;
        boolean moves = ranges.stream().anyMatch(r -> r.from() <= at && at < r.to());
        assertEquals(moves, start.getDouble(at) != network.params().getDouble(at), "entry " + at);
      }
    }
  }

  @Test
  void graphTakesTheSameBytesAsANetwork() {
    MultiLayerNetwork network = network(DataType.DOUBLE);
    ComputationGraph graph = network(DataType.DOUBLE).toComputationGraph();
    graph.params().assign(network.params());
    OneByteFederation one = federation(config().build(), network, DataType.DOUBLE);
    OneByteFederation other = federation(config().build(), graph, DataType.DOUBLE);
    one.fit();
    other.fit();
    assertArrayEquals(network.params().toDoubleVector(), graph.params().toDoubleVector());
    assertEquals(one.report(), other.report());
  }

  /** The direction's entries are numbered over those that move, without the statistics between. */
  @Test
  void estimateIsTheDifferenceOfTwoLosses() {
    OneByte config = config().epsilon(1e-2).batchSize(100).build();
    MultiLayerNetwork network = network(DataType.DOUBLE);
    OneByteFederation federation = federation(config, network, DataType.DOUBLE);
    MultiLayerNetwork apart = network(DataType.DOUBLE);
    DataSet batch = DataSet.merge(examples(DataType.DOUBLE, 9, 15));
    RoundHeader header = federation.coordinator().plan(0);
    RoundRecord record = federation.round();
    int moving = federation.coordinator().replica().theta().length;
    assertEquals(network.numParams() - 10, moving);
    for (int s = 0; s < 2; s++) {
      long seed = CounterNoise.deriveSeed(17, 0, 1, s);
      double[] losses = new double[2];
      for (int side = 0; side < 2; side++) {
        apart.params().assign(network(DataType.DOUBLE).params());
        long next = 0;
        for (ModelAccess.Range range : ModelAccess.of(apart).trainableRanges()) {
          for (long i = range.from(); i < range.to(); i++) {
            double z = CounterNoise.at(Distribution.RADEMACHER, seed, next++);
            apart.params().putScalar(i, apart.params().getDouble(i) + (0.01 - 0.02 * side) * z);
          }
        }
        losses[side] = apart.score(batch, false);
      }
      byte expected = header.code().encode((losses[0] - losses[1]) / 0.02);
      // A sum in another order may be on the other side of a tie.
      assertEquals(expected, record.uploads().get(1).code(s), 1);
      assertNotEquals(0, expected);
    }
  }

  @Test
  void scaleFollowsTheEstimates() {
    OneByte config = config().maxMagnitude(1e6).rounds(30).build();
    INDArray x = Nd4j.createFromArray(4.0, 4.0, 4.0);
    OneByteFederation federation = new OneByteFederation(config, x);
    federation.join(0, bowl(0));
    assertEquals(1e6, federation.coordinator().plan(0).maxMagnitude());
    federation.round();
    // Estimates of at most 12 are too small for that scale: all bytes are 0.
    assertEquals(2, federation.report().flushed());
    assertEquals(1e5, federation.coordinator().plan(0).maxMagnitude());
    federation.fit();
    double scale = federation.coordinator().plan(0).maxMagnitude();
    double[] largest =
        federation.coordinator().state().largest().stream().mapToDouble(v -> v).toArray();
    assertEquals(16, largest.length);
    assertEquals(2 * Arrays.stream(largest).max().orElseThrow(), scale, 1e-12);

    OneByteFederation fixed =
        new OneByteFederation(config().adaptiveScale(false).build(), Nd4j.createFromArray(4.0));
    fixed.join(0, bowl(0));
    fixed.fit();
    assertEquals(100, fixed.coordinator().plan(0).maxMagnitude());

    // Far too small a scale: everything saturates, and it grows by 2 a round.
    OneByteFederation small =
        new OneByteFederation(
            config().maxMagnitude(1e-3).learningRate(0.0).rounds(1).build(),
            Nd4j.createFromArray(4.0));
    small.join(0, bowl(0));
    small.fit();
    assertEquals(2, small.report().saturated());
    assertEquals(2e-3, small.coordinator().plan(0).maxMagnitude(), 1e-18);
  }

  @Test
  void learningRateFollowsItsSchedule() {
    OneByte config =
        config()
            .learningRateSchedule(
                new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 0.5).add(2, 0.25).build())
            .build();
    OneByteFederation federation = new OneByteFederation(config, Nd4j.createFromArray(1.0));
    federation.join(0, bowl(0));
    double[] rates = new double[4];
    for (int t = 0; t < rates.length; t++) {
      rates[t] = federation.round().header().learningRate();
    }
    assertArrayEquals(new double[] {0.5, 0.5, 0.25, 0.25}, rates);
  }

  /** One machine trains; others come late, die and are damaged, and all copies are the same. */
  @Test
  void copiesAgreeWhateverHappensToMachines() {
    OneByte config = config().rounds(1).build();
    INDArray x = Nd4j.createFromArray(3f, -2f, 1f);
    OneByteFederation federation = new OneByteFederation(config, x);
    federation.join(7, bowl(0));
    for (int t = 0; t < 40; t++) {
      if (t == 10) {
        federation.join(-2, bowl(1));
      }
      if (t == 15) {
        federation.restart(7);
      }
      if (t == 20) {
        federation.machine(-2).replica().live()[1] += 0.5;
      }
      if (t == 33) {
        federation.leave(7);
      }
      RoundRecord record = federation.round();
      long[] expected = t < 10 ? new long[] {7} : t < 33 ? new long[] {-2, 7} : new long[] {-2};
      assertArrayEquals(expected, record.uploads().stream().mapToLong(Upload::machine).toArray());
      for (long m : expected) {
        assertArrayEquals(
            federation.coordinator().replica().hash(), federation.machine(m).replica().hash());
      }
      assertArrayEquals(federation.coordinator().replica().theta(), x.toDoubleVector());
    }
    assertEquals(1, federation.report().repaired());
    assertArrayEquals(
        federation.coordinator().replica().theta(), federation.coordinator().lateReplica().theta());
    assertTrue(federation.coordinator().log().size() < 6);
    assertThrows(IllegalArgumentException.class, () -> federation.join(-2, bowl(0)));
  }

  /** The order in which machines join does not matter, nor do restarts. */
  @Test
  void restartsChangeNoByte() {
    List<OneByteFederation> both = new ArrayList<>();
    for (boolean restarts : new boolean[] {false, true}) {
      OneByteFederation federation =
          new OneByteFederation(config().build(), Nd4j.createFromArray(3.0, -2.0, 1.0));
      LongStream.of(restarts ? new long[] {5, 1} : new long[] {1, 5})
          .forEach(m -> federation.join(m, bowl(m)));
      for (int t = 0; t < 20; t++) {
        if (restarts) {
          federation.restart(t % 2 == 0 ? 1 : 5);
        }
        federation.round();
      }
      both.add(federation);
    }
    assertEquals(both.get(0).parameters(), both.get(1).parameters());
    assertEquals(both.get(0).report(), both.get(1).report());
  }

  @Test
  void functionsWithoutValues() {
    INDArray x = Nd4j.createFromArray(1.0, 2.0);
    OneByteFederation federation = new OneByteFederation(config().build(), x);
    federation.join(0, point -> Double.NaN);
    federation.fit();
    assertEquals(Nd4j.createFromArray(1.0, 2.0), x);
    assertEquals(40, federation.report().failed());
    assertEquals(100, federation.coordinator().plan(0).maxMagnitude());
    federation.join(1, bowl(0));
    federation.round();
    assertNotEquals(Nd4j.createFromArray(1.0, 2.0), x);

    OneByteFederation strict =
        new OneByteFederation(config().nonFinitePolicy(NonFinitePolicy.FAIL).build(), x);
    double[] before = x.toDoubleVector();
    strict.join(0, point -> Double.POSITIVE_INFINITY);
    assertThrows(IllegalStateException.class, strict::fit);
    assertEquals(0, strict.report().rounds());
    assertArrayEquals(before, x.toDoubleVector());

    OneByteFederation thrower = new OneByteFederation(config().build(), x);
    int[] calls = new int[1];
    thrower.join(
        0,
        point -> {
          if (++calls[0] == 6) {
            throw new ArithmeticException("no value");
          }
          return bowl(0).value(point);
        });
    thrower.round();
    double[] whole = x.toDoubleVector();
    assertThrows(ArithmeticException.class, thrower::round);
    assertArrayEquals(whole, x.toDoubleVector());
    thrower.round();
    assertEquals(2, thrower.report().rounds());
  }

  @Test
  void journalledRunGoesOnToTheSameBits(@TempDir Path folder) throws IOException {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      OneByte config = config().build();
      MultiLayerNetwork whole = network(type);
      OneByteFederation uninterrupted = federation(config, whole, type);
      uninterrupted.fit();

      File directory = folder.resolve(type.name()).toFile();
      MultiLayerNetwork part = network(type);
      OneByteFederation broken = federation(config, part, type).journal(directory);
      part.addListeners(
          new BaseTrainingListener() {
            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              if (iteration == 15) {
                throw new IllegalStateException("dies");
              }
            }
          });
      assertThrows(IllegalStateException.class, broken::fit);
      // It died while it was writing.
      Files.write(
          directory.toPath().resolve("rounds.log"), new byte[17], StandardOpenOption.APPEND);

      OneByteFederation resumed = OneByteFederation.resume(directory);
      assertEquals(16, resumed.coordinator().replica().version());
      assertThrows(IllegalStateException.class, resumed::fit);
      resumed.join(0, examples(type, 0, 9));
      resumed.join(1, examples(type, 9, 15));
      resumed.fit();
      MultiLayerNetwork again = resumed.network();
      assertArrayEquals(whole.params().toDoubleVector(), again.params().toDoubleVector());
      assertEquals(uninterrupted.report(), resumed.report());
      assertEquals(20, again.getIterationCount());

      OneByteFederation ended = OneByteFederation.resume(directory);
      ended.join(0, examples(type, 0, 9));
      ended.join(1, examples(type, 9, 15));
      ended.fit();
      assertEquals(20, ended.report().rounds());
      ended.fit();
      uninterrupted.fit();
      assertArrayEquals(whole.params().toDoubleVector(), ended.parameters().toDoubleVector());
      assertThrows(
          IllegalArgumentException.class,
          () -> federation(config, network(type), type).journal(directory));
    }
  }

  @Test
  void journalOfAFunctionAndOfAGraph(@TempDir Path folder) {
    File directory = folder.resolve("function").toFile();
    OneByteFederation whole = new OneByteFederation(config().build(), Nd4j.createFromArray(3f, 2f));
    OneByteFederation part =
        new OneByteFederation(config().build(), Nd4j.createFromArray(3f, 2f)).journal(directory);
    whole.join(0, bowl(0));
    part.join(0, bowl(0));
    whole.fit();
    for (int t = 0; t < 8; t++) {
      part.round();
    }
    OneByteFederation resumed = OneByteFederation.resume(directory);
    assertNull(resumed.network());
    resumed.join(0, bowl(0));
    for (int t = 8; t < 20; t++) {
      resumed.round();
    }
    assertEquals(whole.parameters(), resumed.parameters());

    File other = folder.resolve("graph").toFile();
    ComputationGraph graph = network(DataType.DOUBLE).toComputationGraph();
    OneByteFederation drawn = federation(config().build(), graph, DataType.DOUBLE).journal(other);
    drawn.round();
    ComputationGraph read = OneByteFederation.resume(other).network();
    assertArrayEquals(graph.params().toDoubleVector(), read.params().toDoubleVector());
    assertThrows(
        IllegalArgumentException.class,
        () -> OneByteFederation.resume(folder.resolve("nothing").toFile()));
  }

  @Test
  void minibatchesAreTakenAsTheyAre() {
    MultiLayerNetwork network = network(DataType.DOUBLE);
    List<DataSet> batches =
        List.of(
            DataSet.merge(examples(DataType.DOUBLE, 0, 5)),
            DataSet.merge(examples(DataType.DOUBLE, 5, 7)));
    ModelLosses losses =
        new ModelLosses(network, batches.stream().map(DataSet::toMultiDataSet).toList(), 4);
    int[] chosen = new int[2];
    for (long seed = -50; seed < 50; seed++) {
      losses.choose(seed);
      int index = (int) Long.remainderUnsigned(CounterNoise.mix(seed), 2);
      assertEquals(
          network.score(batches.get(index), false), losses.problem().loss(), 0, "seed " + seed);
      chosen[index]++;
    }
    assertTrue(chosen[0] > 20 && chosen[1] > 20, Arrays.toString(chosen));
  }

  /** Rows are pulled, sequences with masks are merged; the batch is the one of the seed. */
  @Test
  void batchesAreDrawnFromExamples() {
    List<MultiDataSet> rows =
        examples(DataType.DOUBLE, 0, 9).stream().map(DataSet::toMultiDataSet).toList();
    compare(network(DataType.DOUBLE), rows);
    MultiLayerNetwork recurrent =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new LSTM.Builder().nIn(4).nOut(2).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(2).nOut(3).build())
                .build());
    recurrent.init();
    List<MultiDataSet> sequences = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      // Lengths differ: merging makes masks.
      int length = 2 + i % 3;
      INDArray x = Nd4j.zeros(DataType.DOUBLE, 1, 4, length);
      INDArray y = Nd4j.zeros(DataType.DOUBLE, 1, 3, length);
      for (int step = 0; step < length; step++) {
        x.putScalar(new int[] {0, (i + step) % 4, step}, 1);
        y.putScalar(new int[] {0, (i + step) % 3, step}, 1);
      }
      sequences.add(new DataSet(x, y).toMultiDataSet());
    }
    compare(recurrent, sequences);
  }

  private static void compare(MultiLayerNetwork network, List<MultiDataSet> examples) {
    ModelLosses losses = new ModelLosses(network, examples, 4);
    MultiLayerNetwork apart = network.clone();
    for (long seed = 0; seed < 5; seed++) {
      losses.choose(seed);
      int[] chosen = new SplitMixStream(CounterNoise.deriveSeed(seed, 1)).choose(4, 9);
      MultiDataSet batch =
          org.nd4j.linalg.dataset.MultiDataSet.merge(
              Arrays.stream(chosen).mapToObj(examples::get).toList());
      assertEquals(
          apart.score(
              new DataSet(
                  batch.getFeatures(0),
                  batch.getLabels(0),
                  batch.getFeaturesMaskArray(0),
                  batch.getLabelsMaskArray(0)),
              false),
          losses.problem().loss(),
          1e-12,
          "seed " + seed);
    }
  }

  @Test
  void whatCannotBeTrainedIsRefused() {
    OneByte config = config().build();
    MultiLayerNetwork bounded =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(2)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .constrainWeights(new NonNegativeConstraint())
                        .build())
                .build());
    bounded.init();
    assertThrows(IllegalArgumentException.class, () -> new OneByteFederation(config, bounded));
    MultiLayerNetwork empty =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LossLayer.Builder(LossFunction.MSE).build())
                .build());
    empty.init();
    assertThrows(IllegalArgumentException.class, () -> new OneByteFederation(config, empty));
    MultiLayerNetwork truncated =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LSTM.Builder().nIn(2).nOut(2).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(2).nOut(2).build())
                .backpropType(BackpropType.TruncatedBPTT)
                .build());
    truncated.init();
    assertThrows(IllegalStateException.class, () -> new OneByteFederation(config, truncated));
    assertThrows(
        IllegalArgumentException.class,
        () -> new OneByteFederation(config, Nd4j.create(DataType.FLOAT16, 3)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new OneByteFederation(config, Nd4j.empty(DataType.DOUBLE)));

    OneByteFederation federation = new OneByteFederation(config, network(DataType.DOUBLE));
    assertThrows(IllegalStateException.class, federation::round);
    assertThrows(IllegalArgumentException.class, () -> federation.join(0, List.<DataSet>of()));
    OneByteFederation function = new OneByteFederation(config, Nd4j.createFromArray(1.0));
    assertThrows(
        IllegalArgumentException.class, () -> function.join(0, examples(DataType.DOUBLE, 0, 2)));
    assertFalse(function.report().rounds() > 0);
  }
}

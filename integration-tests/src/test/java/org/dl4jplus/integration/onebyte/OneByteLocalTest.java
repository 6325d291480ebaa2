package org.dl4jplus.integration.onebyte;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.core.loader.impl.SerializedDataSetLoader;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.onebyte.OneByteFederation;
import org.dl4jplus.optim.zeroth.spark.OneByteTrainingMaster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** One-byte training in threads of this process. */
class OneByteLocalTest {

  @TempDir static Path directory;
  private static JavaSparkContext spark;

  @BeforeAll
  static void start() {
    spark =
        new JavaSparkContext(
            new SparkConf()
                .setMaster("local[2]")
                .setAppName("one byte")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.local.dir", directory.toString()));
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static OneByteTrainingMaster checkpointed(OneByte config, String checkpoints) {
    return new OneByteTrainingMaster.Builder()
        .config(config)
        .checkpointDirectory(checkpoints)
        .build();
  }

  @Test
  void layersTrainAsInOneProcess() {
    OneByte config =
        OneByteRuns.config(10)
            .learningRateSchedule(new ExponentialSchedule(ScheduleType.ITERATION, 5e-3, 0.99))
            .build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 60), 3);
    MultiLayerNetwork start = OneByteRuns.layers(DataType.DOUBLE);
    OneByteFederation reference = OneByteRuns.reference(config, start.clone(), data);
    reference.fit();

    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    SparkDl4jMultiLayer onSpark = new SparkDl4jMultiLayer(spark, start.clone(), master);
    List<Integer> iterations = new ArrayList<>();
    List<Double> scores = new ArrayList<>();
    onSpark.setListeners(
        List.of(
            new BaseTrainingListener() {
              @Override
              public void iterationDone(Model model, int iteration, int epoch) {
                iterations.add(iteration);
                scores.add(model.score());
              }
            }));
    MultiLayerNetwork trained = onSpark.fit(data);

    OneByteRuns.assertSame(reference, trained, master.report());
    OneByteRuns.assertOneByteEach(config, master.report(), 10, 3);
    assertFalse(trained.params().equals(start.params()), "the parameters are where they were");
    assertEquals(IntStream.range(0, 10).boxed().toList(), iterations);
    assertTrue(scores.stream().allMatch(score -> score > 0 && score < 10), scores::toString);
    assertEquals(10, trained.getLayerWiseConfigurations().getIterationCount());
    assertEquals(1, trained.getLayerWiseConfigurations().getEpochCount());
  }

  /** In single precision too: the losses are the same, and so are the bytes. */
  @Test
  void graphTrainsAsInOneProcess() {
    OneByte config = OneByteRuns.config(8).distribution(Distribution.GAUSSIAN).build();
    List<DataSet> batches =
        IntStream.range(0, 6)
            .mapToObj(
                b ->
                    DataSet.merge(
                        OneByteRuns.examples(DataType.FLOAT, 60).subList(b * 10, b * 10 + 10)))
            .toList();
    JavaRDD<DataSet> data = spark.parallelize(batches, 2);
    ComputationGraph start = OneByteRuns.graph(DataType.FLOAT);
    OneByteFederation reference = OneByteRuns.reference(config, start.clone(), data);
    reference.fit();

    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    ComputationGraph trained = new SparkComputationGraph(spark, start.clone(), master).fit(data);
    OneByteRuns.assertSame(reference, trained, master.report());
    OneByteRuns.assertOneByteEach(config, master.report(), 8, 2);

    OneByteTrainingMaster multi = new OneByteTrainingMaster(config);
    ComputationGraph same =
        new SparkComputationGraph(spark, start.clone(), multi)
            .fitMultiDataSet(data.map(DataSet::toMultiDataSet));
    OneByteRuns.assertSame(reference, same, multi.report());
  }

  @Test
  void twoCallsOfFitGoOnAsOneRun() {
    OneByte config = OneByteRuns.config(3).build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 20), 2);
    MultiLayerNetwork start = OneByteRuns.layers(DataType.DOUBLE);
    OneByteFederation reference = OneByteRuns.reference(config, start.clone(), data);
    reference.fit();
    reference.fit();
    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    SparkDl4jMultiLayer onSpark = new SparkDl4jMultiLayer(spark, start.clone(), master);
    onSpark.fit(data);
    OneByteRuns.assertSame(reference, onSpark.fit(data), master.report());
    assertEquals(6, master.report().rounds());
    assertEquals(2, onSpark.getNetwork().getLayerWiseConfigurations().getEpochCount());
  }

  @Test
  void resumedRunEndsWithTheSameBits() {
    OneByte config = OneByteRuns.config(9).build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 20), 2);
    MultiLayerNetwork start = OneByteRuns.layers(DataType.DOUBLE);
    OneByteFederation whole = OneByteRuns.reference(config, start.clone(), data);
    whole.fit();

    File checkpoints = directory.resolve("checkpoints").toFile();
    SparkDl4jMultiLayer broken =
        new SparkDl4jMultiLayer(spark, start.clone(), checkpointed(config, checkpoints.getPath()));
    broken.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (iteration == 5) {
              throw new IllegalStateException("the driver dies");
            }
          }
        });
    assertThrows(IllegalStateException.class, () -> broken.fit(data));

    OneByteTrainingMaster resumed = OneByteTrainingMaster.resume(checkpoints);
    assertEquals(config, resumed.getConfig());
    assertEquals(6, resumed.report().rounds());
    SparkDl4jMultiLayer wrong = new SparkDl4jMultiLayer(spark, start.clone(), resumed);
    assertThrows(IllegalArgumentException.class, () -> wrong.fit(data));
    MultiLayerNetwork trained =
        new SparkDl4jMultiLayer(spark, resumed.<MultiLayerNetwork>network(), resumed).fit(data);
    OneByteRuns.assertSame(whole, trained, resumed.report());
    assertEquals(9, trained.getLayerWiseConfigurations().getIterationCount());
    assertEquals(1, trained.getLayerWiseConfigurations().getEpochCount());

    // That call is at its end: resumed again, it makes no round, and the next one makes its own.
    OneByteTrainingMaster again = OneByteTrainingMaster.resume(checkpoints);
    SparkDl4jMultiLayer onSpark =
        new SparkDl4jMultiLayer(spark, again.<MultiLayerNetwork>network(), again);
    assertArrayEquals(
        whole.parameters().toDoubleVector(), onSpark.fit(data).params().toDoubleVector());
    whole.fit();
    OneByteRuns.assertSame(whole.network(), onSpark.fit(data));

    OneByteTrainingMaster other = checkpointed(config, checkpoints.getPath());
    assertThrows(
        IllegalArgumentException.class,
        () -> new SparkDl4jMultiLayer(spark, start.clone(), other).fit(data));
  }

  @Test
  void filesAreRead() throws Exception {
    OneByte config = OneByteRuns.config(3).build();
    List<String> paths = new ArrayList<>();
    List<DataSet> examples = OneByteRuns.examples(DataType.DOUBLE, 20);
    List<DataSet> batches = new ArrayList<>();
    for (int b = 0; b < 4; b++) {
      File file = directory.resolve("batch" + b + ".bin").toFile();
      batches.add(DataSet.merge(examples.subList(b * 5, b * 5 + 5)));
      batches.get(b).save(file);
      paths.add(file.toURI().toString());
    }
    MultiLayerNetwork start = OneByteRuns.layers(DataType.DOUBLE);
    OneByteFederation reference =
        OneByteRuns.reference(config, start.clone(), spark.parallelize(batches, 2));
    reference.fit();
    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    MultiLayerNetwork trained =
        new SparkDl4jMultiLayer(spark, start.clone(), master)
            .fitPaths(spark.parallelize(paths, 2), new SerializedDataSetLoader());
    OneByteRuns.assertSame(reference, trained, master.report());
  }

  @Test
  void emptyPartitionTakesNoPart() {
    OneByte config = OneByteRuns.config(2).build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 2), 3);
    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    new SparkDl4jMultiLayer(spark, OneByteRuns.layers(DataType.DOUBLE), master).fit(data);
    OneByteRuns.assertOneByteEach(config, master.report(), 2, 2);

    OneByteTrainingMaster none = new OneByteTrainingMaster(config);
    SparkDl4jMultiLayer onSpark =
        new SparkDl4jMultiLayer(spark, OneByteRuns.layers(DataType.DOUBLE), none);
    assertThrows(
        IllegalArgumentException.class,
        () -> onSpark.fit(spark.parallelize(List.<DataSet>of(), 2)));
  }

  @Test
  void lossThatThrowsEndsTheCall() {
    List<DataSet> examples = new ArrayList<>(OneByteRuns.examples(DataType.DOUBLE, 3));
    examples.add(
        new DataSet(Nd4j.zeros(DataType.DOUBLE, 1, 7), Nd4j.zeros(DataType.DOUBLE, 1, 10)));
    MultiLayerNetwork network = OneByteRuns.layers(DataType.DOUBLE);
    double[] before = network.params().toDoubleVector();
    OneByteTrainingMaster master = new OneByteTrainingMaster(OneByteRuns.config(2).build());
    SparkDl4jMultiLayer onSpark = new SparkDl4jMultiLayer(spark, network, master);
    assertThrows(SparkException.class, () -> onSpark.fit(spark.parallelize(examples, 2)));
    assertArrayEquals(before, network.params().toDoubleVector());
    assertEquals(0, master.report().rounds());
    assertEquals(0, network.getLayerWiseConfigurations().getIterationCount());
  }

  @Test
  void configurationIsReadBack() {
    OneByteTrainingMaster master =
        checkpointed(
            OneByteRuns.config(7)
                .learningRateSchedule(new ExponentialSchedule(ScheduleType.ITERATION, 1e-2, 0.9))
                .build(),
            "somewhere");
    assertEquals(master, OneByteTrainingMaster.fromJson(master.toJson()));
    assertEquals(master, OneByteTrainingMaster.fromYaml(master.toYaml()));
    OneByteTrainingMaster standard = OneByteTrainingMaster.fromJson("{}");
    assertEquals(OneByte.builder().build(), standard.getConfig());
  }

  @Test
  void whatIsNotOfferedSaysSo() {
    OneByteTrainingMaster master = new OneByteTrainingMaster(OneByteRuns.config(1).build());
    assertThrows(IllegalStateException.class, master::report);
    assertThrows(IllegalStateException.class, master::network);
    assertThrows(UnsupportedOperationException.class, () -> master.setCollectTrainingStats(true));
    master.setCollectTrainingStats(false);
    assertThrows(UnsupportedOperationException.class, () -> master.addHook(null));
    assertThrows(
        UnsupportedOperationException.class,
        () -> master.getWorkerInstance((SparkDl4jMultiLayer) null));
    assertThrows(
        IllegalArgumentException.class,
        () -> OneByteTrainingMaster.resume(directory.resolve("nothing").toFile()));

    MultiLayerNetwork bounded = OneByteRuns.layers(DataType.DOUBLE);
    bounded.getLayer(0).conf().getLayer().setConstraints(List.of(new MaxNormConstraint(1, 1)));
    SparkDl4jMultiLayer onSpark = new SparkDl4jMultiLayer(spark, bounded, master);
    assertThrows(
        IllegalArgumentException.class,
        () -> onSpark.fit(spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 2), 2)));
  }
}

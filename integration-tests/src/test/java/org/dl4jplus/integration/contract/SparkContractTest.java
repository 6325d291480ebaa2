package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.dl4jplus.integration.contract.Limits.Contract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/** Parameter averaging on Spark, with one updater of each kind. */
class SparkContractTest {

  @TempDir static Path directory;
  private static JavaSparkContext spark;

  @BeforeAll
  static void start() {
    spark =
        new JavaSparkContext(
            new SparkConf()
                .setMaster("local[2]")
                .setAppName("contract")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.local.dir", directory.toString()));
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static String kind(Case c) {
    if (c.wraps()) {
      return "wrapper";
    }
    if (c.needsShapes()) {
      return "shapes";
    }
    return c.needsParameters() ? "parameters" : c.needsSteps() ? "steps" : "elementwise";
  }

  /** The first of each kind. */
  static List<Case> kinds() {
    Map<String, Case> kinds = new LinkedHashMap<>();
    for (Case c : Updaters.all()) {
      if (!c.exempt(Contract.AVERAGING)) {
        kinds.putIfAbsent(kind(c), c);
      }
    }
    return List.copyOf(kinds.values());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("kinds")
  void trains(Case c) {
    String in = c.in("Spark");
    MultiLayerNetwork net =
        (MultiLayerNetwork) Net.bound(c, Topology.DENSE, DataType.FLOAT).model();
    double[] start = Numbers.of(net.params());
    ParameterAveragingTrainingMaster master =
        new ParameterAveragingTrainingMaster.Builder(12)
            .batchSizePerWorker(12)
            .averagingFrequency(2)
            .workerPrefetchNumBatches(0)
            .rddTrainingApproach(RDDTrainingApproach.Direct)
            .build();
    SparkDl4jMultiLayer onSpark =
        new SparkDl4jMultiLayer(spark, net.getLayerWiseConfigurations(), master);
    onSpark.getNetwork().setParams(net.params());
    List<DataSet> data =
        IntStream.range(0, 8)
            .mapToObj(i -> Topology.DENSE.data(DataType.FLOAT, i))
            .flatMap(d -> d.asList().stream())
            .toList();
    MultiLayerNetwork trained = onSpark.fit(spark.parallelize(data, 2));
    Numbers.assertFinite(Numbers.of(trained.params()), in + "parameters");
    Numbers.assertFinite(
        Numbers.of(trained.getUpdater().getStateViewArray()), in + "updater state");
    assertFalse(Numbers.same(start, Numbers.of(trained.params())), in + "no parameter moved");
  }
}

package org.dl4jplus.integration.onebyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.onebyte.OneByteFederation;
import org.dl4jplus.optim.zeroth.spark.OneByteTrainingMaster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/** One-byte training on two executors that are JVMs of their own; the last test ends one. */
@Tag("cluster")
@Timeout(240)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OneByteClusterTest {

  @TempDir static Path directory;
  private static final Set<String> LOST = ConcurrentHashMap.newKeySet();
  private static JavaSparkContext spark;

  @BeforeAll
  static void start() throws IOException {
    // Spark looks for its jars there; the executors' class path is this JVM's.
    Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    spark =
        new JavaSparkContext(
            new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .setAppName("one byte on executors")
                .set("spark.executor.extraClassPath", classPath)
                .set("spark.executorEnv.OMP_NUM_THREADS", "1")
                .set("spark.executorEnv.OPENBLAS_NUM_THREADS", "1")
                .set("spark.scheduler.minRegisteredResourcesRatio", "1.0")
                .set("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.local.dir", directory.toString()));
    spark
        .sc()
        .addSparkListener(
            new SparkListener() {
              @Override
              public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
                LOST.add(removed.executorId());
              }
            });
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  @Order(1)
  void twoExecutorsTrainAsOneProcess() {
    OneByte config = OneByteRuns.config(10).build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 40), 2);
    MultiLayerNetwork start = OneByteRuns.layers(DataType.DOUBLE);
    OneByteFederation reference = OneByteRuns.reference(config, start.clone(), data);
    reference.fit();

    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    MultiLayerNetwork trained = new SparkDl4jMultiLayer(spark, start.clone(), master).fit(data);
    OneByteRuns.assertSame(reference, trained, master.report());
    OneByteRuns.assertOneByteEach(config, master.report(), 10, 2);
    Set<String> executors =
        Set.copyOf(
            data.mapPartitions(
                    partition -> Collections.singleton(SparkEnv.get().executorId()).iterator())
                .collect());
    assertEquals(Set.of("0", "1"), executors);
  }

  @Test
  @Order(2)
  void singlePrecisionToo() {
    OneByte config = OneByteRuns.config(6).build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.FLOAT, 40), 2);
    ComputationGraph start = OneByteRuns.graph(DataType.FLOAT);
    OneByteFederation reference = OneByteRuns.reference(config, start.clone(), data);
    reference.fit();
    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    ComputationGraph trained = new SparkComputationGraph(spark, start.clone(), master).fit(data);
    OneByteRuns.assertSame(reference, trained, master.report());
  }

  @Test
  @Order(3)
  void executorThatDiesChangesNothing() throws InterruptedException {
    OneByte config = OneByteRuns.config(12).build();
    JavaRDD<DataSet> data = spark.parallelize(OneByteRuns.examples(DataType.DOUBLE, 40), 2);
    Path halted = directory.resolve("halted");
    // Two losses a direction, three directions a round: in the middle of its sixth round.
    MultiLayerNetwork start =
        OneByteRuns.layers(DataType.DOUBLE, new HaltingActivation(halted.toString(), 33));
    OneByteFederation reference = OneByteRuns.reference(config, start.clone(), data);
    reference.fit();

    OneByteTrainingMaster master = new OneByteTrainingMaster(config);
    MultiLayerNetwork trained = new SparkDl4jMultiLayer(spark, start.clone(), master).fit(data);
    assertTrue(Files.exists(halted), "no executor was halted");
    for (int tenths = 0; LOST.isEmpty() && tenths < 300; tenths++) {
      Thread.sleep(100);
    }
    assertEquals(1, LOST.size(), LOST::toString);
    OneByteRuns.assertSame(reference, trained, master.report());
    OneByteRuns.assertOneByteEach(config, master.report(), 12, 2);
  }
}

package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.AdaptiveBatchListener.Estimator;
import org.dl4jplus.optim.first.batchsize.GradientSpread;
import org.dl4jplus.optim.first.batchsize.TestBounds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class AdaptiveBatchTest {

  private static AdaptiveBatchIterator iterator(int rows, int size) {
    return new AdaptiveBatchIterator(
        new ExistingDataSetIterator(Networks.data().batchBy(rows), 12, 4, 3), size);
  }

  /** A listener on the iterator. */
  private static AdaptiveBatchListener.AdaptiveBatchListenerBuilder on(
      AdaptiveBatchIterator iterator) {
    return AdaptiveBatchListener.builder().iterator(iterator).maxBatchSize(1000);
  }

  @Test
  void theIteratorKeepsExamplesAndOrder() {
    for (int rows : new int[] {1, 3, 5, 12}) {
      AdaptiveBatchIterator iterator = iterator(rows, 2);
      for (int epoch = 0; epoch < 2; epoch++) {
        iterator.setBatchSize(2);
        List<INDArray> seen = new ArrayList<>();
        List<Long> sizes = new ArrayList<>();
        while (iterator.hasNext()) {
          DataSet batch = iterator.next();
          seen.add(batch.getFeatures());
          sizes.add(batch.getFeatures().size(0));
          iterator.setBatchSize(iterator.batch() + 2);
        }
        assertEquals(List.of(2L, 4L, 6L), sizes);
        assertEquals(Networks.data().getFeatures(), Nd4j.vstack(seen));
        assertThrows(NoSuchElementException.class, iterator::next);
        iterator.reset();
      }
      assertFalse(iterator.asyncSupported());
      assertTrue(iterator.resetSupported());
    }
  }

  @Test
  void theLastBatchIsShortAndPreprocessed() {
    AdaptiveBatchIterator iterator = iterator(4, 7);
    NormalizerMinMaxScaler scaler = new NormalizerMinMaxScaler();
    scaler.fit(Networks.data());
    iterator.setPreProcessor(scaler);
    assertEquals(7, iterator.next().numExamples());
    DataSet last = iterator.next();
    assertEquals(5, last.numExamples());
    assertTrue(last.getFeatures().minNumber().doubleValue() >= 0);
    assertEquals(scaler, iterator.getPreProcessor());
    assertEquals(4, iterator.inputColumns());
    assertEquals(3, iterator.totalOutcomes());
    assertThrows(IllegalArgumentException.class, () -> iterator.setBatchSize(0));
    assertThrows(IllegalArgumentException.class, () -> iterator(4, 0));
  }

  @Test
  void badConfigurationsAreRejected() {
    AdaptiveBatchIterator iterator = iterator(4, 4);
    assertThrows(NullPointerException.class, () -> AdaptiveBatchListener.builder().build());
    assertBad("maxBatchSize", on(iterator).maxBatchSize(null));
    assertBad("eta", on(iterator).eta(0.0));
    assertBad("theta", on(iterator).theta(-1.0));
    assertBad("nu", on(iterator).nu(Double.NaN));
    assertBad("coordinateQuantile", on(iterator).coordinateQuantile(1.1));
    assertBad("testInterval", on(iterator).testInterval(0));
    assertBad("maxTestExamples", on(iterator).maxTestExamples(1));
    assertBad("parts", on(iterator).parts(3));
  }

  private static void assertBad(
      String field, AdaptiveBatchListener.AdaptiveBatchListenerBuilder builder) {
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.startsWith(field), message);
  }

  /** Batch size after one step on a batch, with nothing to bound it but the test. */
  private static int sizeAfter(
      DataSet batch, AdaptiveBatchListener.AdaptiveBatchListenerBuilder builder, int size) {
    AdaptiveBatchIterator iterator =
        new AdaptiveBatchIterator(new ExistingDataSetIterator(batch.batchBy(size)), size);
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    network.addListeners(builder.iterator(iterator).maxBatchSize(Integer.MAX_VALUE).build());
    network.fit(iterator.next());
    return iterator.batch();
  }

  @Test
  void halfEtaAsksForFourTimesTheExamples() {
    int one = sizeAfter(Networks.data(), AdaptiveBatchListener.builder().eta(0.02), 12);
    int half = sizeAfter(Networks.data(), AdaptiveBatchListener.builder().eta(0.01), 12);
    // Each was rounded up by less than one.
    assertTrue(Math.abs(4 * one - half) <= 4, one + " and " + half);
  }

  @Test
  void duplicatesChangeNothingButTheDivisor() {
    DataSet twice = DataSet.merge(List.of(Networks.data(), Networks.data()));
    int one = sizeAfter(Networks.data(), AdaptiveBatchListener.builder().eta(0.01), 12);
    int two = sizeAfter(twice, AdaptiveBatchListener.builder().eta(0.01), 24);
    // 1/11 of the squares' sum against 1/23 of twice that.
    assertEquals(one * 22.0 / 23, two, 2);
  }

  @Test
  void partsOfOneExampleAreExamples() {
    for (BatchSizeTest test : BatchSizeTest.values()) {
      int examples =
          sizeAfter(
              Networks.data(),
              AdaptiveBatchListener.builder().test(test).eta(0.03).theta(0.03).nu(0.03),
              12);
      int parts =
          sizeAfter(
              Networks.data(),
              AdaptiveBatchListener.builder()
                  .test(test)
                  .eta(0.03)
                  .theta(0.03)
                  .nu(0.03)
                  .estimator(Estimator.PARTS)
                  .parts(50),
              12);
      assertEquals(examples, parts);
      assertTrue(examples > 12);
    }
  }

  @Test
  void aBatchOfOneGrowsByOneAndShortBatchesAreNotTested() {
    assertEquals(2, sizeAfter(Networks.data(), AdaptiveBatchListener.builder(), 1));
    AdaptiveBatchIterator iterator = iterator(12, 100);
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    network.addListeners(on(iterator).build());
    network.fit(iterator, 2);
    assertEquals(100, iterator.batch());
  }

  @Test
  void aZeroOrBrokenGradientKeepsTheSize() {
    GradientSpread spread = new GradientSpread(Nd4j.zeros(DataType.DOUBLE, 3), true);
    spread.begin(1);
    for (BatchSizeTest test : BatchSizeTest.values()) {
      assertEquals(5, test.nextBatchSize(spread, new TestBounds(null, null, null, null), 5, 9));
    }
    spread.add(Nd4j.createFromArray(1.0, 0, 2));
    spread.add(Nd4j.createFromArray(-1.0, 0, -2));
    for (BatchSizeTest test : BatchSizeTest.values()) {
      assertEquals(5, test.nextBatchSize(spread, new TestBounds(null, null, null, null), 5, 9));
    }
    DataSet broken = Networks.data();
    broken.getFeatures().putScalar(0, Double.NaN);
    assertEquals(12, sizeAfter(broken, AdaptiveBatchListener.builder(), 12));
  }

  @Test
  void theNetworkTrainsAsWithoutTheListener() {
    // The bound is so wide that tests are made and ask for nothing.
    for (MultiLayerConfiguration configuration :
        List.of(Networks.dense(new AdaGradNorm()), Networks.normalized(new AdaGradNorm(), 0.7))) {
      INDArray plain = trained(configuration, null);
      AdaptiveBatchIterator iterator = iterator(12, 12);
      INDArray tested =
          trained(configuration, on(iterator).estimator(Estimator.PARTS).eta(100.0).build());
      assertEquals(plain, tested);
      assertEquals(12, iterator.batch());
    }
  }

  private static INDArray trained(MultiLayerConfiguration conf, AdaptiveBatchListener listener) {
    Nd4j.getRandom().setSeed(5);
    MultiLayerNetwork network = Networks.network(conf.clone());
    if (listener != null) {
      network.addListeners(listener);
    }
    for (int i = 0; i < 3; i++) {
      network.fit(Networks.data());
    }
    return network.params();
  }

  @Test
  void examplesAreRefusedUnderBatchNormalization() {
    AdaptiveBatchIterator iterator = iterator(12, 12);
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    network.addListeners(on(iterator).build());
    assertThrows(IllegalStateException.class, () -> network.fit(iterator.next()));
  }

  @Test
  void batchesOfAGraphGrowToTheLargest() {
    AdaptiveBatchIterator iterator = iterator(5, 2);
    ComputationGraph graph = new ComputationGraph(Networks.graph(new AdaGradNorm(0.5)));
    graph.init();
    AdaptiveBatchListener listener = on(iterator).maxBatchSize(6).build();
    List<Integer> sizes = new ArrayList<>();
    graph.addListeners(
        listener,
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            sizes.add(model.batchSize());
          }
        });
    double before = graph.score(Networks.data());
    graph.fit(iterator, 10);
    assertEquals(2, sizes.get(0));
    assertEquals(6, iterator.batch());
    assertEquals(6, sizes.get(sizes.size() - 1));
    assertEquals(120, listener.samples());
    assertTrue(graph.score(Networks.data()) < before);
  }

  @Test
  void sampleSchedulesGoByExamples(@TempDir java.nio.file.Path directory) throws Exception {
    SampleSchedule schedule = new SampleSchedule(new LinearDecaySchedule(1, 0, 6), 8);
    AdaptiveBatchIterator iterator = iterator(12, 12);
    AdaptiveBatchListener listener = on(iterator).testInterval(100).build();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(schedule)));
    List<Double> rates = new ArrayList<>();
    BaseTrainingListener log =
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            rates.add(((MultiLayerNetwork) model).getLearningRate(0));
          }
        };
    network.setListeners(listener, log);
    network.fit(Networks.data());
    network.fit(Networks.data());
    java.io.File file = directory.resolve("network.zip").toFile();
    ModelSerializer.writeModel(network, file, true);
    MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(file, true);
    AdaptiveBatchListener resumed = on(iterator).testInterval(100).build();
    resumed.resume(listener.samples());
    restored.setListeners(resumed, log);
    restored.fit(Networks.data());
    network.fit(Networks.data());
    // 0, 12, 24 examples and 24 again: units 0, 1, 3.
    assertEquals(List.of(1.0, 5.0 / 6, 0.5, 0.5), rates);
    assertArrayEquals(network.params().toDoubleVector(), restored.params().toDoubleVector());
    assertThrows(IllegalArgumentException.class, () -> resumed.resume(-1));
  }
}

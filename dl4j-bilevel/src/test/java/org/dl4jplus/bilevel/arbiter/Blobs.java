package org.dl4jplus.bilevel.arbiter;

import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.layers.DenseLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Two clouds of points, in batches of 10. */
public final class Blobs implements BilevelDataSource {

  private static final long serialVersionUID = 1L;
  static final int BATCHES = 4;

  /** For Arbiter. */
  public Blobs() {}

  private static DataSetIterator data(long seed, int batches) {
    Random random = new Random(CounterNoise.deriveSeed(seed));
    List<DataSet> list = new ArrayList<>();
    for (int b = 0; b < batches; b++) {
      INDArray x = Nd4j.create(DataType.FLOAT, 10, 3);
      INDArray y = Nd4j.zeros(DataType.FLOAT, 10, 2);
      for (int i = 0; i < 10; i++) {
        int label = i % 2;
        for (int j = 0; j < 3; j++) {
          x.putScalar(i, j, random.nextGaussian() + (label == 0 ? -0.7 : 0.7));
        }
        y.putScalar(i, label, 1);
      }
      list.add(new DataSet(x, y));
    }
    return new ListDataSetIterator<>(list, 1);
  }

  @Override
  public void configure(Properties properties) {}

  @Override
  public DataSetIterator trainData() {
    return data(1, BATCHES);
  }

  @Override
  public DataSetIterator validationData() {
    return data(2, 2);
  }

  @Override
  public DataSetIterator testData() {
    return data(3, 3);
  }

  @Override
  public Class<?> getDataType() {
    return DataSetIterator.class;
  }

  static MultiLayerSpace.Builder space(
      ParameterSpace<IUpdater> updater, ParameterSpace<Integer> width) {
    return new MultiLayerSpace.Builder()
        .seed(5)
        .updater(updater)
        .dropOut(0.8)
        .addLayer(
            new DenseLayerSpace.Builder().nIn(3).nOut(width).activation(Activation.TANH).build())
        .addLayer(
            new OutputLayerSpace.Builder()
                .nIn(width)
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .lossFunction(LossFunction.MCXENT)
                .build())
        .numEpochs(2);
  }

  static MultiLayerSpace.Builder space(ParameterSpace<IUpdater> updater) {
    return space(updater, new FixedValue<>(4));
  }
}

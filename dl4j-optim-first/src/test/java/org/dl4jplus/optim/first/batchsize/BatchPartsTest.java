package org.dl4jplus.optim.first.batchsize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.Networks;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class BatchPartsTest {

  /** Checks, inside a step, that the parts' gradients average to the batch's. */
  private static final class Check extends BaseTrainingListener {
    private double worst;
    private int parts;

    @Override
    public void onGradientCalculation(Model model) {
      ModelAccess access = ModelAccess.of(model);
      BatchParts batch = new BatchParts(model);
      batch.readMean(access);
      INDArray before = access.gradient().dup();
      INDArray[] inputs = access.inputs().clone();
      double score = access.score();
      for (int rows : new int[] {1, 3}) {
        INDArray sum = batch.mean().neg();
        int count = access.batchSize() / rows;
        batch.forEach(model, count, rows, g -> sum.addi(g.div(count)));
        worst = Math.max(worst, GradientTurn.norm(sum) / GradientTurn.norm(batch.mean()));
        parts += count;
      }
      assertEquals(before, access.gradient());
      assertEquals(inputs[0], access.inputs()[0]);
      assertEquals(score, access.score());
      // So do they in any order, masks included.
      int examples = access.batchSize();
      ModelBatch whole = ModelBatch.of(model);
      whole.rows(IntStream.range(0, examples).map(i -> examples - 1 - i).toArray()).set(model);
      access.computeGradientAndScore();
      assertEquals(score, access.score(), 1e-12);
      assertArrayEquals(
          before.toDoubleVector(), access.gradient().toDoubleVector(), 1e-12 * examples);
      whole.set(model);
      // The batch is whole again: a further pass gives the same gradient.
      access.computeGradientAndScore();
      assertEquals(before, access.gradient());
    }

    void passed(int expectedParts) {
      assertEquals(expectedParts, parts);
      assertTrue(worst < 1e-12, "relative error " + worst);
    }
  }

  @Test
  void partsAverageToTheBatch() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    Check check = new Check();
    network.addListeners(check);
    network.fit(Networks.data());
    check.passed(16);
  }

  @Test
  void partsOfAGraphAverageToTheBatch() {
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.1)));
    graph.init();
    Check check = new Check();
    graph.addListeners(check);
    graph.fit(Networks.data());
    check.passed(16);
  }

  @Test
  void withoutDivisionByTheBatchTheMeanIsTheSame() {
    MultiLayerConfiguration configuration = Networks.dense(new Sgd(0.1));
    configuration.getConfs().forEach(conf -> conf.setMiniBatch(false));
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    Check check = new Check();
    network.addListeners(check);
    network.fit(Networks.data());
    check.passed(16);
  }

  @Test
  void masksGoWithTheirRows() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(3)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.1))
            .list()
            .layer(new LSTM.Builder().nIn(2).nOut(3).build())
            .layer(
                new RnnOutputLayer.Builder(LossFunction.MSE)
                    .nIn(3)
                    .nOut(2)
                    .activation(Activation.IDENTITY)
                    .build())
            .build();
    for (int perOutput = 0; perOutput < 2; perOutput++) {
      masked(configuration.clone(), sequences(perOutput == 1));
    }
  }

  private static void masked(MultiLayerConfiguration configuration, DataSet sequences) {
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    Check onNetwork = new Check();
    network.addListeners(onNetwork);
    network.fit(sequences);
    onNetwork.passed(8);
    ComputationGraph graph = network.toComputationGraph();
    Check onGraph = new Check();
    graph.setListeners(onGraph);
    graph.fit(sequences);
    onGraph.passed(8);
  }

  /** Six sequences of different lengths. */
  private static DataSet sequences(boolean perOutput) {
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 6, 4);
    for (int i = 0; i < 6; i++) {
      for (int t = 2 + i % 3; t < 4; t++) {
        mask.putScalar(i, t, 0);
      }
    }
    INDArray labelMask = mask.dup();
    if (perOutput) {
      labelMask = Nd4j.ones(DataType.DOUBLE, 6, 2, 4);
      for (int i = 0; i < 6; i++) {
        labelMask.putScalar(new int[] {i, i % 2, i % 4}, 0);
      }
    }
    Nd4j.getRandom().setSeed(4);
    return new DataSet(
        Nd4j.randn(DataType.DOUBLE, 6, 2, 4),
        Nd4j.randn(DataType.DOUBLE, 6, 2, 4),
        mask,
        labelMask);
  }
}

package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.ImplicitFunction;
import org.dl4jplus.bilevel.linear.NeumannSeries;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.task.PerParameterDecay;
import org.dl4jplus.integration.data.BundledData;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/** A decay for each weight, learnt on the way, against the best single one of a grid. */
final class PerParameterDecayHeadline implements Headline {

  private static final int SEEDS = 8;
  private static final int TRAINING = 40;
  private static final int VALIDATION = 100;
  private static final double RATE = 0.2;
  private static final int GRID = 11;
  private static final int GRID_STEPS = 1000;
  private static final int OUTER = 60;
  private static final int INNER = 10;
  private static final int LAST = 300;

  /** Losses, and gradients that were taken for them. */
  private record Outcome(double validation, double test, double calls) {
    Outcome plus(Outcome other) {
      return new Outcome(validation + other.validation, test + other.test, calls + other.calls);
    }
  }

  @Override
  public String name() {
    return "per-parameter-decay";
  }

  @Override
  public List<Row> measure() {
    Outcome single = new Outcome(0, 0, 0);
    Outcome each = new Outcome(0, 0, 0);
    for (int seed = 1; seed <= SEEDS; seed++) {
      Parts parts = Parts.of(seed);
      single = single.plus(grid(parts));
      each = each.plus(learnt(parts));
    }
    String claim = ", logistic regression on 40 tumours, 8 seeds";
    String baseline = "best of 11 single decays";
    String ours = "a decay for each weight";
    return List.of(
        Row.ratio(
            "validation loss" + claim,
            baseline,
            single.validation / SEEDS,
            ours,
            each.validation / SEEDS,
            Bar.atMost(0.85)),
        Row.ratio(
            "test loss" + claim,
            baseline,
            single.test / SEEDS,
            ours,
            each.test / SEEDS,
            Bar.atMost(1)),
        Row.ratio(
            "gradients taken" + claim,
            baseline,
            single.calls / SEEDS,
            ours,
            each.calls / SEEDS,
            Bar.atMost(0.25)));
  }

  /** The data of a seed. */
  private record Parts(MultiDataSet training, MultiDataSet validation, MultiDataSet test) {

    static Parts of(int seed) {
      DataSet data = BundledData.breastCancer();
      INDArray x = data.getFeatures().castTo(DataType.DOUBLE);
      x.subiRowVector(x.mean(0));
      x.diviRowVector(Transforms.sqrt(x.mul(x).mean(0)));
      INDArray y = data.getLabels().castTo(DataType.DOUBLE).getColumn(0, true);
      int[] order = Digits.shuffled(x.rows(), new Random(seed)).stream().mapToInt(i -> i).toArray();
      return new Parts(
          part(x, y, order, 0, TRAINING),
          part(x, y, order, TRAINING, TRAINING + VALIDATION),
          part(x, y, order, TRAINING + VALIDATION, order.length));
    }

    private static MultiDataSet part(INDArray x, INDArray y, int[] order, int from, int to) {
      int[] rows = Arrays.copyOfRange(order, from, to);
      return new DataSet(Nd4j.pullRows(x, 1, rows), Nd4j.pullRows(y, 1, rows)).toMultiDataSet();
    }

    PerParameterDecay problem(MultiDataSet upper) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .dataType(DataType.DOUBLE)
                  .updater(new Sgd(RATE))
                  .list(
                      new OutputLayer.Builder(LossFunction.XENT)
                          .nIn(training.getFeatures(0).columns())
                          .nOut(1)
                          .hasBias(false)
                          .weightInit(WeightInit.ZERO)
                          .activation(Activation.SIGMOID)
                          .build())
                  .build());
      network.init();
      return PerParameterDecay.builder()
          .network(network)
          .trainingData(List.of(training))
          .validationData(List.of(upper))
          .lowerLearningRate(RATE)
          .build();
    }

    Outcome outcome(PerParameterDecay problem, INDArray x, INDArray y, double calls) {
      return new Outcome(
          problem.upper(x, y, BilevelProblem.ALL, null, null),
          problem(test).upper(x, y, BilevelProblem.ALL, null, null),
          calls);
    }
  }

  /** The single decay whose validation loss is lowest; the whole grid's gradients count. */
  private static Outcome grid(Parts parts) {
    PerParameterDecay problem = parts.problem(parts.validation);
    Outcome best = null;
    for (int k = 0; k < GRID; k++) {
      INDArray x = problem.logDecays(-8 + k);
      INDArray y = problem.start();
      descend(problem, x, y, GRID_STEPS);
      Outcome outcome = parts.outcome(problem, x, y, GRID * GRID_STEPS);
      if (best == null || outcome.validation < best.validation) {
        best = outcome;
      }
    }
    return best;
  }

  private static void descend(PerParameterDecay problem, INDArray x, INDArray y, int steps) {
    INDArray gradient = y.ulike();
    for (int i = 0; i < steps; i++) {
      problem.lower(x, y, BilevelProblem.ALL, null, gradient);
      y.subi(gradient.muli(RATE));
    }
  }

  private static Outcome learnt(Parts parts) {
    PerParameterDecay problem = parts.problem(parts.validation);
    BilevelTrainer trainer =
        new BilevelTrainer(
            problem,
            ImplicitFunction.builder()
                .lowerUpdater(new Sgd(RATE))
                .upperUpdater(new Adam(0.1))
                .innerSteps(INNER)
                .inverseHessian(NeumannSeries.builder().terms(5).build())
                .build(),
            problem.logDecays(-4),
            problem.start(),
            1);
    trainer.fit(OUTER);
    INDArray y = trainer.y();
    descend(problem, trainer.x(), y, LAST);
    return parts.outcome(problem, trainer.x(), y, trainer.calls().total() + LAST);
  }
}

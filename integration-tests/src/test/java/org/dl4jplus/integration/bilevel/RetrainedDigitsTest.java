package org.dl4jplus.integration.bilevel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.Hypergradient;
import org.dl4jplus.bilevel.linear.ConjugateGradient;
import org.dl4jplus.bilevel.linear.FisherHessian;
import org.dl4jplus.bilevel.linear.InverseHessian;
import org.dl4jplus.bilevel.linear.NeumannSeries;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.task.PerParameterDecay;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.integration.data.Split;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Hypergradients of a digits network against what training it again for moved decays gives. */
class RetrainedDigitsTest {

  private static final int ALL = BilevelProblem.ALL;
  private static final int EXAMPLES = 50;
  private static final double RATE = 0.5;
  private static final double MOVE = 0.01;

  private static PerParameterDecay problem(int batch) {
    Split split = Split.stratified(BundledData.digits(), 0.05, 1);
    List<MultiDataSet> training =
        IntStream.range(0, EXAMPLES / batch)
            .mapToObj(k -> rows(split.test(), k * batch, (k + 1) * batch))
            .toList();
    MultiDataSet validation = rows(split.test(), EXAMPLES, 90);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .activation(Activation.TANH)
                .list(
                    new DenseLayer.Builder().nIn(64).nOut(5).build(),
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(5)
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return PerParameterDecay.builder()
        .network(network)
        .trainingData(training)
        .validationData(List.of(validation))
        .biases(true)
        .build();
  }

  private static MultiDataSet rows(DataSet data, int from, int to) {
    int[] rows = new int[to - from];
    Arrays.setAll(rows, i -> from + i);
    return new DataSet(
            Nd4j.pullRows(data.getFeatures(), 1, rows).castTo(DataType.DOUBLE),
            Nd4j.pullRows(data.getLabels(), 1, rows).castTo(DataType.DOUBLE))
        .toMultiDataSet();
  }

  /** Descent, then Newton's method until nothing of the gradient is left. */
  private static INDArray trained(
      PerParameterDecay problem, INDArray x, INDArray start, int steps) {
    INDArray y = start.dup();
    INDArray gradient = y.ulike();
    for (int k = 0; k < steps; k++) {
      problem.lower(x, y, ALL, null, gradient);
      y.subi(gradient.mul(RATE));
    }
    InverseHessian newton = ConjugateGradient.builder().tol(1e-3).build();
    problem.lower(x, y, ALL, null, gradient);
    for (int k = 0; k < 12 && gradient.norm2Number().doubleValue() > 1e-9; k++) {
      InverseHessian.Product step =
          newton.multiply(problem, x, y, ALL, gradient.toDoubleVector(), null);
      assertTrue(!step.solution().indefinite(), "training has not come near a minimum");
      y.subi(Nd4j.createFromArray(step.solution().x()));
      problem.lower(x, y, ALL, null, gradient);
    }
    assertEquals(0, gradient.norm2Number().doubleValue(), 1e-8);
    return y;
  }

  @Test
  void hypergradientsAreWhatRetrainingGives() {
    PerParameterDecay problem = problem(EXAMPLES);
    SplittableRandom random = new SplittableRandom(3);
    INDArray x =
        problem
            .logDecays(0)
            .assign(Nd4j.createFromArray(random.doubles(problem.dimX(), -3.5, -2).toArray()));
    INDArray y = trained(problem, x, problem.start(), 300);
    Hypergradient exact =
        at(problem, x, y, ConjugateGradient.builder().tol(1e-8).maxIter(300).build());
    Hypergradient series =
        at(problem, x, y, NeumannSeries.builder().stepSize(RATE).terms(60).build());
    assertTrue(cosine(series, exact) > 0.95, "60 terms of the series");
    Hypergradient fisher =
        at(problem(1), x, y, FisherHessian.builder().gradients(EXAMPLES).damping(0.1).build());
    assertTrue(cosine(fisher, exact) > 0.5, "the inverse Fisher matrix");
    for (int k = 0; k < 3; k++) {
      INDArray direction = Nd4j.createFromArray(random.doubles(problem.dimX(), -1, 1).toArray());
      INDArray up = x.add(direction.mul(MOVE));
      INDArray down = x.sub(direction.mul(MOVE));
      double retrained =
          (problem.upper(up, trained(problem, up, y, 0), ALL, null, null)
                  - problem.upper(down, trained(problem, down, y, 0), ALL, null, null))
              / (2 * MOVE);
      double size =
          exact.vector().norm2Number().doubleValue() * direction.norm2Number().doubleValue();
      assertEquals(retrained, along(exact, direction), 3e-5 * size);
      assertTrue(Math.abs(retrained) > 0.03 * size, "the direction says nothing");
    }
  }

  private static Hypergradient at(
      PerParameterDecay problem, INDArray x, INDArray y, InverseHessian inverse) {
    return Hypergradient.of(problem, x, y, ALL, ALL, inverse, null);
  }

  private static double along(Hypergradient hypergradient, INDArray direction) {
    return hypergradient.vector().mul(direction).sumNumber().doubleValue();
  }

  private static double cosine(Hypergradient one, Hypergradient other) {
    return along(one, other.vector())
        / one.vector().norm2Number().doubleValue()
        / other.vector().norm2Number().doubleValue();
  }
}

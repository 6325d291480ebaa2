package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.LionK.Kappa;
import org.dl4jplus.optim.first.OnlineSubspaceDescent.ProjectionOptimizer;
import org.dl4jplus.optim.first.SubsetNormAdam.Momentum;
import org.dl4jplus.optim.first.SubsetNormAdam.SecondMoment;
import org.dl4jplus.optim.first.linalg.LowRankProjector;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/** What all methods for matrices have to keep to. */
class MatrixUpdatersTest {

  private static final long[][] SHAPES = {
    {4, 6}, {6, 4}, {1, 5}, {5, 1}, {1, 1}, {5}, {2, 3, 2, 2}
  };

  static Stream<AbstractUpdater> updaters() {
    return Stream.of(
            List.of(
                new Muon(0.02),
                Muon.builder().nesterov(false).build(),
                Soap.builder().preconditionFrequency(2).build(),
                Soap.builder().precondition1d(true).normalizeGradients(true).build(),
                Soap.builder().maxPreconditionDim(4).preconditionFrequency(3).build(),
                new Adafactor(),
                Adafactor.builder().beta1(0.9).weightDecay(0.1).warmupInit(true).build(),
                new AdaLomo(0.01),
                Cosmos.builder().rank(2).build(),
                Cosmos.builder().nesterov(false).build(),
                new SubsetNormAdam(0.01),
                SubsetNormAdam.builder().subsetHeuristic(true).build(),
                SubsetNormAdam.builder()
                    .momentum(Momentum.NONE)
                    .beta2(1.0)
                    .biasCorrection(false)
                    .build(),
                new LionK(),
                LionK.builder().kappa(Kappa.L2).build(),
                LionK.builder().kappa(Kappa.LP).kappaP(3.0).build(),
                LionK.builder().kappa(Kappa.HUBER).kappaEpsilon(0.1).build(),
                LionK.builder().kappa(Kappa.TOPK_L1).kappaTopK(2).build(),
                LionK.builder().kappa(Kappa.RELATIVISTIC).kappaEpsilon(0.1).build(),
                LionK.builder().kappa(Kappa.GROUP_L2).build(),
                LionK.builder().kappa(Kappa.NUCLEAR).build()),
            Stream.of(LowRankProjector.Kind.values())
                .map(
                    kind ->
                        SubsetNormAdam.builder()
                            .momentum(Momentum.SUBSPACE)
                            .secondMoment(
                                kind == LowRankProjector.Kind.SVD
                                    ? SecondMoment.EMA
                                    : SecondMoment.SUBSET_NORM)
                            .rank(2)
                            .projection(kind)
                            .updateProjectionGap(3)
                            .build())
                .toList(),
            Stream.of(ProjectionOptimizer.values())
                .map(
                    optimizer ->
                        OnlineSubspaceDescent.builder()
                            .delegate(new Adan(0.01))
                            .rank(2)
                            .updateProjectionGap(3)
                            .projectionOptimizer(optimizer)
                            .build())
                .toList())
        .flatMap(List::stream);
  }

  static INDArray[] random(DataType type, Random random, long[]... shapes) {
    return Stream.of(shapes)
        .map(
            shape -> {
              INDArray array = Nd4j.create(DataType.DOUBLE, shape);
              INDArray flat = array.reshape('c', new long[] {array.length()});
              for (long i = 0; i < flat.length(); i++) {
                flat.putScalar(i, random.nextGaussian());
              }
              return array.castTo(type);
            })
        .toArray(INDArray[]::new);
  }

  private static INDArray[] zeros(DataType type) {
    return Stream.of(SHAPES).map(s -> Nd4j.create(type, s)).toArray(INDArray[]::new);
  }

  private static double[] flat(INDArray... arrays) {
    return Stream.of(arrays)
        .flatMapToDouble(
            a -> Arrays.stream(a.dup('c').reshape('c', new long[] {a.length()}).toDoubleVector()))
        .toArray();
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void everyShapeStaysFinite(AbstractUpdater updater) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      Random random = new Random(1);
      INDArray[] parameters = random(type, random, SHAPES);
      double[] start = flat(parameters);
      ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), parameters);
      for (int t = 0; t < 2; t++) {
        optimizer.step(zeros(type));
      }
      for (int t = 0; t < 3; t++) {
        optimizer.step(random(type, random, SHAPES));
      }
      optimizer.step(zeros(type));
      double[] end = flat(parameters);
      for (int i = 0; i < end.length; i++) {
        assertTrue(Double.isFinite(end[i]));
      }
      // One sparse method leaves single entries alone, none leaves them all.
      assertTrue(!Arrays.equals(start, end));
    }
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void rateZeroMovesNothing(AbstractUpdater updater) {
    if (!updater.hasLearningRate()) {
      return;
    }
    AbstractUpdater still = updater.clone();
    still.setLrAndSchedule(0, null);
    Random random = new Random(2);
    INDArray[] parameters = random(DataType.DOUBLE, random, SHAPES);
    double[] start = flat(parameters);
    ArrayOptimizer optimizer = new ArrayOptimizer(still, List.of(), parameters);
    for (int t = 0; t < 2; t++) {
      optimizer.step(random(DataType.DOUBLE, random, SHAPES));
    }
    assertArrayEquals(start, flat(parameters));
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void stateIsEverything(AbstractUpdater updater) {
    long[][] shapes = {{4, 6}, {6, 4}, {5}};
    Random random = new Random(3);
    INDArray[] parameters = random(DataType.FLOAT, random, shapes);
    ArrayOptimizer whole = new ArrayOptimizer(updater, List.of(), parameters);
    for (int t = 0; t < 4; t++) {
      whole.step(random(DataType.FLOAT, random, shapes));
    }
    INDArray[] others = Stream.of(parameters).map(p -> p.dup()).toArray(INDArray[]::new);
    ArrayOptimizer resumed = new ArrayOptimizer(updater.clone(), List.of(), others);
    resumed.state().assign(whole.state());
    resumed.setIteration(whole.getIteration());
    for (int t = 0; t < 3; t++) {
      INDArray[] gradients = random(DataType.FLOAT, random, shapes);
      whole.step(gradients);
      resumed.step(gradients);
    }
    assertArrayEquals(flat(parameters), flat(others));
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void singlePrecisionFollowsDouble(AbstractUpdater updater) {
    // Square, so that no basis has an arbitrary part.
    long[][] shapes = {{4, 4}, {1}};
    double[][] ends = new double[2][];
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      Random random = new Random(4);
      INDArray[] parameters = random(type, random, shapes);
      ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), parameters);
      for (int t = 0; t < 6; t++) {
        optimizer.step(random(type, random, shapes));
      }
      ends[type == DataType.FLOAT ? 0 : 1] = flat(parameters);
    }
    assertArrayEquals(ends[1], ends[0], 1e-4);
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void jsonAndClonesAreEqual(AbstractUpdater updater) throws IOException {
    String json = NeuralNetConfiguration.mapper().writeValueAsString(updater);
    assertEquals(updater, NeuralNetConfiguration.mapper().readValue(json, IUpdater.class));
    assertEquals(updater, updater.clone());
  }

  static Stream<IUpdater> withoutEpsilon() {
    return Stream.of(
        Soap.builder().epsilon(0.0).build(),
        Cosmos.builder().epsilon(0.0).build(),
        Muon.builder().auxEpsilon(0.0).build(),
        SubsetNormAdam.builder().epsilon(0.0).build(),
        SubsetNormAdam.builder().epsilon(0.0).secondMoment(SecondMoment.EMA).build());
  }

  /** Its square is 0 in single precision, it is not. */
  @ParameterizedTest
  @MethodSource("withoutEpsilon")
  void aGradientWithoutASquareGivesNoHugeStep(IUpdater updater) {
    for (long[] shape : new long[][] {{4, 3}, {5}}) {
      INDArray p = Nd4j.zeros(DataType.FLOAT, shape);
      ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
      for (int t = 0; t < 3; t++) {
        optimizer.step(Nd4j.valueArrayOf(shape, 1e-24, DataType.FLOAT));
      }
      assertTrue(p.amaxNumber().doubleValue() < 0.1, updater + " moved to " + p);
    }
  }
}

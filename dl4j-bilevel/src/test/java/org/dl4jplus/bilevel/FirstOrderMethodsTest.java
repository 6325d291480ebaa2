package org.dl4jplus.bilevel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.dl4jplus.bilevel.problem.AffineConstraints;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.Constraints;
import org.dl4jplus.bilevel.problem.ForwardingProblem;
import org.dl4jplus.bilevel.problem.ProjectedProblem;
import org.dl4jplus.ot.projection.Box;
import org.dl4jplus.ot.projection.Simplex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class FirstOrderMethodsTest {

  private static final Batches FULL =
      new Batches() {
        @Override
        public int upper(String use) {
          return BilevelProblem.ALL;
        }

        @Override
        public int lower(String use) {
          return BilevelProblem.ALL;
        }
      };

  private final SmallQuadratic problem = new SmallQuadratic(3, 2, 3);

  static List<BilevelAlgorithm> algorithms() {
    return List.of(
        F2sa.builder().build(),
        F3sa.builder().build(),
        PenaltyMethod.builder().build(),
        PenaltyMethod.builder().innerSteps(1).eta0(0.9).etaDecay(0.3).build(),
        BoRep.builder().tau(0.5).radius(0.3).decayEvery(4).build(),
        LvHba.builder().build());
  }

  private BilevelProblem constrained() {
    Constraints constraints =
        new AffineConstraints(
            new double[][] {{0.3, -0.2}, {0, 1}},
            new double[][] {{1, 0.5, -0.7}, {0.2, 0, -1}},
            new double[] {-0.1, 0.2},
            false);
    return new ForwardingProblem(problem) {
      @Override
      public Constraints constraints() {
        return constraints;
      }
    };
  }

  private static BilevelTrainer trainer(BilevelProblem problem, BilevelAlgorithm algorithm) {
    return new BilevelTrainer(
        problem,
        algorithm,
        Nd4j.createFromArray(0.4, -0.9),
        Nd4j.createFromArray(0.5, -0.3, 0.8),
        11);
  }

  /** Direction of x in a step that starts at exact minimisers, over its step size. */
  private INDArray direction(
      BilevelAlgorithm algorithm, double weightF, double weightG, double stepSize) {
    INDArray x = Nd4j.createFromArray(0.4, -0.9);
    INDArray y = problem.minimiser(x, weightF, weightG);
    INDArray z = problem.minimiser(x, 0, 1);
    BilevelTrainer trainer = new BilevelTrainer(problem, algorithm, x, y, 1);
    trainer.state().vector("z", () -> z);
    trainer.step(FULL);
    return x.sub(trainer.x()).divi(stepSize);
  }

  @Test
  void theBiasOfF2saHalvesWhenLambdaDoubles() {
    INDArray exact = problem.hypergradient(Nd4j.createFromArray(0.4, -0.9));
    double[] errors = new double[4];
    for (int i = 0; i < 4; i++) {
      double lambda = 50 << i;
      F2sa f2sa = F2sa.builder().lambda0(lambda).innerSteps(1).alpha0(1e-3).build();
      errors[i] = direction(f2sa, 1, lambda, 1e-3).distance2(exact);
    }
    for (int i = 0; i < 3; i++) {
      assertEquals(2, errors[i] / errors[i + 1], 0.1);
    }
  }

  @Test
  void theErrorOfThePenaltyMethodIsProportionalToSigma() {
    INDArray exact = problem.hypergradient(Nd4j.createFromArray(0.4, -0.9));
    double[] errors = new double[3];
    for (int i = 0; i < 3; i++) {
      double sigma = 0.1 / (1 << i);
      PenaltyMethod method =
          PenaltyMethod.builder()
              .sigma(sigma)
              .sigmaMin(0.0)
              .alpha(1e-3)
              .normaliseBySigma(true)
              .innerSteps(1)
              .build();
      errors[i] = direction(method, sigma, 1, 1e-3).distance2(exact) / sigma;
    }
    assertEquals(errors[0], errors[1], 0.1 * errors[0]);
    assertEquals(errors[0], errors[2], 0.1 * errors[0]);
  }

  @Test
  void onFullBatchesF3saIsF2saToTheBit() {
    BilevelTrainer two =
        trainer(problem, F2sa.builder().innerSteps(1).alpha0(0.1).gamma0(0.2).build());
    BilevelTrainer three =
        trainer(problem, F3sa.builder().alpha0(0.1).gamma0(0.2).eta0(0.7).etaDecay(0.4).build());
    for (int k = 0; k < 30; k++) {
      two.step(FULL);
      three.step(FULL);
      sameBits(two.x(), three.x());
      sameBits(two.y(), three.y());
    }
  }

  @Test
  void momentumTakesNoiseOutOfTheSingleLoopPenaltyMethod() {
    // With x as good as fixed all noise is that of the gradients in y and z.
    PenaltyMethod plain =
        PenaltyMethod.builder()
            .innerSteps(1)
            .alpha(1e-9)
            .gamma(0.4)
            .beta(1.0)
            .sigmaDecay(0.0)
            .build();
    PenaltyMethod momentum =
        PenaltyMethod.builder()
            .innerSteps(1)
            .alpha(1e-9)
            .gamma(0.4)
            .beta(1.0)
            .sigmaDecay(0.0)
            .eta0(1.0)
            .etaDecay(0.8)
            .build();
    BilevelTrainer full = trainer(problem, plain);
    BilevelTrainer noise = trainer(problem, plain);
    BilevelTrainer memory = trainer(problem, momentum);
    double noisy = 0;
    double calm = 0;
    for (int k = 0; k < 100; k++) {
      full.step(FULL);
      noise.step();
      memory.step();
      if (k >= 60) {
        noisy += full.y().distance2(noise.y());
        calm += full.y().distance2(memory.y());
      }
    }
    assertTrue(calm < noisy / 2, calm + " of " + noisy);
  }

  @Test
  void theRatioOfTheStepSizesCanSetLambda() {
    BilevelTrainer trainer =
        trainer(
            problem,
            F2sa.builder()
                .lambdaMode(F2sa.LambdaMode.RATIO)
                .alpha0(0.05)
                .alphaDecay(0.5)
                .gamma0(0.4)
                .build());
    trainer.fit(3);
    assertEquals(0.4 / (2 * 0.05 / 2), trainer.state().scalar("lambda", 0), 1e-12);
  }

  @Test
  void f2saNearsTheBilevelSolution() {
    BilevelTrainer trainer =
        trainer(
            problem,
            F2sa.builder()
                .alpha0(0.3)
                .gamma0(0.3)
                .xi(1.0)
                .xiDecay(0.0)
                .delta0(2.0)
                .deltaDecay(0.0)
                .innerSteps(5)
                .build());
    for (int k = 0; k < 200; k++) {
      trainer.step(FULL);
    }
    // The bias is of order 1/lambda, and lambda ends at 400.
    assertEquals(0, problem.hypergradient(trainer.x()).norm2Number().doubleValue(), 5e-3);
  }

  @Test
  void aFlatDirectionNeitherDriftsNorBreaksThePenaltyMethod() {
    // g sees y1 alone and f is flat along y2 as well.
    BilevelProblem flat =
        new BilevelProblem() {
          @Override
          public long dimX() {
            return 1;
          }

          @Override
          public long dimY() {
            return 2;
          }

          @Override
          public double upper(INDArray x, INDArray y, int batch, INDArray inX, INDArray inY) {
            double d = y.getDouble(0) - 1;
            if (inX != null) {
              inX.assign(0);
            }
            if (inY != null) {
              inY.assign(Nd4j.createFromArray(d, 0));
            }
            return d * d / 2;
          }

          @Override
          public double lower(INDArray x, INDArray y, int batch, INDArray inX, INDArray inY) {
            double d = y.getDouble(0) - x.getDouble(0);
            if (inX != null) {
              inX.assign(-d);
            }
            if (inY != null) {
              inY.assign(Nd4j.createFromArray(d, 0));
            }
            return d * d / 2;
          }
        };
    BilevelTrainer trainer =
        new BilevelTrainer(
            flat,
            PenaltyMethod.builder().alpha(0.5).normaliseBySigma(true).build(),
            Nd4j.createFromArray(-2.0),
            Nd4j.createFromArray(0.3, 0.7),
            1);
    trainer.fit(100);
    assertEquals(1, trainer.x().getDouble(0), 0.01);
    assertEquals(0.7, trainer.y().getDouble(1), 1e-9);
  }

  @Test
  void stepsOfBoRepHaveOneLength() {
    BoRep method = BoRep.builder().learningRate(0.03).decayEvery(3).decayFactor(0.5).build();
    BilevelTrainer trainer = trainer(problem, method);
    for (int k = 0; k < 8; k++) {
      INDArray before = trainer.x();
      trainer.step();
      double length = 0.03 * Math.pow(0.5, k / 3);
      assertEquals(length, trainer.x().distance2(before), 1e-9);
    }
  }

  @Test
  void withoutAnyGradientBoRepStaysWhereItIs() {
    BilevelProblem nothing =
        new ForwardingProblem(problem) {
          @Override
          public double upper(INDArray x, INDArray y, int batch, INDArray inX, INDArray inY) {
            for (INDArray gradient : new INDArray[] {inX, inY}) {
              if (gradient != null) {
                gradient.assign(0);
              }
            }
            return 0;
          }
        };
    BilevelTrainer trainer = trainer(nothing, BoRep.builder().build());
    INDArray before = trainer.x();
    trainer.fit(3);
    sameBits(before, trainer.x());
  }

  @Test
  void theBallOfBoRepHolds() {
    BoRep method = BoRep.builder().initSteps(0).lowerSteps(30).radius(0.05).period(1).build();
    BilevelTrainer trainer = trainer(problem, method);
    for (int k = 0; k < 5; k++) {
      INDArray before = trainer.y();
      trainer.step();
      assertTrue(trainer.y().distance2(before) <= 0.05 + 1e-12);
    }
  }

  @Test
  void aLongerPeriodOfBoRepSavesLowerCalls() {
    BilevelTrainer every = trainer(problem, BoRep.builder().period(1).initSteps(0).build());
    BilevelTrainer second = trainer(problem, BoRep.builder().period(2).initSteps(0).build());
    every.fit(10);
    second.fit(10);
    // The two products of a step take two gradients each, but for the first one of z = 0.
    assertEquals(10 * 10 + 10 * 4, every.calls().lower());
    assertEquals(5 * 10 + 10 * 4, second.calls().lower());
  }

  @Test
  void lvHbaKeepsItsConstraints() {
    BilevelProblem constrained = constrained();
    BilevelTrainer trainer = trainer(constrained, LvHba.builder().build());
    INDArray values = Nd4j.zeros(DataType.DOUBLE, 2);
    boolean active = false;
    for (int k = 0; k < 100; k++) {
      trainer.step();
      constrained.constraints().values(trainer.x(), trainer.y(), values);
      assertTrue(values.maxNumber().doubleValue() <= 1e-10, values::toString);
      active |= values.maxNumber().doubleValue() > -1e-9;
      assertTrue(trainer.state().vector("lambda").minNumber().doubleValue() >= 0);
    }
    assertTrue(active, "the constraints were never met");
  }

  @Test
  void projectionsOfTheProblemHold() {
    BilevelProblem projected = new ProjectedProblem(problem, new Simplex(1), new Box(-0.1, 0.1));
    for (BilevelAlgorithm algorithm : algorithms()) {
      if (!(algorithm instanceof LvHba)) {
        BilevelTrainer trainer = trainer(projected, algorithm);
        trainer.fit(5);
        assertEquals(1, trainer.x().sumNumber().doubleValue(), 1e-12);
        assertTrue(trainer.x().minNumber().doubleValue() >= 0);
        assertTrue(trainer.y().amaxNumber().doubleValue() <= 0.1 + 1e-15);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void aSavedRunGoesOnToTheSameBits(BilevelAlgorithm algorithm, @TempDir Path directory) {
    BilevelProblem constrained = constrained();
    BilevelTrainer whole = trainer(constrained, algorithm);
    whole.fit(7);
    File file = directory.resolve("run").toFile();
    whole.save(file);
    whole.fit(6);
    BilevelTrainer resumed = BilevelTrainer.resume(constrained, file);
    assertEquals(algorithm, resumed.algorithm());
    resumed.fit(6);
    sameBits(whole.x(), resumed.x());
    sameBits(whole.y(), resumed.y());
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void aConfigurationSurvivesJson(BilevelAlgorithm algorithm) throws IOException {
    ObjectMapper json = new ObjectMapper();
    String text = json.writeValueAsString(algorithm);
    assertEquals(algorithm, json.readValue(text, BilevelAlgorithm.class));
  }

  @Test
  void aRunThatBlowsUpStopsAtTheLastFinitePoint() {
    F2sa wild =
        F2sa.builder().alpha0(1e100).lambda0(1e100).normaliseByLambda(false).innerSteps(3).build();
    BilevelTrainer trainer = trainer(problem, wild);
    INDArray before = trainer.x();
    BilevelDivergedException e =
        assertThrows(BilevelDivergedException.class, () -> trainer.fit(100));
    assertFalse(e.getMessage().isEmpty());
    assertTrue(Double.isFinite(trainer.y().sumNumber().doubleValue()));
    assertEquals(trainer.state().iteration(), e.iteration());
    assertArrayEquals(before.shape(), trainer.x().shape());
  }

  @Test
  void badConfigurationsAreRefused() {
    refused("lambda0", () -> F2sa.builder().lambda0(0.0).build());
    refused("delta0", () -> F2sa.builder().delta0(-0.1).build());
    refused("innerSteps", () -> F2sa.builder().innerSteps(0).build());
    refused("alpha0", () -> F3sa.builder().alpha0(0.0).build());
    refused("eta0", () -> F3sa.builder().eta0(0.0).build());
    refused("sigma", () -> PenaltyMethod.builder().sigma(0.0).build());
    refused("rho", () -> PenaltyMethod.builder().rho(-1.0).build());
    refused("beta", () -> PenaltyMethod.builder().beta(0.0).build());
    refused("beta", () -> PenaltyMethod.builder().beta(1.5).build());
    refused("innerSteps", () -> PenaltyMethod.builder().eta0(0.5).build());
    refused("period", () -> BoRep.builder().period(0).build());
    refused("tau", () -> BoRep.builder().tau(0.0).build());
    refused("lambdaMax", () -> LvHba.builder().lambdaMin(1.0).lambdaMax(1.0).build());
    refused("gamma1", () -> LvHba.builder().gamma1(0.0).build());
    refused("constraints", () -> trainer(problem, LvHba.builder().build()).step());
  }

  /** Equality of arrays has a tolerance. */
  private static void sameBits(INDArray expected, INDArray actual) {
    assertArrayEquals(expected.toDoubleVector(), actual.toDoubleVector());
  }

  private static void refused(String what, Runnable make) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, make::run);
    assertTrue(e.getMessage().contains(what), e.getMessage());
  }
}

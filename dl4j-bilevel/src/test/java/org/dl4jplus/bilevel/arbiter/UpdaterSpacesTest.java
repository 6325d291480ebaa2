package org.dl4jplus.bilevel.arbiter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.conf.updater.AdamSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.serde.jackson.JsonMapper;
import org.deeplearning4j.arbiter.saver.local.FileModelSaver;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.optim.first.AdEMAMix;
import org.dl4jplus.optim.first.Cautious;
import org.dl4jplus.optim.first.Lion;
import org.dl4jplus.optim.second.ScalableShampoo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

class UpdaterSpacesTest {

  private static ContinuousParameterSpace rate() {
    return new ContinuousParameterSpace(0, 1);
  }

  private static FeedbackGenerator over(ParameterSpace<?> space) {
    return new PieceSearch(space, true, 5, null);
  }

  private static Object value(ParameterSpace<?> space, double... point) {
    over(space);
    return space.getValue(point);
  }

  @Test
  void thePlatformsUpdatersKeepTheirDefaults() {
    Map<Function<ParameterSpace<Double>, UpdaterSpace>, IUpdater> spaces = new LinkedHashMap<>();
    spaces.put(UpdaterSpaces::adam, new Adam(0.25));
    spaces.put(UpdaterSpaces::nadam, new Nadam(0.25));
    spaces.put(UpdaterSpaces::adaMax, new AdaMax(0.25));
    spaces.put(UpdaterSpaces::amsGrad, new AMSGrad(0.25));
    spaces.put(UpdaterSpaces::adaBelief, new AdaBelief(0.25));
    spaces.put(UpdaterSpaces::adaGrad, new AdaGrad(0.25));
    spaces.put(UpdaterSpaces::rmsProp, new RmsProp(0.25));
    spaces.put(UpdaterSpaces::nesterovs, new Nesterovs(0.25, 0.9));
    spaces.put(UpdaterSpaces::sgd, new Sgd(0.25));
    spaces.put(UpdaterSpaces::adaDelta, AdaDelta.builder().rho(0.25).build());
    spaces.forEach(
        (factory, expected) -> assertEquals(expected, value(factory.apply(rate()), 0.25)));
    // Arbiter's fault, for which these spaces are there.
    assertEquals(0.001, ((Adam) value(new AdamSpace(rate()), 0.25)).getBeta1());
  }

  @Test
  void anyFieldCanBeChosen() {
    assertEquals(
        AdEMAMix.builder().learningRate(0.5).beta3Warmup(30).build(),
        value(
            UpdaterSpaces.of(new AdEMAMix(0.1))
                .with("learningRate", rate())
                .with("beta3Warmup", new IntegerParameterSpace(10, 50)),
            0.5,
            0.5));
    assertEquals(
        new Cautious(new Adam(0.75)),
        value(
            UpdaterSpaces.of(new Cautious(new Adam(0.1))).with("delegate.learningRate", rate()),
            0.75));
    List<ISchedule> schedules =
        List.of(
            new StepSchedule(ScheduleType.EPOCH, 0.1, 0.5, 3),
            new ExponentialSchedule(ScheduleType.ITERATION, 0.2, 0.9));
    IUpdater scheduled =
        (IUpdater)
            value(
                UpdaterSpaces.of(new Lion())
                    .with("learningRateSchedule", new DiscreteParameterSpace<>(schedules)),
                0.9);
    assertEquals(0.2 * 0.9, scheduled.getLearningRate(1, 0), 1e-15);
  }

  @Test
  void oneOfSeveralUpdatersIsChosenWithItsOwnSettings() {
    ChoiceSpace<IUpdater> space =
        UpdaterSpaces.oneOf(
            UpdaterSpaces.adam(rate()),
            UpdaterSpaces.of(new Lion()).with("learningRate", new ContinuousParameterSpace(0, 0.1)),
            UpdaterSpaces.adam(new ContinuousParameterSpace(0, 0.5)).with("beta1", rate()));
    FeedbackGenerator generator = over(space);
    assertEquals(
        List.of(
            "choice",
            "Adam.learningRate",
            "Lion.learningRate",
            "Adam 2.learningRate",
            "Adam 2.beta1"),
        generator.space().dimensions().stream().map(d -> d.name()).toList());
    assertEquals(new Adam(0.3), space.getValue(new double[] {0.1, 0.3, 0.5, 0.6, 0.7}));
    assertEquals(new Lion(0.05), space.getValue(new double[] {0.5, 0.3, 0.5, 0.6, 0.7}));
    assertEquals(
        Adam.builder().learningRate(0.3).beta1(0.7).build(),
        space.getValue(new double[] {0.9, 0.3, 0.5, 0.6, 0.7}));
  }

  @Test
  void whatAnUpdaterDoesNotTakeIsRefused() {
    UpdaterSpace lion = UpdaterSpaces.of(new Lion());
    String message =
        assertThrows(IllegalArgumentException.class, () -> lion.with("momentum", rate()))
            .getMessage();
    assertTrue(message.contains("momentum") && message.contains("learningRate"), message);
    assertThrows(IllegalArgumentException.class, () -> lion.with("delegate.learningRate", rate()));
    assertThrows(IllegalArgumentException.class, () -> lion.with("learningRate", null));
    assertThrows(IllegalArgumentException.class, () -> UpdaterSpaces.of(null));
    assertThrows(IllegalArgumentException.class, () -> UpdaterSpaces.oneOf());
    message =
        assertThrows(
                IllegalArgumentException.class,
                () -> value(lion.with("beta1", new ContinuousParameterSpace(2, 3)), 0.5))
            .getMessage();
    assertTrue(message.contains("beta1 must be in [0, 1)"), message);
    // In a search such a point is a candidate that failed.
    FeedbackGenerator generator = over(lion.with("beta1", new ContinuousParameterSpace(2, 3)));
    assertTrue(generator.getCandidate().getException() != null);
  }

  @Test
  void aConfigurationWithTheseSpacesGoesThroughJson(@TempDir File directory) throws Exception {
    MultiLayerSpace space =
        Blobs.space(
                UpdaterSpaces.oneOf(
                    UpdaterSpaces.adam(rate()),
                    UpdaterSpaces.of(new ScalableShampoo()).with("learningRate", rate())))
            .biasUpdater(UpdaterSpaces.of(new Lion(0.5)))
            .l2(new FixedValue<>(0.01))
            .build();
    OptimizationConfiguration configuration =
        new OptimizationConfiguration.Builder()
            .candidateGenerator(over(space))
            .dataSource(Blobs.class, null)
            .modelSaver(new FileModelSaver(directory))
            .scoreFunction(new TestSetLossScoreFunction())
            .terminationConditions(new GeneratorExhaustedCondition())
            .build();
    OptimizationConfiguration copy = OptimizationConfiguration.fromJson(configuration.toJson());
    assertEquals(configuration.toJson(), copy.toJson());
    double[] point = {0.7, 0.3, 0.4};
    assertEquals(
        space.getValue(point), copy.getCandidateGenerator().getParameterSpace().getValue(point));
    ChoiceSpace<IUpdater> choice = UpdaterSpaces.oneOf(UpdaterSpaces.adam(rate()));
    assertEquals(
        choice,
        JsonMapper.getMapper()
            .readValue(JsonMapper.getMapper().writeValueAsString(choice), ParameterSpace.class));
  }
}

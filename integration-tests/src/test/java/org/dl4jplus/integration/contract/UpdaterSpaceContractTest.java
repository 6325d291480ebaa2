package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.termination.MaxCandidatesCondition;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.dl4jplus.bilevel.arbiter.UpdaterSpace;
import org.dl4jplus.bilevel.arbiter.UpdaterSpaces;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.IUpdater;

/** Every updater can be searched with Arbiter. */
class UpdaterSpaceContractTest {

  @EveryUpdater
  void anUpdaterIsTheSameButForWhatIsSearched(Case c) {
    boolean rated = c.hasRate() && !c.wraps();
    UpdaterSpace space = UpdaterSpaces.of(c.updater());
    if (rated) {
      space = space.with("learningRate", new ContinuousParameterSpace(0.25, 0.75));
    }
    double[] point = {0.5};
    OptimizationConfiguration configuration =
        new OptimizationConfiguration.Builder()
            .candidateGenerator(new RandomSearchGenerator(space))
            .terminationConditions(new MaxCandidatesCondition(1))
            .build();
    IUpdater expected = c.updater();
    if (rated) {
      expected.setLrAndSchedule(0.5, null);
    }
    assertEquals(expected, space.getValue(point), c.in("a value of its space"));
    ParameterSpace<?> copy =
        OptimizationConfiguration.fromJson(configuration.toJson())
            .getCandidateGenerator()
            .getParameterSpace();
    assertEquals(space, copy, c.in("its space through JSON"));
    assertEquals(expected, copy.getValue(point), c.in("a value after JSON"));
  }

  @Test
  void bothModulesAreAmongThem() {
    Set<String> packages =
        Updaters.all().stream()
            .map(c -> c.prototype().getClass().getPackageName())
            .collect(Collectors.toSet());
    for (String name : List.of("org.dl4jplus.optim.first", "org.dl4jplus.optim.second")) {
      assertFalse(packages.stream().noneMatch(name::equals), name);
    }
  }
}

package org.dl4jplus.bilevel.search;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.optim.first.updater.Require;

/** What searches by successive halving share: their resources, and who is the best of a rung. */
abstract class HalvingGenerator extends FeedbackGenerator {

  final int minResource;
  final int maxResource;
  final int eta;

  HalvingGenerator(
      ParameterSpace<?> parameterSpace,
      Map<String, Object> dataParameters,
      Boolean initDone,
      Boolean minimize,
      Integer maxCandidates,
      Integer minResource,
      Integer maxResource,
      Integer eta) {
    super(parameterSpace, dataParameters, Boolean.TRUE.equals(initDone), minimize, maxCandidates);
    this.minResource = Require.count("minResource", minResource, 1);
    this.maxResource =
        Require.atLeast(
            "maxResource", maxResource, Math.max(27, this.minResource), this.minResource);
    this.eta = Require.atLeast("eta", eta, 3, 2);
  }

  /** The best that are complete, ties by the lower number. */
  final List<Trial> best(List<Trial> rung, int most) {
    return rung.stream()
        .filter(t -> t.getStatus() == Trial.Status.COMPLETE)
        .sorted(Comparator.comparingDouble(this::loss).thenComparingInt(HalvingGenerator::number))
        .limit(most)
        .toList();
  }

  /** Number of the network. */
  static int number(Trial trial) {
    return TrainingPart.of(trial.getData()).trial();
  }

  static boolean at(Trial trial, int rung) {
    return TrainingPart.of(trial.getData()).rung() == rung;
  }

  /** Whose networks have been trained on. */
  final Set<String> trainedOn() {
    Set<String> checkpoints = new HashSet<>();
    complete().forEach(t -> checkpoints.add(TrainingPart.of(t.getData()).resumeFrom()));
    return checkpoints;
  }
}

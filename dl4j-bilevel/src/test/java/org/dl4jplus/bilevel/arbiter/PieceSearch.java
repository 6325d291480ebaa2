package org.dl4jplus.bilevel.arbiter;

import java.util.Map;
import java.util.SplittableRandom;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Goes near the best point so far. With a budget, every second candidate goes on with the trial of
 * the one before, at a point of its own.
 */
public final class PieceSearch extends FeedbackGenerator {

  @JsonProperty private final Integer budget;

  @JsonCreator
  PieceSearch(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("budget") Integer budget) {
    super(parameterSpace, dataParameters, initDone, minimize, maxCandidates);
    this.budget = budget;
  }

  PieceSearch(ParameterSpace<?> space, boolean minimize, Integer maxCandidates, Integer budget) {
    this(space, null, false, minimize, maxCandidates, budget);
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    double[] point = random.doubles(space().size()).toArray();
    if (best() != null) {
      point[0] = 0.7 * best().getPoint()[0] + 0.3 * point[0];
    }
    Map<String, Object> data = Map.of();
    if (budget != null) {
      int trial = index / 2;
      data =
          (index % 2 == 0
                  ? TrainingPart.first(trial, 0, budget)
                  : TrainingPart.resumed(trial, 1, budget, trial, 0))
              .data();
    }
    return new Proposal(point, data, true);
  }
}

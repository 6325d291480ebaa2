package org.dl4jplus.bilevel.search;

import java.util.Map;
import java.util.SplittableRandom;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A search that learns nothing and covers the space more evenly than random search: candidate i is
 * the i-th of the {@link SobolPoints}, with a digital shift by the search's seed unless {@code
 * scramble} is off. The origin is skipped where there is no shift: 0 is no value of many a
 * distribution.
 */
public final class SobolGenerator extends FeedbackGenerator {

  private final boolean scramble;
  private transient SobolPoints points;
  private transient long shiftedBy;

  /**
   * Sets up a search.
   *
   * @param parameterSpace what to search; at most 1000 leaves
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone whether the leaves have their indices, as read from JSON; null for no
   * @param minimize whether small scores are good; required
   * @param maxCandidates after how many candidates the search is over; null for never
   * @param scramble whether a random digital shift is applied; null for yes
   * @throws IllegalArgumentException for bad arguments
   */
  @Builder
  @JsonCreator
  private SobolGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") Boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("scramble") Boolean scramble) {
    super(parameterSpace, dataParameters, Boolean.TRUE.equals(initDone), minimize, maxCandidates);
    this.scramble = scramble == null || scramble;
    points = points();
  }

  private SobolPoints points() {
    shiftedBy = seed();
    return scramble
        ? SobolPoints.shifted(space().size(), shiftedBy)
        : SobolPoints.plain(space().size());
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    if (shiftedBy != seed()) {
      points = points();
    }
    return Proposal.of(points.point(scramble ? index : index + 1));
  }
}

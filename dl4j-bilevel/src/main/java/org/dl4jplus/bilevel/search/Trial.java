package org.dl4jplus.bilevel.search;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import lombok.Getter;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** A candidate as a search remembers it. */
@Getter
public final class Trial implements Serializable {

  /** What became of a candidate. */
  public enum Status {
    /** Proposed, not yet heard of again. */
    PENDING,
    /** Evaluated. */
    COMPLETE,
    /** Ended by an exception, or with a score that is not finite. */
    FAILED
  }

  /** Arbiter's number of the candidate. */
  @JsonProperty private final int index;

  /** Its coordinates in the unit cube. */
  @JsonProperty private final double[] point;

  /** What the search gave its task beside the configuration: plain numbers and strings. */
  @JsonProperty private final Map<String, Object> data;

  /** What became of it. */
  @JsonProperty private Status status;

  /** Its score; NaN unless complete. */
  @JsonProperty private double score;

  /** What its task told beside the score; null for nothing. */
  @JsonProperty private SearchMetrics metrics;

  /** Why it failed; null unless it did. */
  @JsonProperty private String failure;

  @JsonCreator
  Trial(
      @JsonProperty("index") int index,
      @JsonProperty("point") double[] point,
      @JsonProperty("data") Map<String, Object> data,
      @JsonProperty("status") Status status,
      @JsonProperty("score") double score,
      @JsonProperty("metrics") SearchMetrics metrics,
      @JsonProperty("failure") String failure) {
    this.index = index;
    this.point = point.clone();
    this.data = data == null ? Map.of() : new TreeMap<>(data);
    this.status = status;
    this.score = score;
    this.metrics = metrics;
    this.failure = failure;
  }

  static Trial pending(int index, double[] point, Map<String, Object> data) {
    return new Trial(index, point, data, Status.PENDING, Double.NaN, null, null);
  }

  void complete(double score, SearchMetrics metrics) {
    status = Status.COMPLETE;
    this.score = score;
    this.metrics = metrics;
  }

  void fail(String failure, SearchMetrics metrics) {
    status = Status.FAILED;
    this.failure = failure;
    this.metrics = metrics;
  }
}

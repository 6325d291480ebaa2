package org.dl4jplus.privacy.accounting;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The list of all releases about one data set, under one relation of neighbours. Jackson writes and
 * reads it.
 */
public final class PrivacyLedger {

  /**
   * A release that was made several times.
   *
   * @param event the release
   * @param count how many times, at least 0
   */
  public record Entry(PrivacyEvent event, long count) {

    /**
     * Checks the values.
     *
     * @param event the release
     * @param count how many times
     */
    public Entry {
      if (event == null) {
        throw new IllegalArgumentException("event must be given");
      }
      if (count < 0) {
        throw new IllegalArgumentException("count = " + count + " must be at least 0");
      }
    }
  }

  private final Neighbours neighbours;
  private final List<Entry> entries = new ArrayList<>();

  /**
   * An empty ledger.
   *
   * @param neighbours the relation of all its entries
   */
  public PrivacyLedger(Neighbours neighbours) {
    this(neighbours, List.of());
  }

  @JsonCreator
  private PrivacyLedger(
      @JsonProperty("neighbours") Neighbours neighbours,
      @JsonProperty("entries") List<Entry> entries) {
    if (neighbours == null) {
      throw new IllegalArgumentException("neighbours must be given");
    }
    this.neighbours = neighbours;
    if (entries == null) {
      throw new IllegalArgumentException("entries must be given");
    }
    entries.forEach(entry -> add(entry.event(), entry.count()));
  }

  /**
   * Adds a release; the same one again raises its count.
   *
   * @param event the release
   * @param count how many times, at least 0
   * @throws IllegalArgumentException if the event does not hold under this ledger's relation, or
   *     for a negative count
   */
  public void add(PrivacyEvent event, long count) {
    Entry entry = new Entry(event, count);
    if (!event.relations().contains(neighbours)) {
      throw new IllegalArgumentException(
          event + " does not hold under " + neighbours + ", only under " + event.relations());
    }
    int last = entries.size() - 1;
    if (last >= 0 && entries.get(last).event().equals(event)) {
      entries.set(last, new Entry(event, Math.addExact(entries.get(last).count(), count)));
    } else if (count > 0) {
      entries.add(entry);
    }
  }

  /**
   * A ledger with the same releases.
   *
   * @return does not change with this one
   */
  public PrivacyLedger copy() {
    return new PrivacyLedger(neighbours, entries);
  }

  /**
   * The relation.
   *
   * @return that of all entries
   */
  @JsonProperty("neighbours")
  public Neighbours neighbours() {
    return neighbours;
  }

  /**
   * The releases, in order.
   *
   * @return a copy
   */
  @JsonProperty("entries")
  public List<Entry> entries() {
    return List.copyOf(entries);
  }
}

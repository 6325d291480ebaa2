package org.dl4jplus.optim.first.updater;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.vector.Scalars;

/**
 * How an updater's state lies in its view: the named vectors one after the other, then the scalars.
 *
 * <p>A scalar takes two places (a value and what rounding it to the view's type lost), so that
 * counters and running sums keep about 48 bits in a single-precision network and still survive
 * saving and averaging.
 */
public final class StateLayout {

  private final List<String> names = new ArrayList<>();
  private final List<Long> lengths = new ArrayList<>();
  private int scalars = 1;

  /** The step counter alone; add what a method needs. */
  public StateLayout() {}

  /**
   * Adds a vector.
   *
   * @param name its name
   * @param length its number of entries
   * @return this
   */
  public StateLayout vector(String name, long length) {
    names.add(name);
    lengths.add(length);
    return this;
  }

  /**
   * Adds scalars.
   *
   * @param count how many
   * @return this
   */
  public StateLayout scalars(int count) {
    scalars += count;
    return this;
  }

  /**
   * Places that the state takes.
   *
   * @return the sum of all lengths
   */
  public long size() {
    return offset(names.size()) + (long) Scalars.PLACES * scalars;
  }

  int vectors() {
    return names.size();
  }

  String name(int vector) {
    return names.get(vector);
  }

  long length(int vector) {
    return lengths.get(vector);
  }

  /** Start of a vector; of the scalars for the index after the last. */
  long offset(int vector) {
    long offset = 0;
    for (int i = 0; i < vector; i++) {
      offset += lengths.get(i);
    }
    return offset;
  }
}

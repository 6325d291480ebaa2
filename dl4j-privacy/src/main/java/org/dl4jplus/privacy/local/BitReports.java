package org.dl4jplus.privacy.local;

import java.util.BitSet;
import org.dl4jplus.privacy.noise.NoiseSource;

/** Protocols whose report is the set of values that it supports. */
abstract class BitReports extends Protocol<BitSet> {

  BitReports(int values, double epsilon) {
    super(values, epsilon);
  }

  /** {@inheritDoc} */
  @Override
  public void count(BitSet report, double[] counts) {
    checkReport(report.length() <= getValues());
    report.stream().forEach(v -> counts[v]++);
  }

  /** {@inheritDoc} */
  @Override
  public int attack(BitSet report, NoiseSource noise) {
    checkReport(report.length() <= getValues());
    return guess(report, getValues(), noise);
  }

  /** Uniform among the members, and among all values where there are none. */
  static int guess(BitSet members, int values, NoiseSource noise) {
    int count = members.cardinality();
    if (count == 0) {
      return (int) noise.uniform(values);
    }
    return members.stream().skip(noise.uniform(count)).findFirst().orElseThrow();
  }
}

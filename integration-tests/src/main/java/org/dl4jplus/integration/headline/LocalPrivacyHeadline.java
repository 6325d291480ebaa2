package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.privacy.local.LdpProtocol;
import org.dl4jplus.privacy.local.SubsetSelection;
import org.dl4jplus.privacy.local.UnaryEncoding;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SeededNoise;

/** How much harder a value is to guess from an adaptive report, and what that costs. */
final class LocalPrivacyHeadline implements Headline {

  private static final int VALUES = 100;
  private static final double EPSILON = 4;
  private static final double WEIGHT = 0.5;

  /** With ten values, equal weights choose nearly what the smallest error does. */
  private static final double CAREFUL = 0.9;

  private static final int REPEATS = 10;

  @Override
  public String name() {
    return "local-privacy";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    add(
        rows,
        "SS",
        SubsetSelection.optimized(VALUES, EPSILON),
        "ASS",
        SubsetSelection.adaptive(VALUES, EPSILON, WEIGHT));
    add(
        rows,
        "OUE",
        UnaryEncoding.optimized(VALUES, EPSILON),
        "AUE",
        UnaryEncoding.adaptive(VALUES, EPSILON, WEIGHT));
    int[] labels = BundledData.digits().getLabels().argMax(1).toIntVector();
    int k = Digits.CLASSES;
    NoiseSource noise = new SeededNoise(1);
    rows.add(attack("SS", SubsetSelection.optimized(k, EPSILON), labels, noise));
    rows.add(attack("ASS", SubsetSelection.adaptive(k, EPSILON, CAREFUL), labels, noise));
    rows.add(attack("OUE", UnaryEncoding.optimized(k, EPSILON), labels, noise));
    rows.add(attack("AUE", UnaryEncoding.adaptive(k, EPSILON, CAREFUL), labels, noise));
    return rows;
  }

  private static void add(
      List<Row> rows, String base, LdpProtocol<?> baseline, String name, LdpProtocol<?> adaptive) {
    rows.add(
        Row.ratio(
            "probability that a guess is right, 100 values, epsilon 4 (closed form)",
            base,
            baseline.attackerSuccessRate(),
            name,
            adaptive.attackerSuccessRate(),
            Bar.atMost(0.47)));
    rows.add(
        Row.ratio(
            "squared error of 1 user's estimate, 100 values, epsilon 4 (closed form)",
            base,
            baseline.mse(1),
            name,
            adaptive.mse(1),
            Bar.atMost(1.95)));
  }

  private static <R> Row attack(
      String name, LdpProtocol<R> protocol, int[] labels, NoiseSource noise) {
    int hits = 0;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      for (int label : labels) {
        hits += protocol.attack(protocol.perturb(label, noise), noise) == label ? 1 : 0;
      }
    }
    double rate = (double) hits / (REPEATS * labels.length);
    double expected = protocol.attackerSuccessRate();
    return new Row(
        "share of digits' labels guessed from reports, epsilon 4",
        name + ", closed form",
        expected,
        name + ", attacked",
        rate,
        "relative difference",
        Math.abs(rate / expected - 1),
        Bar.atMost(0.05));
  }
}

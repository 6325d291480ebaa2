package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ExponentialQuantileTest {

  private static ExponentialQuantile.ExponentialQuantileBuilder unit() {
    return ExponentialQuantile.builder().lower(0.0).upper(1.0).epsilon(1.0);
  }

  /** The density of the answer at a point: its interval's probability over its length. */
  private static double density(ExponentialQuantile quantile, double[] values, double point) {
    double[] edges = quantile.edges(values);
    double[] probabilities = quantile.probabilities(values);
    int i = 0;
    while (edges[i + 1] <= point) {
      i++;
    }
    return probabilities[i] / (edges[i + 1] - edges[i]);
  }

  @Test
  void densitiesOfNeighboursDifferByAtMostEpsilon() {
    SplittableRandom random = new SplittableRandom(5);
    double largest = 0;
    for (int trial = 0; trial < 400; trial++) {
      double epsilon = 0.1 + 3 * random.nextDouble();
      double[] values = random.doubles(1 + random.nextInt(12), -0.3, 1.3).toArray();
      double[] other = values.clone();
      boolean replaced = trial % 2 == 0;
      if (replaced) {
        other[random.nextInt(other.length)] = random.nextDouble(-0.3, 1.3);
      } else {
        other = Arrays.copyOf(other, other.length + 1);
        other[other.length - 1] = random.nextDouble(-0.3, 1.3);
      }
      ExponentialQuantile quantile =
          unit()
              .epsilon(epsilon)
              .quantile(random.nextDouble())
              .records(trial % 3 == 0 ? null : 10)
              .build();
      for (int k = 0; k < 50; k++) {
        double point = random.nextDouble();
        double ratio = Math.log(density(quantile, values, point) / density(quantile, other, point));
        assertTrue(Math.abs(ratio) <= epsilon * (1 + 1e-12), trial + ": " + ratio);
        largest = Math.max(largest, Math.abs(ratio) / epsilon);
      }
    }
    assertTrue(largest > 0.5, "the test sees nothing");
  }

  @Test
  void drawsFollowTheProbabilities() {
    double[] values = {0.2, 0.2, 0.25, 0.7, -5, 9};
    ExponentialQuantile quantile = unit().quantile(0.4).epsilon(2.0).build();
    double[] edges = quantile.edges(values);
    assertArrayEquals(new double[] {0, 0, 0.2, 0.2, 0.25, 0.7, 1, 1}, edges);
    double[] expected = quantile.probabilities(values);
    int n = 20000;
    double[] counts = new double[expected.length];
    double[] above = new double[expected.length];
    NoiseSource noise = new SeededNoise(3);
    for (int k = 0; k < n; k++) {
      double draw = quantile.draw(values, noise);
      int i = 0;
      while (edges[i + 1] <= draw) {
        i++;
      }
      counts[i]++;
      above[i] += draw > (edges[i] + edges[i + 1]) / 2 ? 1 : 0;
    }
    for (int i = 0; i < counts.length; i++) {
      // Five standard errors, of the interval's share and of the draws in its upper half.
      double error = Math.sqrt(expected[i] * (1 - expected[i]) / n);
      assertEquals(expected[i], counts[i] / n, 5 * error);
      assertEquals(counts[i] / 2, above[i], 2.5 * Math.sqrt(counts[i]));
    }
  }

  @Test
  void answersLieOnAGridThatTheDataDoesNotMove() {
    NoiseSource noise = new SeededNoise(4);
    SplittableRandom random = new SplittableRandom(6);
    ExponentialQuantile quantile = unit().lower(-1.0).upper(3.0).build();
    for (int k = 0; k < 200; k++) {
      double draw = quantile.draw(random.doubles(5, -1, 3).toArray(), noise);
      double cells = (draw + 1) / 4 * 0x1p40;
      assertEquals(0.5, cells - Math.floor(cells));
      assertTrue(draw > -1 && draw < 3);
    }
  }

  @Test
  void muchEpsilonGivesTheQuantile() {
    double[] values = new SplittableRandom(1).doubles(501).toArray();
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    NoiseSource noise = new SeededNoise(5);
    for (double q : new double[] {0, 0.1, 0.5, 0.9, 1}) {
      double draw = unit().quantile(q).epsilon(50.0).build().draw(values, noise);
      int rank = (int) Arrays.stream(sorted).filter(x -> x < draw).count();
      assertEquals(q * values.length, rank, 3);
    }
  }

  @Test
  void constantRecordsMoveTheTarget() {
    double[] values = {0.1, 0.2, 0.3, 0.4};
    double[] probabilities =
        unit().quantile(0.5).records(2).epsilon(40.0).build().probabilities(values);
    assertTrue(probabilities[1] > 0.999);
  }

  @Test
  void dataOnTheBoundsLeavesOneInterval() {
    double draw = unit().build().draw(new double[] {0, 0, 1, 7}, new SeededNoise(1));
    assertTrue(draw > 0 && draw < 1);
    double[] probabilities = unit().build().probabilities(new double[] {0, 0, 1, 7});
    assertArrayEquals(new double[] {0, 0, 1, 0, 0}, probabilities);
  }

  @Test
  void hugeRangesAndInfinitiesAreFine() {
    ExponentialQuantile quantile = unit().lower(-1e300).upper(1e300).build();
    double[] values = {Double.NEGATIVE_INFINITY, 0, 1, Double.POSITIVE_INFINITY};
    assertTrue(Double.isFinite(quantile.draw(values, new SeededNoise(1))));
  }

  @Test
  void eventHoldsUnderEveryRelation() {
    for (Neighbours neighbours : Neighbours.values()) {
      new PrivacyLedger(neighbours).add(unit().epsilon(0.3).build().event(), 1);
    }
    assertEquals(0.3, ((PrivacyEvent.PureDp) unit().epsilon(0.3).build().event()).epsilon());
  }

  @Test
  void jsonCarriesIt() throws IOException {
    ExponentialQuantile quantile = unit().quantile(0.25).records(9).build();
    ObjectMapper mapper = new ObjectMapper();
    assertEquals(
        quantile, mapper.readValue(mapper.writeValueAsString(quantile), ExponentialQuantile.class));
  }

  @Test
  void badInputIsRefused() {
    assertRefused("lower", () -> unit().lower(1.0).build());
    assertRefused("lower", () -> unit().lower(null).build());
    assertRefused("upper", () -> unit().upper(Double.POSITIVE_INFINITY).build());
    assertRefused("upper - lower", () -> unit().lower(-1e308).upper(1e308).build());
    assertRefused("epsilon", () -> unit().epsilon(0.0).build());
    assertRefused("epsilon", () -> unit().epsilon(null).build());
    assertRefused("quantile", () -> unit().quantile(1.1).build());
    assertRefused("records", () -> unit().records(0).build());
    assertRefused("values", () -> unit().build().draw(new double[0], new SeededNoise(1)));
    String message =
        assertRefused("values", () -> unit().build().edges(new double[] {7, Double.NaN}));
    assertFalse(message.matches(".*\\d.*"), "shows a record");
  }

  private static String assertRefused(String name, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.startsWith(name), message);
    return message;
  }
}

package org.dl4jplus.privacy.audit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class LiraTest {

  private final SplittableRandom random = new SplittableRandom(42);

  @Test
  void logOddsAreBoundedAndIgnoreShifts() {
    double[] logits = {1, -2, 0.5};
    double others = Math.exp(-2) + Math.exp(0.5);
    assertEquals(1 - Math.log(others), Lira.logOdds(logits, 0), 1e-12);
    assertEquals(Lira.logOdds(logits, 1), Lira.logOdds(new double[] {701, 698, 700.5}, 1), 1e-9);
    double sure = Lira.logOdds(new double[] {1000, 0}, 0);
    assertEquals(-Math.log(1e-45), sure, 1e-9);
    assertEquals(-sure, Lira.logOdds(new double[] {1000, 0}, 1), 1e-9);
  }

  /** phi = noise + shift for members: everything is known. */
  private double[][][] phi(boolean[][] membership, double shift) {
    double[][][] phi = new double[membership.length][membership[0].length][1];
    for (int s = 0; s < phi.length; s++) {
      for (int j = 0; j < phi[s].length; j++) {
        phi[s][j][0] = random.nextGaussian() + (membership[s][j] ? shift : 0);
      }
    }
    return phi;
  }

  private boolean[][] coins(int models, int records) {
    boolean[][] coins = new boolean[models][records];
    for (boolean[] row : coins) {
      for (int j = 0; j < row.length; j++) {
        row[j] = random.nextInt(2) == 1;
      }
    }
    return coins;
  }

  @ParameterizedTest
  @EnumSource(Lira.Variant.class)
  void findsShiftAndNothingElse(Lira.Variant variant) {
    int records = 2000;
    boolean[][] membership = coins(33, records);
    for (double shift : new double[] {0, 2}) {
      double[][][] phi = phi(membership, shift);
      Lira lira = Lira.builder().variant(variant).build();
      AttackResult result =
          new AttackResult(
              lira.scores(Arrays.copyOf(phi, 32), Arrays.copyOf(membership, 32), phi[32]),
              membership[32]);
      if (shift == 0) {
        // Standard error of the area: 1/sqrt(12 * 500) = 0.013; five of them.
        assertEquals(0.5, result.auc(), 0.065);
      } else {
        // At best Phi(2/sqrt(2)) = 0.921; offline "not typical" also flags the others' tails.
        assertTrue(
            result.auc() > (variant == Lira.Variant.OFFLINE ? 0.7 : 0.87), "" + result.auc());
        assertTrue(result.balancedAccuracy() > 0.65);
        assertTrue(result.tprAtFpr(0.01) > 0.05);
      }
    }
  }

  /** One query a copy of the other: the mean is the same. */
  @Test
  void queriesAreAveraged() {
    boolean[][] membership = coins(16, 10);
    double[][][] one = phi(membership, 1);
    double[][][] two = new double[16][10][];
    for (int s = 0; s < 16; s++) {
      for (int j = 0; j < 10; j++) {
        two[s][j] = new double[] {one[s][j][0], one[s][j][0]};
      }
    }
    Lira lira = Lira.builder().fixVariance(false).build();
    assertArrayEquals(
        lira.scores(one, membership, one[3]), lira.scores(two, membership, two[3]), 1e-9);
  }

  @Test
  void equalNumbersAreWorthNothing() {
    boolean[][] membership = coins(16, 20);
    double[][][] phi = new double[16][20][1];
    for (boolean fixed : new boolean[] {true, false}) {
      double[] scores = Lira.builder().fixVariance(fixed).build().scores(phi, membership, phi[0]);
      AttackResult result = new AttackResult(scores, membership[0]);
      assertEquals(0.5, result.auc());
      assertEquals(0.5, result.balancedAccuracy());
      assertEquals(0, result.tprAtFpr(0.01));
    }
  }

  /** Far beyond where Phi is 1, scores still differ. */
  @Test
  void oneSidedScoresHaveNoTies() {
    boolean[][] membership = {{false, false, false}, {false, false, false}};
    double[][][] phi = {{{-1}, {-1}, {-1}}, {{1}, {1}, {1}}};
    double[] scores =
        Lira.builder()
            .variant(Lira.Variant.ONE_SIDED)
            .build()
            .scores(phi, membership, new double[][] {{34.9}, {35.1}, {60}});
    assertTrue(scores[0] < scores[1] && scores[1] < scores[2], Arrays.toString(scores));
    // -log(1 - Phi(z)) grows by z a unit.
    assertEquals(35 * 0.2, scores[1] - scores[0], 0.05);
  }

  @Test
  void recordInNoModelIsNamed() {
    boolean[][] membership = {{true, false}, {false, false}};
    double[][][] phi = new double[2][2][1];
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new Lira().scores(phi, membership, new double[2][1]))
            .getMessage();
    assertTrue(message.startsWith("record 1 "), message);
    // Offline nobody needs to have seen it.
    Lira.builder().variant(Lira.Variant.OFFLINE).build().scores(phi, membership, new double[2][1]);
    boolean[][] all = {{true, true}, {true, false}};
    assertThrows(
        IllegalArgumentException.class, () -> new Lira().scores(phi, all, new double[2][1]));
    double[][][] bad = {{{Double.NaN}, {0}}, {{0}, {0}}};
    assertThrows(
        IllegalArgumentException.class,
        () -> new Lira().scores(bad, new boolean[][] {{true, false}, {false, true}}, bad[1]));
  }

  @Test
  void curveOfKnownScores() {
    AttackResult result =
        new AttackResult(new double[] {4, 3, 3, 1}, new boolean[] {true, false, true, false});
    assertEquals(
        List.of(
            new AttackResult.RocPoint(0, 0),
            new AttackResult.RocPoint(0, 0.5),
            new AttackResult.RocPoint(0.5, 1),
            new AttackResult.RocPoint(1, 1)),
        result.roc());
    // Pairs: 4 > 3, 4 > 1, 3 = 3, 3 > 1.
    assertEquals(3.5 / 4, result.auc());
    assertEquals(0.75, result.balancedAccuracy());
    assertEquals(0.5, result.tprAtFpr(0.5));
    assertEquals(1, result.tprAtFpr(0.51));
    assertThrows(
        IllegalArgumentException.class,
        () -> new AttackResult(new double[2], new boolean[] {true, true}));
    assertThrows(
        IllegalArgumentException.class,
        () -> new AttackResult(new double[] {Double.NaN, 0}, new boolean[] {true, false}));
  }

  @Test
  void shadowModelsSplitInHalves() {
    ShadowModels shadows = Nets.shadows(Nets.data(21, DataType.DOUBLE), 6, 3, false);
    for (int j = 0; j < 21; j++) {
      int record = j;
      assertEquals(3, IntStream.range(0, 6).filter(s -> shadows.membership()[s][record]).count());
    }
    for (int s = 0; s < 6; s++) {
      boolean[] row = shadows.membership()[s];
      assertEquals(s % 2 == 0 ? 10 : 11, IntStream.range(0, 21).filter(j -> row[j]).count());
    }
    assertFalse(Arrays.equals(shadows.membership()[0], shadows.membership()[2]));
    ShadowModels fewer = shadows.without(0, 1);
    assertEquals(4, fewer.models().size());
    assertEquals(shadows.models().get(2), fewer.models().get(0));
    assertThrows(
        IllegalArgumentException.class,
        () -> Nets.shadows(Nets.data(21, DataType.DOUBLE), 5, 3, false));
  }

  /** Networks that learn their few records by heart, of both kinds and precisions. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void overfittedNetworksAreFound(boolean graph) {
    DataSet data = Nets.data(40, graph ? DataType.FLOAT : DataType.DOUBLE);
    ShadowModels shadows = Nets.shadows(data, 8, 3, graph);
    AttackResult result = new Lira().leaveOneOut(shadows);
    assertEquals(8 * 40, result.scores().length);
    assertTrue(result.auc() > 0.7, "" + result.auc());
    Lira lira = new Lira();
    AttackResult one =
        lira.attack(shadows.without(0, 1), shadows.models().get(0), shadows.membership()[0]);
    assertEquals(40, one.scores().length);
  }

  @Test
  void unsuitableModelsAndLabelsAreRefused() {
    DataSet data = Nets.data(4, DataType.DOUBLE);
    assertThrows(IllegalArgumentException.class, () -> Lira.logOdds(Nets.regression(), data));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Lira.logOdds(
                Nets.network(1, DataType.DOUBLE),
                new DataSet(data.getFeatures(), Nd4j.zeros(4, 1))));
  }
}

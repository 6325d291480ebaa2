package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.objective.RankingOracle;
import org.dl4jplus.optim.zeroth.search.RankSearch;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ZORankSGDTest {

  private static double quadratic(INDArray point) {
    return quadratic(point.toDoubleVector());
  }

  private static double quadratic(double[] x) {
    double value = 0;
    for (int i = 0; i < x.length; i++) {
      double left = x[i] - Math.sin(i);
      value += 0.5 * (1 + i % 4) * left * left / x.length;
    }
    return value;
  }

  private static int[] rank(RankSearch search) {
    double[][] points = search.ask();
    double[] values = new double[points.length];
    for (int i = 0; i < points.length; i++) {
      values[i] = quadratic(points[i]);
    }
    return RankingOracle.lowest(values, search.k());
  }

  @Test
  void increasingTransformsLeaveThePathAsItIs() {
    ZORankSGD method = ZORankSGD.builder().seed(3L).build();
    INDArray plain = Nd4j.ones(DataType.DOUBLE, 12).muli(1.5);
    INDArray exponential = plain.dup();
    INDArray cubic = plain.dup();
    for (int round = 1; round <= 60; round += 20) {
      method.minimize(RankingOracle.of(ZORankSGDTest::quadratic), plain, round);
      method.minimize(RankingOracle.of(p -> Math.exp(quadratic(p))), exponential, round);
      method.minimize(RankingOracle.of(p -> Math.pow(quadratic(p) - 1, 3)), cubic, round);
      assertEquals(plain, exponential);
      assertEquals(plain, cubic);
    }
    assertTrue(quadratic(plain) < quadratic(Nd4j.ones(DataType.DOUBLE, 12).muli(1.5)));
  }

  @Test
  void estimatesPointDownhill() {
    for (boolean orthogonal : new boolean[] {false, true}) {
      double[] at = new double[12];
      java.util.Arrays.fill(at, 1.5);
      double mean = 0;
      for (int seed = 0; seed < 1000; seed++) {
        RankSearch search =
            ZORankSGD.builder()
                .orthogonal(orthogonal)
                .smoothing(1e-3)
                .seed((long) seed)
                .build()
                .search(Nd4j.createFromArray(at));
        search.tell(rank(search));
        double[] d = search.direction();
        double dot = 0;
        double squares = 0;
        double slopes = 0;
        for (int i = 0; i < 12; i++) {
          double slope = -(1 + i % 4) * (at[i] - Math.sin(i)) / 12;
          dot += d[i] * slope;
          squares += d[i] * d[i];
          slopes += slope * slope;
        }
        mean += dot / Math.sqrt(squares * slopes) / 1000;
      }
      // Of random directions it would be 0 with a standard error of 0.01.
      assertTrue(mean > 0.2, "cosine " + mean);
    }
  }

  @Test
  void lineSearchesNeverGoUp() {
    RankSearch search = new ZORankSGD().search(Nd4j.ones(DataType.DOUBLE, 12).muli(1.5));
    double value = quadratic(search.point());
    for (int round = 0; round < 100; round++) {
      assertEquals(round % 2 == 1, search.isLineSearch());
      assertEquals(search.isLineSearch() ? 1 : 3, search.k());
      search.tell(rank(search));
      assertTrue(quadratic(search.point()) <= value);
      value = quadratic(search.point());
    }
  }

  @Test
  void moreRankedCandidatesGetFurther() {
    double[] ends = new double[2];
    for (int which = 0; which < 2; which++) {
      for (int seed = 0; seed < 10; seed++) {
        ZORankSGD method =
            ZORankSGD.builder()
                .queries(8)
                .topK(which == 0 ? 1 : 4)
                .stepSize(5.0)
                .seed((long) seed)
                .build();
        INDArray x = Nd4j.ones(DataType.DOUBLE, 20).muli(1.5);
        method.minimize(RankingOracle.of(ZORankSGDTest::quadratic), x, 100);
        ends[which] += quadratic(x) / 10;
      }
    }
    assertTrue(ends[1] < 0.8 * ends[0], ends[1] + " and " + ends[0]);
  }

  @Test
  void aRankingWithoutWinnersGivesTheMeanOfDirections() {
    // m = k = 2: weights 1 and -1, one edge.
    ZORankSGD method = ZORankSGD.builder().queries(2).build();
    assertEquals(2, method.getTopK());
    RankSearch search = method.search(Nd4j.zeros(DataType.DOUBLE, 3));
    double[][] points = search.ask();
    search.tell(1, 0);
    for (int i = 0; i < 3; i++) {
      assertEquals(points[1][i] - points[0][i], search.direction()[i], 1e-15);
    }
    assertEquals(1, search.accumulated());
    double[][] line = search.ask();
    assertArrayEquals(points[1], line[4]);
    assertArrayEquals(search.point(), line[5]);
    search.tell(5);
    assertEquals(1, search.accumulated());
    assertEquals(2, search.idleRounds());
  }

  @Test
  void goesOnToTheSameBits() throws IOException {
    ZORankSGD method = ZORankSGD.builder().seed(5L).orthogonal(true).build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZORankSGD.class));
    RankSearch whole = method.search(Nd4j.ones(DataType.DOUBLE, 8));
    RankSearch first = method.search(Nd4j.ones(DataType.DOUBLE, 8));
    for (int round = 0; round < 20; round++) {
      whole.tell(rank(whole));
    }
    for (int round = 0; round < 9; round++) {
      first.tell(rank(first));
    }
    GradientState state = new GradientState();
    first.save(state);
    first.save(state);
    RankSearch second = method.search(state.copy());
    for (int round = 9; round < 20; round++) {
      second.tell(rank(second));
    }
    assertArrayEquals(whole.point(), second.point());
    assertArrayEquals(whole.direction(), second.direction());
  }

  @Test
  void aNetworkLearnsFromRankings() {
    MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
    ZerothOrder.attach(network, ZORankSGD.builder().queries(8).build());
    double before = network.score(MeZOTest.data(DataType.FLOAT));
    for (int i = 0; i < 60; i++) {
      network.fit(MeZOTest.data(DataType.FLOAT));
    }
    assertTrue(network.score(MeZOTest.data(DataType.FLOAT)) < before - 0.02);
    assertEquals(30 * (8 + 6), ZerothOrder.of(network).evaluations());
  }

  @Test
  void stopsWithoutProgress() {
    ZORankSGD method = ZORankSGD.builder().patience(6).build();
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 4);
    int made =
        method.minimize(
            (candidates, k) -> k == 1 ? new int[] {candidates.size() - 1} : new int[] {0, 1, 2},
            x,
            50);
    assertEquals(6, made);
    assertEquals(Nd4j.zeros(DataType.DOUBLE, 4), x);
  }

  @Test
  void tiesAndValuesThatAreNotFinite() {
    double[] values = {Double.NaN, 2, 1, 1, Double.NEGATIVE_INFINITY};
    assertArrayEquals(new int[] {2, 3, 1, 0}, RankingOracle.lowest(values, 4));
    INDArray x = Nd4j.createFromArray(1.0, 2.0);
    assertTrue(Double.isNaN(new ZORankSGD().minimize(p -> Double.NaN, x, 3)));
    assertEquals(Nd4j.createFromArray(1.0, 2.0), x);
    int[] calls = {0};
    assertThrows(
        IllegalStateException.class,
        () ->
            new ZORankSGD()
                .minimize(
                    p -> {
                      if (calls[0]++ == 4) {
                        throw new IllegalStateException("no value");
                      }
                      return 0;
                    },
                    x,
                    2));
    assertEquals(Nd4j.createFromArray(1.0, 2.0), x);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThrows(IllegalArgumentException.class, () -> ZORankSGD.builder().queries(1).build());
    assertThrows(IllegalArgumentException.class, () -> ZORankSGD.builder().topK(7).build());
    assertThrows(
        IllegalArgumentException.class, () -> ZORankSGD.builder().lineSearchQueries(2).build());
    assertThrows(IllegalArgumentException.class, () -> ZORankSGD.builder().smoothing(0.0).build());
    RankSearch search = new ZORankSGD().search(Nd4j.zeros(DataType.DOUBLE, 3));
    assertThrows(IllegalArgumentException.class, () -> search.tell(0, 1));
    assertThrows(IllegalArgumentException.class, () -> search.tell(0, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> search.tell(0, 1, 6));
    assertThrows(IllegalArgumentException.class, () -> search.tell(0, 1, -1));
    assertThrows(
        IllegalArgumentException.class,
        () -> ZORankSGD.builder().orthogonal(true).build().search(Nd4j.zeros(DataType.DOUBLE, 3)));
  }
}

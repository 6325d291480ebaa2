package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntropicConjugateTest {

  private static final Geometry COSTS = Geometry.ofCost(Numeric.matrix(new Random(1), 4, 5));
  private static final double[] Y = {0.1, 0, 0.3, 0.4, 0.2};

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.05})
  void valueAndGradientMeetTheCost(double epsilon) {
    double[] g = new Random(2).doubles(4, -0.2, 0.2).toArray();
    EntropicConjugate conjugate = new EntropicConjugate(COSTS, Y, epsilon);
    EntropicConjugate.Conjugate result = conjugate.at(g);
    assertArrayEquals(
        Numeric.gradient(x -> conjugate.at(x).value(), g, 1e-5), result.gradient(), 1e-7);
    // Fenchel's equality.
    TransportResult primal =
        SinkhornNewtonSparse.builder()
            .epsilon(epsilon)
            .tolerance(1e-12)
            .build()
            .solve(TransportProblem.of(COSTS, result.gradient(), Y));
    assertEquals(primal.entRegCost(), Marginals.dot(g, result.gradient()) - result.value(), 1e-10);
  }

  @Test
  void smallEpsilonsDoNotOverflow() {
    assertEquals(
        1,
        Marginals.sum(
            new EntropicConjugate(COSTS, Y, 1e-8).at(new double[] {1, 9, 2, 3}).gradient()),
        1e-12);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new EntropicConjugate(COSTS, new double[4], 1));
    assertThrows(IllegalArgumentException.class, () -> new EntropicConjugate(COSTS, Y, 0));
    EntropicConjugate conjugate = new EntropicConjugate(COSTS, Y, 1);
    assertThrows(IllegalArgumentException.class, () -> conjugate.at(new double[3]));
  }
}

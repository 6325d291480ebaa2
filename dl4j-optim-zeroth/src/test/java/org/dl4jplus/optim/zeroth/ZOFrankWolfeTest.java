package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import java.io.IOException;
import java.util.Arrays;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe.Constraint;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe.Scheme;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe.Scope;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ZOFrankWolfeTest {

  private static final double[] CENTER = {1.5, -0.2, 0.9, -1.1, 0.3, 0};

  private static double quadratic(INDArray point) {
    double[] x = point.toDoubleVector();
    double value = 0;
    for (int i = 0; i < x.length; i++) {
      value += 0.5 * (1 + 0.3 * i) * (x[i] - CENTER[i]) * (x[i] - CENTER[i]);
    }
    return value;
  }

  private static void run(
      ZOFrankWolfe method, ZoObjective f, INDArray x, GradientState state, int from, int to) {
    ZoProblem problem = ZoProblem.of(f, x);
    Perturber perturber = new Perturber(x, problem.stretches());
    for (int t = from; t < to; t++) {
      method.step(new ZoStep(problem, perturber, t, 0, state));
    }
  }

  @Test
  void everyIterateIsInTheSetAndSparse() {
    ZOFrankWolfe method =
        ZOFrankWolfe.builder().scheme(Scheme.KWSA).constraint(Constraint.L1).radius(2.0).build();
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 6);
    GradientState state = new GradientState();
    for (int t = 0; t < 2000; t++) {
      run(method, ZOFrankWolfeTest::quadratic, x, state, t, t + 1);
      double[] at = x.toDoubleVector();
      assertTrue(Arrays.stream(at).map(Math::abs).sum() <= 2 + 1e-12);
      assertTrue(Arrays.stream(at).filter(v -> v != 0).count() <= t + 1);
    }
    // The minimum by soft thresholding: h_i |x_i - c_i| is one number where x_i is not 0.
    double lowest = Double.POSITIVE_INFINITY;
    for (double level = 0; level < 3; level += 1e-4) {
      double norm = 0;
      double value = 0;
      for (int i = 0; i < 6; i++) {
        double h = 1 + 0.3 * i;
        double size = Math.max(0, Math.abs(CENTER[i]) - level / h);
        norm += size;
        value += 0.5 * h * (Math.abs(CENTER[i]) - size) * (Math.abs(CENTER[i]) - size);
      }
      if (norm <= 2) {
        lowest = Math.min(lowest, value);
      }
    }
    double start = quadratic(Nd4j.zeros(DataType.DOUBLE, 6)) - lowest;
    assertTrue(quadratic(x) - lowest < 0.01 * start, quadratic(x) + " above " + lowest);
    assertTrue(ZOFrankWolfe.gap(state) > 0);
    assertTrue(ZOFrankWolfe.gap(state) < 0.1);
  }

  @Test
  void everySchemeDescendsInEverySet() {
    for (Scheme scheme : Scheme.values()) {
      for (Constraint constraint : Constraint.values()) {
        ZOFrankWolfe method =
            ZOFrankWolfe.builder()
                .scheme(scheme)
                .constraint(constraint)
                .directions(6)
                .rows(2)
                .k(2)
                .build();
        double[] start = new double[6];
        Arrays.fill(start, constraint == Constraint.SIMPLEX ? 1.0 / 6 : 0);
        INDArray x = Nd4j.createFromArray(start);
        double before = quadratic(x);
        method.minimize(ZOFrankWolfeTest::quadratic, x, 100);
        assertTrue(quadratic(x) < before - 0.1, scheme + " in " + constraint);
      }
    }
  }

  @Test
  void goesOnToTheSameBits() throws IOException {
    ZOFrankWolfe method =
        ZOFrankWolfe.builder()
            .scheme(Scheme.I_RDSA)
            .directions(3)
            .constraint(Constraint.BOX)
            .lower(new double[] {-1, -1, -1, -1, -1, -2})
            .upper(new double[] {1, 1, 1, 1, 1, 2})
            .seed(4L)
            .build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZOFrankWolfe.class));
    INDArray whole = Nd4j.zeros(DataType.DOUBLE, 6);
    run(method, ZOFrankWolfeTest::quadratic, whole, new GradientState(), 0, 30);
    INDArray parts = Nd4j.zeros(DataType.DOUBLE, 6);
    GradientState state = new GradientState();
    run(method, ZOFrankWolfeTest::quadratic, parts, state, 0, 11);
    run(method, ZOFrankWolfeTest::quadratic, parts, state.copy(), 11, 30);
    assertEquals(whole, parts);
  }

  @Test
  void aNetworkStaysInsideLayerByLayer() {
    for (Constraint constraint : new Constraint[] {Constraint.NUCLEAR, Constraint.LINF}) {
      MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
      ModelObjective shapes = new ModelObjective(network);
      assertEquals(6, shapes.rows(0));
      assertEquals(1, shapes.rows(1));
      ZOFrankWolfe method =
          ZOFrankWolfe.builder()
              .scheme(Scheme.I_RDSA)
              .directions(10)
              .constraint(constraint)
              .radius(constraint == Constraint.LINF ? 2.0 : 8.0)
              .cFloor(1e-3)
              .scope(Scope.PER_VARIABLE)
              .build();
      ZerothOrder.attach(network, method);
      // The class is a function of the input.
      DataSet data = MeZOTest.data(DataType.FLOAT);
      data.setLabels(data.getFeatures().mmul(Nd4j.eye(4).get(all(), interval(0, 3))));
      double before = network.score(data);
      for (int i = 0; i < 60; i++) {
        network.fit(data);
      }
      assertTrue(network.score(data) < before * 0.98, before + " to " + network.score(data));
      assertTrue(network.params().amaxNumber().doubleValue() <= 8 + 1e-5);
    }
  }

  @Test
  void aStartOutsideIsRefused() {
    INDArray x = Nd4j.createFromArray(0.9, 0.9);
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> new ZOFrankWolfe().minimize(ZOFrankWolfeTest::quadratic, x, 1));
    assertTrue(refused.getMessage().contains("L1"), refused.getMessage());
    MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
    ZerothOrder.attach(network, ZOFrankWolfe.builder().radius(1e-3).build());
    assertThrows(IllegalArgumentException.class, () -> network.fit(MeZOTest.data(DataType.FLOAT)));
  }

  @Test
  void aValueThatIsNotFiniteSkipsTheStep() {
    for (Scheme scheme : Scheme.values()) {
      ZOFrankWolfe method = ZOFrankWolfe.builder().scheme(scheme).build();
      INDArray x = Nd4j.createFromArray(0.25, -0.5);
      int[] calls = {0};
      assertTrue(Double.isNaN(method.minimize(p -> calls[0]++ % 2 == 0 ? 1 : Double.NaN, x, 1)));
      assertEquals(Nd4j.createFromArray(0.25, -0.5), x);
      assertThrows(
          IllegalStateException.class,
          () ->
              method.minimize(
                  p -> {
                    if (calls[0]++ % 2 == 1) {
                      throw new IllegalStateException("no value");
                    }
                    return 0;
                  },
                  x,
                  2));
      assertEquals(Nd4j.createFromArray(0.25, -0.5), x);
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThrows(IllegalArgumentException.class, () -> ZOFrankWolfe.builder().radius(0.0).build());
    assertThrows(
        IllegalArgumentException.class, () -> ZOFrankWolfe.builder().directions(0).build());
    assertThrows(IllegalArgumentException.class, () -> ZOFrankWolfe.builder().cFloor(-1.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> ZOFrankWolfe.builder().constraint(Constraint.BOX).lower(new double[] {2}).build());
  }
}

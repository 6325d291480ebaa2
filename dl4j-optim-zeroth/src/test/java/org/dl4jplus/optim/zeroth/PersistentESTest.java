package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.TreeSet;
import org.dl4jplus.optim.zeroth.objective.UnrolledProblem;
import org.dl4jplus.optim.zeroth.search.UnrolledRun;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class PersistentESTest {

  /** Gradient descent with rate exp(theta0) on 0.5 sum a s^2, shifted by 0.1 theta1. */
  private static class Descent implements UnrolledProblem<double[]> {
    static final double[] CURVATURE = {1, 0.5, 2};

    @Override
    public double[] init(long seed) {
      return new double[] {1, -2, 0.5};
    }

    @Override
    public Unrolled<double[]> unroll(INDArray theta, double[] state, int steps, long dataSeed) {
      double[] s = state.clone();
      double loss = 0;
      for (int step = 0; step < steps; step++) {
        for (int i = 0; i < 3; i++) {
          s[i] += 0.1 * theta.getDouble(1) - Math.exp(theta.getDouble(0)) * CURVATURE[i] * s[i];
          loss += 0.5 * CURVATURE[i] * s[i] * s[i] / steps;
        }
      }
      return new Unrolled<>(loss, s);
    }
  }

  private static INDArray theta() {
    return Nd4j.createFromArray(-1.5, 0.1);
  }

  private static PersistentES.PersistentESBuilder pes() {
    return PersistentES.builder().particles(20).truncation(3).horizon(12);
  }

  private static ESSingle.ESSingleBuilder single() {
    return ESSingle.builder().particles(20).truncation(3).horizon(12);
  }

  private static INDArray sum(UnrolledES method, int truncations) {
    UnrolledRun<double[]> run = method.run(new Descent());
    INDArray sum = Nd4j.zeros(DataType.DOUBLE, 2);
    for (int t = 0; t < truncations; t++) {
      sum.addi(run.gradient(theta()));
    }
    return sum;
  }

  @Test
  void aTruncationAsLongAsTheProblemMakesAllTheSame() {
    UnrolledRun<double[]> persistent = pes().truncation(12).build().run(new Descent());
    UnrolledRun<double[]> one = single().truncation(12).build().run(new Descent());
    UnrolledRun<double[]> truncated =
        TruncatedES.builder().particles(20).truncation(12).horizon(12).build().run(new Descent());
    for (int t = 0; t < 5; t++) {
      INDArray gradient = persistent.gradient(theta());
      assertEquals(gradient, one.gradient(theta()));
      assertEquals(gradient, truncated.gradient(theta()));
    }
  }

  @Test
  void theSumOfEsSingleIsTheFullEstimate() {
    INDArray parts = sum(single().build(), 4);
    INDArray full = sum(single().truncation(12).build(), 1);
    // A loss is the mean over its steps.
    assertTrue(parts.equalsWithEps(full.mul(4), 1e-10), parts + " and " + full.mul(4));
  }

  @Test
  void persistentEstimatesHaveTheFullExpectation() {
    int runs = 150;
    double[][] mean = new double[2][2];
    double[] square = new double[2];
    for (long seed = 0; seed < runs; seed++) {
      INDArray persistent = sum(pes().sigma(0.03).seed(seed).build(), 4);
      INDArray full = sum(single().sigma(0.03).seed(seed + runs).build(), 4);
      for (int i = 0; i < 2; i++) {
        double p = persistent.getDouble(i);
        double f = full.getDouble(i);
        mean[0][i] += p / runs;
        mean[1][i] += f / runs;
        square[i] += (p * p + f * f) / runs;
      }
    }
    double[] exact = new double[2];
    for (int i = 0; i < 2; i++) {
      for (int sign = -1; sign <= 1; sign += 2) {
        INDArray moved = theta();
        moved.putScalar(i, moved.getDouble(i) + sign * 1e-5);
        double loss = new Descent().unroll(moved, new Descent().init(0), 12, 0).loss();
        exact[i] += 4 * sign * loss / 2e-5;
      }
      double spread =
          Math.sqrt((square[i] - mean[0][i] * mean[0][i] - mean[1][i] * mean[1][i]) / runs);
      // Four standard errors of the difference of means.
      assertEquals(mean[1][i], mean[0][i], 4 * spread);
      assertEquals(exact[i], mean[0][i], 4 * spread + 0.02 * Math.abs(exact[i]));
    }
  }

  @Test
  void anUpdaterFindsABetterRate() {
    for (UnrolledES method : List.of(pes().build(), single().build())) {
      INDArray theta = theta();
      UnrolledRun<double[]> run = method.run(new Descent());
      run.gradient(theta);
      double before = new Descent().unroll(theta, new Descent().init(0), 12, 0).loss();
      assertTrue(Double.isFinite(run.loss()));
      assertEquals(0, method.minimize(new Descent(), theta, new Adam(0.05), 80).skippedSteps());
      double after = new Descent().unroll(theta, new Descent().init(0), 12, 0).loss();
      assertTrue(after < 0.7 * before, before + " to " + after);
    }
  }

  @Test
  void goesOnToTheSameBits() throws IOException, ClassNotFoundException {
    for (UnrolledES method :
        List.of(
            pes().stagger(true).seed(3L).build(),
            single().stagger(true).seed(3L).build(),
            TruncatedES.builder().particles(4).truncation(2).horizon(5).build())) {
      ObjectMapper json = new ObjectMapper();
      UnrolledES read = json.readValue(json.writeValueAsString(method), UnrolledES.class);
      assertEquals(method, read);
      UnrolledRun<double[]> whole = method.run(new Descent());
      UnrolledRun<double[]> first = method.run(new Descent());
      for (int t = 0; t < 6; t++) {
        whole.gradient(theta());
        first.gradient(theta());
      }
      UnrolledRun<double[]> second = read.run(new Descent(), copy(first.save()));
      for (int t = 0; t < 7; t++) {
        assertEquals(whole.gradient(theta()), second.gradient(theta()));
        assertEquals(whole.loss(), second.loss());
      }
    }
  }

  @SuppressWarnings("unchecked") // It is what was written.
  private static <T> T copy(T object) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @Test
  void pairsHaveStartAndDataInCommon() {
    TreeSet<Long> starts = new TreeSet<>();
    TreeSet<Long> data = new TreeSet<>();
    int[] calls = new int[2];
    UnrolledProblem<Long> problem =
        new UnrolledProblem<>() {
          @Override
          public Long init(long seed) {
            starts.add(seed);
            calls[0]++;
            return seed;
          }

          @Override
          public Unrolled<Long> unroll(INDArray theta, Long state, int steps, long dataSeed) {
            assertEquals(2, steps);
            data.add(dataSeed);
            calls[1]++;
            return new Unrolled<>(theta.sumNumber().doubleValue(), state);
          }
        };
    UnrolledRun<Long> run =
        PersistentES.builder()
            .particles(6)
            .truncation(2)
            .horizon(4)
            .stagger(true)
            .build()
            .run(problem);
    assertEquals(3, starts.size());
    run.gradient(theta());
    assertEquals(3, data.size());
    assertEquals(6, calls[1]);
    // One pair of three begins in the middle.
    assertEquals(4, starts.size());
    run.gradient(theta());
    assertEquals(6, data.size());
    assertEquals(6, starts.size());
  }

  @Test
  void lossesThatAreNotFinite() {
    int[] calls = {0};
    UnrolledProblem<Integer> some = problem(() -> calls[0]++ % 4 == 0 ? Double.NaN : 2);
    UnrolledRun<Integer> run = pes().build().run(some);
    assertEquals(Nd4j.zeros(DataType.DOUBLE, 2), run.gradient(theta()));
    assertEquals(2, run.loss());
    calls[0] = 0;
    UnrolledRun<Integer> unclipped = pes().lossClip(false).build().run(some);
    unclipped.gradient(theta());
    assertTrue(Double.isNaN(unclipped.loss()));
    assertEquals(1, unclipped.skippedSteps());
    INDArray theta = theta();
    UnrolledRun<Integer> none =
        single().build().minimize(problem(() -> Double.POSITIVE_INFINITY), theta, new Adam(0.1), 3);
    assertEquals(3, none.skippedSteps());
    assertEquals(theta(), theta);
  }

  private static UnrolledProblem<Integer> problem(java.util.function.DoubleSupplier loss) {
    return new UnrolledProblem<>() {
      @Override
      public Integer init(long seed) {
        return 0;
      }

      @Override
      public Unrolled<Integer> unroll(INDArray theta, Integer state, int steps, long dataSeed) {
        return new Unrolled<>(loss.getAsDouble(), state + steps);
      }
    };
  }

  @Test
  void aProblemThatThrowsLeavesTheRunAsItWas() {
    boolean[] fails = {false};
    int[] calls = {0};
    UnrolledProblem<double[]> problem =
        new Descent() {
          @Override
          public Unrolled<double[]> unroll(
              INDArray theta, double[] state, int steps, long dataSeed) {
            if (fails[0] && calls[0]++ == 7) {
              throw new IllegalStateException("no value");
            }
            return super.unroll(theta, state, steps, dataSeed);
          }
        };
    UnrolledRun<double[]> run = pes().build().run(problem);
    UnrolledRun<double[]> smooth = pes().build().run(new Descent());
    run.gradient(theta());
    smooth.gradient(theta());
    fails[0] = true;
    assertThrows(IllegalStateException.class, () -> run.gradient(theta()));
    assertEquals(smooth.gradient(theta()), run.gradient(theta()));
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThrows(IllegalArgumentException.class, () -> pes().particles(3).build());
    assertThrows(IllegalArgumentException.class, () -> pes().sigma(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> pes().horizon(2).build());
    assertThrows(IllegalArgumentException.class, () -> single().truncation(0).build());
    UnrolledRun<double[]> run = pes().build().run(new Descent());
    assertThrows(
        IllegalArgumentException.class,
        () -> pes().particles(4).build().run(new Descent(), run.save()));
    run.gradient(theta());
    assertThrows(
        IllegalArgumentException.class, () -> run.gradient(Nd4j.zeros(DataType.DOUBLE, 3)));
    assertNotEquals(pes().build(), single().build());
  }
}

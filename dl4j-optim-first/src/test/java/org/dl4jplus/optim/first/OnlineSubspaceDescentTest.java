package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.OnlineSubspaceDescent.ProjectionOptimizer;
import org.dl4jplus.optim.first.linalg.LowRankProjector;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.ops.transforms.Transforms;

class OnlineSubspaceDescentTest {

  private static OnlineSubspaceDescent.OnlineSubspaceDescentBuilder sgd(double rate) {
    return OnlineSubspaceDescent.builder()
        .delegate(new Sgd(rate))
        .rank(2)
        .updateProjectionGap(5)
        .projectionOptimizer(ProjectionOptimizer.SGD);
  }

  @Test
  void stepsWithinTheSubspaceAreExact() {
    for (boolean wide : new boolean[] {false, true}) {
      Random random = new Random(1);
      INDArray basis = random(DataType.DOUBLE, random, new long[] {2, 4})[0];
      INDArray p = wide ? Nd4j.create(DataType.DOUBLE, 4, 7) : Nd4j.create(DataType.DOUBLE, 7, 4);
      INDArray expected = p.dup();
      ArrayOptimizer optimizer = new ArrayOptimizer(sgd(0.1).scale(0.5).build(), List.of(), p);
      for (int t = 0; t < 20; t++) {
        INDArray tall = random(DataType.DOUBLE, random, new long[] {7, 2})[0].mmul(basis);
        INDArray g = (wide ? tall.transpose() : tall).dup('c');
        optimizer.step(g);
        expected.subi(g.mul(0.5 * 0.1));
      }
      assertTrue(expected.sub(p).amaxNumber().doubleValue() < 1e-10);
    }
  }

  @Test
  void theProjectionFollowsAFixedGradient() {
    Random random = new Random(2);
    INDArray p = Nd4j.create(DataType.DOUBLE, 6, 4);
    ArrayOptimizer optimizer = new ArrayOptimizer(sgd(0.1).build(), List.of(), p);
    optimizer.step(random(DataType.DOUBLE, random, new long[] {6, 4}));
    INDArray g = random(DataType.DOUBLE, random, new long[] {6, 4})[0];
    double last = Double.POSITIVE_INFINITY;
    double first = 0;
    for (int t = 0; t < 30; t++) {
      INDArray projection =
          optimizer.state().get(NDArrayIndex.interval(0, 8)).reshape('c', new long[] {2, 4});
      INDArray n = g.div(g.norm2Number());
      INDArray rest = n.mmul(projection.transpose()).mmul(projection).sub(n);
      double loss = Math.pow(rest.norm2Number().doubleValue(), 2);
      assertTrue(loss < last);
      first = t == 0 ? loss : first;
      last = loss;
      optimizer.step(g);
    }
    assertTrue(last < 0.9 * first);
  }

  @Test
  void smallVariablesGetTheDelegateAtFullSize() {
    Random random = new Random(3);
    long[][] shapes = {{2, 6}, {6, 2}, {5}};
    INDArray[] p = random(DataType.DOUBLE, random, shapes);
    INDArray[] q = {p[0].dup(), p[1].dup(), p[2].dup()};
    ArrayOptimizer a =
        new ArrayOptimizer(new OnlineSubspaceDescent(new Adan(0.01), 2), List.of(), p);
    ArrayOptimizer b = new ArrayOptimizer(new Adan(0.01), List.of(), q);
    for (int t = 0; t < 3; t++) {
      INDArray[] g = random(DataType.DOUBLE, random, shapes);
      a.step(g);
      b.step(g);
    }
    for (int i = 0; i < 3; i++) {
      assertTrue(p[i].sub(q[i]).amaxNumber().doubleValue() < 1e-14);
    }
  }

  @Test
  void theRateIsTheDelegates() {
    OnlineSubspaceDescent updater = new OnlineSubspaceDescent(new Sgd(0.1), 3);
    OnlineSubspaceDescent copy = (OnlineSubspaceDescent) updater.clone();
    copy.setLrAndSchedule(0.7, null);
    assertEquals(0.7, copy.getLearningRate(0, 0));
    assertEquals(0.1, updater.getLearningRate(0, 0));
  }

  @Test
  void lionMaySignAtFullSize() {
    Random random = new Random(4);
    OnlineSubspaceDescent updater =
        OnlineSubspaceDescent.builder()
            .delegate(new Lion(0.1))
            .rank(2)
            .scale(0.5)
            .signAfter(true)
            .build();
    INDArray p = Nd4j.create(DataType.DOUBLE, 6, 4);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    INDArray g = random(DataType.DOUBLE, random, new long[] {6, 4})[0];
    INDArray q = LowRankProjector.rightVectors(g, 2);
    optimizer.step(g);
    INDArray expected = Transforms.sign(g.mmul(q.transpose()).mmul(q)).muli(-0.5 * 0.1);
    assertTrue(expected.sub(p).amaxNumber().doubleValue() < 1e-14);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            OnlineSubspaceDescent.builder().delegate(new Sgd(0.1)).rank(2).signAfter(true).build());
  }

  @Test
  void badFieldsAreNamed() {
    for (var delegate : List.of(new Muon(), new NoOp())) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> new OnlineSubspaceDescent(delegate, 2))
              .getMessage()
              .contains(delegate.getClass().getSimpleName()));
    }
    assertThrows(IllegalArgumentException.class, () -> new OnlineSubspaceDescent(new Sgd(0.1), 0));
    assertThrows(IllegalArgumentException.class, () -> new OnlineSubspaceDescent(null, 1));
  }
}

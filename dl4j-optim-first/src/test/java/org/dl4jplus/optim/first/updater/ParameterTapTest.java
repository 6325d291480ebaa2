package org.dl4jplus.optim.first.updater;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jplus.optim.first.DoG;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ParameterTapTest {

  private static final AbstractUpdater UPDATER = new DoG();

  private static void show(INDArray view, int iteration) {
    new ParameterTap().apply(view, null, 1, iteration, 0);
  }

  @Test
  void theBlocksOwnAreTheLast() {
    INDArray all = Nd4j.zeros(9);
    INDArray stale = all.get(NDArrayIndex.interval(0, 2));
    INDArray w = all.get(NDArrayIndex.interval(2, 6));
    INDArray b = all.get(NDArrayIndex.interval(6, 9));
    show(stale, 0);
    show(w, 0);
    show(w, 0);
    show(b, 0);
    List<INDArray> taken = ParameterTap.take(7, UPDATER);
    assertEquals(2, taken.size());
    assertSame(w, taken.get(0));
    assertSame(b, taken.get(1));
  }

  @Test
  void whatNobodyTookIsGoneWithTheNextIteration() {
    show(Nd4j.zeros(3), 0);
    show(Nd4j.zeros(4), 1);
    String message =
        assertThrows(IllegalStateException.class, () -> ParameterTap.take(7, UPDATER)).getMessage();
    assertTrue(message.contains("DoG did not see the values of its 7 parameters (it saw 4)"));
  }
}

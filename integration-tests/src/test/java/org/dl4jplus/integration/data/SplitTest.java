package org.dl4jplus.integration.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class SplitTest {

  @Test
  void bundledDataIsWhole() {
    assertShape(BundledData.digits(), 1797, 64, 10);
    assertShape(BundledData.breastCancer(), 569, 30, 2);
    assertShape(BundledData.wine(), 178, 13, 3);
    assertShape(BundledData.iris(), 150, 4, 3);
    assertShape(BundledData.diabetes(), 442, 10, 1);
    assertEquals(1, BundledData.digits().getFeatures().maxNumber().doubleValue());
    assertEquals(25, BundledData.diabetes().getLabels().minNumber().doubleValue());
    assertEquals(346, BundledData.diabetes().getLabels().maxNumber().doubleValue());
  }

  private static void assertShape(DataSet data, int rows, int features, int labels) {
    assertArrayEquals(new long[] {rows, features}, data.getFeatures().shape());
    assertArrayEquals(new long[] {rows, labels}, data.getLabels().shape());
  }

  @Test
  void classesKeepTheirShares() {
    DataSet digits = BundledData.digits();
    Split split = Split.stratified(digits, 0.2, 0);
    assertEquals(1437, split.train().numExamples());
    assertEquals(360, split.test().numExamples());
    assertArrayEquals(
        digits.getLabels().sum(0).toDoubleVector(),
        split.train().getLabels().sum(0).add(split.test().getLabels().sum(0)).toDoubleVector());
    double[] shares =
        split.test().getLabels().sum(0).sub(digits.getLabels().sum(0).mul(0.2)).toDoubleVector();
    for (double error : shares) {
      assertEquals(0, error, 1);
    }
    assertEquals(
        digits.getFeatures().sumNumber().doubleValue(),
        split.train().getFeatures().sumNumber().doubleValue()
            + split.test().getFeatures().sumNumber().doubleValue(),
        1);
  }

  @Test
  void aShareThatDividesTheClassesIsExact() {
    Split split = Split.stratified(BundledData.iris(), 0.2, 0);
    assertArrayEquals(new double[] {10, 10, 10}, split.test().getLabels().sum(0).toDoubleVector());
  }

  @Test
  void seedsDecide() {
    DataSet wine = BundledData.wine();
    INDArray one = Split.stratified(wine, 0.3, 1).train().getFeatures();
    assertEquals(one, Split.stratified(wine, 0.3, 1).train().getFeatures());
    assertNotEquals(one, Split.stratified(wine, 0.3, 2).train().getFeatures());
  }

  @Test
  void batchesAreTheTrainingDataInAnotherOrder() {
    Split split = Split.stratified(BundledData.iris(), 0.2, 0);
    List<DataSet> batches = split.batches(50, 3);
    assertEquals(List.of(50, 50, 20), batches.stream().map(DataSet::numExamples).toList());
    INDArray rows =
        Nd4j.vstack(batches.stream().map(DataSet::getFeatures).toArray(INDArray[]::new));
    assertNotEquals(split.train().getFeatures(), rows);
    assertArrayEquals(
        sorted(split.train().getFeatures().mean(1)), sorted(rows.mean(1)), "rows must be the same");
    assertEquals(batches.get(0).getFeatures(), split.batches(50, 3).get(0).getFeatures());
  }

  private static double[] sorted(INDArray values) {
    double[] sorted = values.toDoubleVector();
    Arrays.sort(sorted);
    return sorted;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, -0.1, Double.NaN})
  void aShareOutsideItsRangeIsNamed(double share) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Split.stratified(BundledData.iris(), share, 0));
    assertEquals("testShare must be in (0, 1), got " + share, e.getMessage());
  }
}

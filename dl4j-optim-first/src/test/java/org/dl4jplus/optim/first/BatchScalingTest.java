package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jplus.optim.first.BatchScaling.Curvature;
import org.dl4jplus.optim.first.BatchScaling.Rule;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class BatchScalingTest {

  @Test
  void rulesFollowTheBatch() {
    assertEquals(0.4, BatchScaling.scale(0.1, 8, 32, Rule.LINEAR), 1e-15);
    assertEquals(0.2, BatchScaling.scale(0.1, 8, 32, Rule.SQRT), 1e-15);
    Curvature curvature = Curvature.builder().lambda1(2).parameters(100).variance(0.16).build();
    assertEquals(0.2, BatchScaling.scale(0.1, 8, 16, Rule.CAPPED, curvature), 1e-15);
    assertEquals(
        curvature.maxLearningRate(4000),
        BatchScaling.scale(0.1, 8, 4000, Rule.CAPPED, curvature),
        1e-15);
    assertEquals(1, curvature.maxLearningRate(1e12), 1e-9);
  }

  @Test
  void theEigenvalueIsContinuousAndNoiselessAtAllExamples() {
    Curvature curvature =
        Curvature.builder().lambda1(2).parameters(100).variance(0.16).examples(64L).build();
    assertEquals(2, curvature.largestEigenvalue(64), 1e-15);
    Curvature infinite = new Curvature(2, 100, 0.16, null);
    // 2 = sqrt(100*0.16/b) at b = 4.
    assertEquals(4, infinite.largestEigenvalue(4), 1e-12);
    assertEquals(infinite.largestEigenvalue(4 - 1e-9), infinite.largestEigenvalue(4 + 1e-9), 1e-8);
    assertEquals(8, infinite.largestEigenvalue(1), 1e-12);
  }

  @Test
  void badInputIsRejected() {
    Curvature curvature = new Curvature(1, 1, 0, 10L);
    assertBad(() -> BatchScaling.scale(0.1, 0, 8, Rule.LINEAR));
    assertBad(() -> BatchScaling.scale(0.1, 8, Double.NaN, Rule.SQRT));
    assertBad(() -> BatchScaling.scale(0.1, 8, 8, Rule.CAPPED));
    assertBad(() -> curvature.largestEigenvalue(11));
    assertBad(() -> new Curvature(0, 1, 0, null));
    assertBad(() -> new Curvature(1, 0, 0, null));
    assertBad(() -> new Curvature(1, 1, 0, 0L));
    assertBad(() -> SurgeRule.adam(1, 0, 8));
    assertBad(() -> SurgeRule.sgd(1, 8, -1));
    assertBad(() -> StepLaw.learningRate(0, 2e9));
    assertBad(() -> NoiseScale.gradNormSq(8, 1, 8, 1));
    assertBad(() -> new NoiseScale(1.0));
    assertBad(() -> NoiseScaleListener.builder().parts(1).build());
  }

  private static void assertBad(org.junit.jupiter.api.function.Executable executable) {
    assertThrows(IllegalArgumentException.class, executable);
  }

  @Test
  void adamsRatePeaksAtTheNoiseScale() {
    assertEquals(1, SurgeRule.adam(1, 100, 100), 1e-15);
    assertEquals(SurgeRule.adam(1, 100, 25), SurgeRule.adam(1, 100, 400), 1e-15);
    assertTrue(SurgeRule.sgd(1, 100, 400) > SurgeRule.sgd(1, 100, 100));
  }

  @Test
  void theStepLawAnswersOutsideItsRange() {
    assertTrue(StepLaw.learningRate(1e6, 1e8) > StepLaw.learningRate(1e9, 1e8));
  }

  @Test
  void noiseScaleOfExactExpectations() {
    NoiseScale scale = new NoiseScale(null);
    assertTrue(Double.isNaN(scale.noiseBatch()));
    // ||g_b||^2 = ||G||^2 + tr/b with ||G||^2 = 2 and tr = 12.
    for (int i = 0; i < 3; i++) {
      scale.add(4, 5, 12, 3);
    }
    scale.add(4, Double.NaN, 12, 3);
    assertEquals(2, scale.gradNormSq(), 1e-12);
    assertEquals(12, scale.trSigma(), 1e-12);
    assertEquals(6, scale.noiseBatch(), 1e-12);
    scale.add(4, 1e4, 12, 3);
    assertFalse(scale.isDefined());
    assertEquals(6, scale.noiseBatch(), 1e-12);
  }

  @Test
  void theListenerLeavesTheRunAlone() {
    INDArray plain = trained(null);
    NoiseScaleListener listener = NoiseScaleListener.builder().parts(3).every(2).build();
    assertEquals(plain, trained(listener));
    assertTrue(listener.scale().trSigma() > 0);
    NoiseScaleListener tooMany = NoiseScaleListener.builder().parts(13).build();
    trained(tooMany);
    assertTrue(Double.isNaN(tooMany.scale().trSigma()));
  }

  private static INDArray trained(NoiseScaleListener listener) {
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.1)));
    graph.init();
    if (listener != null) {
      graph.addListeners(listener);
    }
    for (int i = 0; i < 4; i++) {
      graph.fit(Networks.data());
    }
    return graph.params();
  }
}

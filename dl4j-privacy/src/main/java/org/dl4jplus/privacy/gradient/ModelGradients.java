package org.dl4jplus.privacy.gradient;

import java.util.Arrays;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.dl4jplus.optim.first.tape.Tape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Records seen through a network. The records of a step are cut into pieces of bounded size; sums
 * of pieces are added in double precision.
 */
public final class ModelGradients implements PrivateGradients {

  private final Model model;
  private final ModelOracle oracle;
  private final PrivateRecords records;
  private final int[] drawn;
  private final int maxPiece;

  /**
   * Some records.
   *
   * @param oracle the network
   * @param records all records
   * @param drawn numbers of the step's records
   * @param maxPiece records that pass through the network at once at most
   */
  public ModelGradients(ModelOracle oracle, PrivateRecords records, int[] drawn, int maxPiece) {
    this.model = oracle.network();
    this.oracle = oracle;
    this.records = records;
    this.drawn = drawn;
    this.maxPiece = maxPiece;
  }

  @Override
  public int coordinates() {
    return Math.toIntExact(oracle.size());
  }

  @Override
  public int count() {
    return drawn.length;
  }

  @Override
  public PrivateGradients part(int from, int to) {
    return new ModelGradients(oracle, records, Arrays.copyOfRange(drawn, from, to), maxPiece);
  }

  @Override
  public void clippedSum(INDArray point, ClipRule rule, double[] clipped) {
    sums(rule, clipped, null);
  }

  @Override
  public void clippedAndPlainSum(INDArray point, ClipRule rule, double[] clipped, double[] plain) {
    sums(rule, clipped, plain);
  }

  @Override
  public void clippedDifferenceSum(
      INDArray point, INDArray reference, double threshold, double[] clipped) {
    throw new UnsupportedOperationException();
  }

  private void sums(ClipRule rule, double[] clipped, double[] plain) {
    INDArray sum = Nd4j.createUninitialized(oracle.parameters().dataType(), oracle.size());
    for (int from = 0; from < drawn.length; from += maxPiece) {
      Tape tape = record(Arrays.copyOfRange(drawn, from, Math.min(drawn.length, from + maxPiece)));
      double[] factors = tape.squaredNorms();
      for (int i = 0; i < factors.length; i++) {
        factors[i] = rule.factor(Math.sqrt(factors[i]));
      }
      for (LayerRecord layer : tape.layers()) {
        layer.weightedSum(factors, sum);
      }
      add(sum, clipped);
    }
  }

  private Tape record(int[] piece) {
    MultiDataSet data = records.get(piece);
    ModelAccess access = ModelAccess.of(model);
    access.setBatch(data.getFeatures(), data.getLabels());
    if (model instanceof ComputationGraph graph) {
      graph.setLayerMaskArrays(data.getFeaturesMaskArrays(), data.getLabelsMaskArrays());
    } else {
      ((MultiLayerNetwork) model)
          .setLayerMaskArrays(data.getFeaturesMaskArray(0), data.getLabelsMaskArray(0));
    }
    LayerRecorder recorder = new LayerRecorder();
    recorder.begin(model, null);
    try {
      access.computeGradientAndScore();
      return recorder.end(model);
    } finally {
      recorder.abandon();
    }
  }

  private static void add(INDArray sum, double[] to) {
    double[] values = sum.toDoubleVector();
    for (int i = 0; i < to.length; i++) {
      to[i] += values[i];
    }
  }
}

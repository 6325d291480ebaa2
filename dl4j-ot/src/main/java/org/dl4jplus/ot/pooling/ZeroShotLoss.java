package org.dl4jplus.ot.pooling;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import lombok.Builder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.inverse.InvertMatrix;

/**
 * Zero-shot loss of generalised sum pooling: a ridge regression from attributes to embeddings of
 * classes, fitted on one part of the batch, has to find the classes of the other part, and the
 * other way round.
 *
 * <pre>{@code
 * X, Y = attributes of the one part, embeddings of its classes
 * W = X' (X X' + ridge I)^-1 Y,  z = A W for the attributes A of the other part
 * loss = mean of -log( softmax(scale E z)_label + 1e-16 )
 * }</pre>
 *
 * <p>Y. Z. Gurbuz, O. Sener, A. A. Alatan, "Generalized Sum Pooling for Metric Learning",
 * arXiv:2308.09228, 2023.
 */
public final class ZeroShotLoss {

  private static final double FLOOR = 1e-16;

  /** How a batch is divided. */
  public enum Split {
    /** By class: in order of first appearance the classes take turns. */
    BY_CLASS,
    /** The first half of the batch and the second. */
    HALVES,
    /** Even and odd places in the batch. */
    EVEN_ODD
  }

  /**
   * The loss and its gradients.
   *
   * @param loss 0 if a part is empty
   * @param ofAttributes gradient with respect to the attributes
   * @param ofEmbeddings gradient with respect to the classes' embeddings
   */
  public record Result(double loss, INDArray ofAttributes, INDArray ofEmbeddings) {}

  private final double ridge;
  private final double scale;
  private final Split split;

  /**
   * Makes the loss; a null is the default.
   *
   * @param ridge weight of the squared coefficients, finite and &gt; 0, default 0.05
   * @param scale of the softmax, finite and &gt; 0, default 9.5
   * @param split default BY_CLASS
   * @throws IllegalArgumentException if a value is out of range
   */
  @Builder
  public ZeroShotLoss(Double ridge, Double scale, Split split) {
    this.ridge = ridge == null ? 0.05 : ridge;
    this.scale = scale == null ? 9.5 : scale;
    this.split = split == null ? Split.BY_CLASS : split;
    if (!(this.ridge > 0) || Double.isInfinite(this.ridge)) {
      throw new IllegalArgumentException("ridge must be finite and > 0: " + ridge);
    }
    if (!(this.scale > 0) || Double.isInfinite(this.scale)) {
      throw new IllegalArgumentException("scale must be finite and > 0: " + scale);
    }
  }

  /**
   * Computes the loss in double precision.
   *
   * @param attributes of [batch, attributes]
   * @param labels class of each example
   * @param embeddings of [classes, dimension]
   * @return loss and gradients
   * @throws IllegalArgumentException if there are not as many labels as examples, or one is not
   *     that of a class
   */
  public Result loss(INDArray attributes, int[] labels, INDArray embeddings) {
    if (labels.length != attributes.size(0)) {
      throw new IllegalArgumentException(
          "labels must be one for each of " + attributes.size(0) + " examples: " + labels.length);
    }
    for (int label : labels) {
      if (label < 0 || label >= embeddings.size(0)) {
        throw new IllegalArgumentException(
            "labels must be in [0, " + (embeddings.size(0) - 1) + "]: " + label);
      }
    }
    INDArray a = attributes.castTo(DataType.DOUBLE);
    INDArray e = embeddings.castTo(DataType.DOUBLE);
    INDArray ofAttributes = a.like();
    INDArray ofEmbeddings = e.like();
    int[][] parts = parts(labels);
    double loss = 0;
    if (parts[0].length > 0 && parts[1].length > 0) {
      loss = direction(a, e, labels, parts[1], parts[0], ofAttributes, ofEmbeddings);
      loss += direction(a, e, labels, parts[0], parts[1], ofAttributes, ofEmbeddings);
    }
    return new Result(loss, ofAttributes, ofEmbeddings);
  }

  private int[][] parts(int[] labels) {
    Map<Integer, Integer> ranks = new LinkedHashMap<>();
    for (int label : labels) {
      ranks.putIfAbsent(label, ranks.size());
    }
    int[][] parts = new int[2][];
    for (int part = 0; part < 2; part++) {
      int own = part;
      parts[part] =
          IntStream.range(0, labels.length)
              .filter(
                  i ->
                      switch (split) {
                            case BY_CLASS -> ranks.get(labels[i]) % 2;
                            case HALVES -> i < labels.length / 2 ? 0 : 1;
                            case EVEN_ODD -> i % 2;
                          }
                          == own)
              .toArray();
    }
    return parts;
  }

  private static int[] at(int[] labels, int[] rows) {
    return Arrays.stream(rows).map(i -> labels[i]).toArray();
  }

  /** Fits on one part and tests on the other; adds to the gradients. */
  private double direction(
      INDArray attributes,
      INDArray embeddings,
      int[] labels,
      int[] train,
      int[] test,
      INDArray ofAttributes,
      INDArray ofEmbeddings) {
    INDArray x = attributes.getRows(train);
    INDArray tested = attributes.getRows(test);
    int[] trainLabels = at(labels, train);
    int[] testLabels = at(labels, test);
    INDArray inverse =
        InvertMatrix.invert(
            x.mmul(x.transpose()).addi(Nd4j.eye(train.length).castTo(DataType.DOUBLE).muli(ridge)),
            false);
    INDArray coefficients = inverse.mmul(embeddings.getRows(trainLabels));
    INDArray w = x.transpose().mmul(coefficients);
    INDArray predicted = tested.mmul(w);
    INDArray ofLogits = predicted.mmul(embeddings.transpose()).muli(scale);
    double loss = softmax(ofLogits, testLabels, labels.length);
    ofLogits.muli(scale);
    INDArray ofPredicted = ofLogits.mmul(embeddings);
    ofEmbeddings.addi(ofLogits.transpose().mmul(predicted));
    INDArray ofW = tested.transpose().mmul(ofPredicted);
    INDArray ofCoefficients = x.mmul(ofW);
    INDArray ofTargets = inverse.transpose().mmul(ofCoefficients);
    INDArray ofGram = ofTargets.mmul(coefficients.transpose()).negi();
    INDArray ofX = coefficients.mmul(ofW.transpose());
    ofX.addi(ofGram.add(ofGram.transpose()).mmul(x));
    scatter(ofAttributes, test, ofPredicted.mmul(w.transpose()));
    scatter(ofAttributes, train, ofX);
    scatter(ofEmbeddings, trainLabels, ofTargets);
    return loss;
  }

  /** Turns logits into the gradient with respect to them. */
  private static double softmax(INDArray logits, int[] labels, int predictions) {
    double[][] rows = logits.toDoubleMatrix();
    double loss = 0;
    for (int i = 0; i < rows.length; i++) {
      double[] p = rows[i];
      double max = Arrays.stream(p).max().orElseThrow();
      double sum = 0;
      for (int k = 0; k < p.length; k++) {
        p[k] = Math.exp(p[k] - max);
        sum += p[k];
      }
      double own = p[labels[i]] / sum;
      loss -= Math.log(own + FLOOR) / predictions;
      double factor = own / (own + FLOOR) / predictions;
      for (int k = 0; k < p.length; k++) {
        p[k] = factor * (p[k] / sum - (k == labels[i] ? 1 : 0));
      }
    }
    logits.assign(Nd4j.createFromArray(rows));
    return loss;
  }

  private static void scatter(INDArray to, int[] rows, INDArray values) {
    for (int i = 0; i < rows.length; i++) {
      to.getRow(rows[i]).addi(values.getRow(i));
    }
  }
}

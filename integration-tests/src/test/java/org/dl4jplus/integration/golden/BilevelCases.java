package org.dl4jplus.integration.golden;

import org.dl4jplus.bilevel.problem.AffineConstraints;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.Constraints;
import org.dl4jplus.bilevel.problem.ProjectedProblem;
import org.dl4jplus.ot.projection.Box;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The problems of the recorded bilevel runs, with exact second derivatives. */
final class BilevelCases {

  private BilevelCases() {}

  /** The problem, in the boxes that the configuration names. */
  static BilevelProblem problem(JsonNode json, JsonNode config) {
    return new ProjectedProblem(problem(json), box(config, "x"), box(config, "y"));
  }

  private static Box box(JsonNode config, String variable) {
    return new Box(
        config.path(variable + "Min").asDouble(Double.NEGATIVE_INFINITY),
        config.path(variable + "Max").asDouble(Double.POSITIVE_INFINITY));
  }

  private static BilevelProblem problem(JsonNode json) {
    String type = json.get("type").asText();
    if (type.startsWith("quadratic")) {
      return new FiniteSum(array(json.get("A")), array(json.get("B")), json);
    }
    if (type.startsWith("logistic")) {
      return new LogDecay(json);
    }
    if (type.endsWith("lower constraint")) {
      return new Constrained(json);
    }
    throw new IllegalArgumentException("no such problem: " + type);
  }

  /** A plain list of numbers, or one with a shape; row by row. */
  static INDArray array(JsonNode json) {
    if (!json.has("shape")) {
      return Nd4j.createFromArray(GoldenFile.numbers(json));
    }
    long[] shape = new long[json.get("shape").size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = json.get("shape").get(i).asLong();
    }
    return Nd4j.createFromArray(GoldenFile.numbers(json.get("data"))).reshape('c', shape);
  }

  static double dot(INDArray a, INDArray b) {
    return a.mul(b).sumNumber().doubleValue();
  }

  private static void set(INDArray target, INDArray value) {
    if (target != null) {
      target.assign(value);
    }
  }

  /** g_i = 0.5 y'Ay - y'(Bx + b_i), f_i = 0.5 ||y - t_i||^2 + 0.5 c ||x||^2. */
  private static final class FiniteSum implements BilevelProblem {

    private final INDArray a;
    private final INDArray bOfX;
    private final INDArray b;
    private final INDArray t;
    private final double c;

    FiniteSum(INDArray a, INDArray bOfX, JsonNode json) {
      this.a = a;
      this.bOfX = bOfX;
      b = array(json.get("b"));
      t = array(json.get("t"));
      c = json.get("c").asDouble();
    }

    @Override
    public long dimX() {
      return bOfX.columns();
    }

    @Override
    public long dimY() {
      return a.columns();
    }

    @Override
    public int upperBatches() {
      return t.rows();
    }

    @Override
    public int lowerBatches() {
      return b.rows();
    }

    private static INDArray chosen(INDArray rows, int batch) {
      return batch == ALL ? rows.mean(0) : rows.getRow(batch);
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      INDArray difference = y.sub(chosen(t, batch));
      set(gradientY, difference);
      set(gradientX, x.mul(c));
      return 0.5 * dot(difference, difference) + 0.5 * c * dot(x, x);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      INDArray ay = a.mmul(y);
      INDArray linear = bOfX.mmul(x).add(chosen(b, batch));
      set(gradientY, ay.sub(linear));
      set(gradientX, bOfX.transpose().mmul(y).neg());
      return 0.5 * dot(y, ay) - dot(y, linear);
    }

    @Override
    public void lowerHessianVector(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
      out.assign(a.mmul(v));
    }

    @Override
    public void lowerMixedProduct(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
      out.assign(bOfX.transpose().mmul(v).neg());
    }
  }

  /**
   * g = mean log(1 + exp(-yt * X w)) + 0.5 sum exp(x_j) w_j^2, f = mean log(1 + exp(-yv * V w)).
   */
  private static final class LogDecay implements BilevelProblem {

    private final INDArray train;
    private final INDArray validation;

    LogDecay(JsonNode json) {
      train = signed(json, "X", "yt");
      validation = signed(json, "V", "yv");
    }

    /** A row times its label is all that the loss depends on. */
    private static INDArray signed(JsonNode json, String rows, String labels) {
      return array(json.get(rows)).mulColumnVector(array(json.get(labels)).reshape(-1, 1));
    }

    @Override
    public long dimX() {
      return train.columns();
    }

    @Override
    public long dimY() {
      return train.columns();
    }

    @Override
    public int lowerBatches() {
      return train.rows();
    }

    @Override
    public int upperBatches() {
      return validation.rows();
    }

    private static INDArray chosen(INDArray rows, int batch) {
      return batch == ALL ? rows : rows.getRow(batch, true);
    }

    /** The mean loss; its gradient to out. */
    private static double logistic(INDArray rows, INDArray w, INDArray out) {
      INDArray margins = rows.mmul(w);
      set(out, rows.transpose().mmul(Transforms.sigmoid(margins.neg())).divi(-rows.rows()));
      double sum = 0;
      for (double m : margins.toDoubleVector()) {
        sum += Math.log1p(Math.exp(-Math.abs(m))) + Math.max(-m, 0);
      }
      return sum / rows.rows();
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      if (gradientX != null) {
        gradientX.assign(0);
      }
      return logistic(chosen(validation, batch), y, gradientY);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double loss = logistic(chosen(train, batch), y, gradientY);
      INDArray decay = Transforms.exp(x).muli(y);
      if (gradientY != null) {
        gradientY.addi(decay);
      }
      decay.muli(y).muli(0.5);
      set(gradientX, decay);
      return loss + decay.sumNumber().doubleValue();
    }

    @Override
    public void lowerHessianVector(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
      INDArray rows = chosen(train, batch);
      INDArray p = Transforms.sigmoid(rows.mmul(y));
      INDArray weights = p.mul(p.rsub(1)).divi(rows.rows());
      out.assign(rows.transpose().mmul(rows.mmul(v).muli(weights)).addi(Transforms.exp(x).muli(v)));
    }

    @Override
    public void lowerMixedProduct(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
      out.assign(Transforms.exp(x).muli(y).muli(v));
    }
  }

  /** g = 0.5 y'Ay - y'Bx, f = 0.05 ||x - s||^2 + 0.5 ||y - t||^2, a'x + b'y + c <= 0 or = 0. */
  private static final class Constrained implements BilevelProblem {

    private final INDArray a;
    private final INDArray bOfX;
    private final INDArray s;
    private final INDArray t;
    private final Constraints constraints;

    Constrained(JsonNode json) {
      a = array(json.get("A"));
      bOfX = array(json.get("B"));
      s = array(json.get("s"));
      t = array(json.get("t"));
      constraints =
          new AffineConstraints(
              new double[][] {array(json.get("a")).toDoubleVector()},
              new double[][] {array(json.get("b")).toDoubleVector()},
              new double[] {json.get("c").asDouble()},
              json.path("equality").asBoolean());
    }

    @Override
    public long dimX() {
      return s.length();
    }

    @Override
    public long dimY() {
      return t.length();
    }

    @Override
    public Constraints constraints() {
      return constraints;
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      INDArray ofX = x.sub(s);
      INDArray ofY = y.sub(t);
      set(gradientX, ofX.mul(0.1));
      set(gradientY, ofY);
      return 0.05 * dot(ofX, ofX) + 0.5 * dot(ofY, ofY);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      INDArray ay = a.mmul(y);
      INDArray bx = bOfX.mmul(x);
      set(gradientY, ay.sub(bx));
      set(gradientX, bOfX.transpose().mmul(y).neg());
      return 0.5 * dot(y, ay) - dot(y, bx);
    }
  }
}

package org.dl4jplus.integration.golden;

import java.util.List;
import java.util.stream.StreamSupport;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.MissingNode;

/**
 * Answers with what a file records for a step, wherever it is asked: gradient and loss, an estimate
 * of the Hessian's diagonal, a gradient with sampled labels.
 */
final class RecordedOracle implements GradientOracle {

  private final GoldenFile file;
  private final INDArray parameters;
  private int step;
  private int probe;
  private int asked;

  RecordedOracle(GoldenFile file, DataType type) {
    this.file = file;
    parameters = Nd4j.createFromArray(file.numbers("params")).castTo(type);
  }

  /** Goes on to a step. */
  void begin(int newStep) {
    step = newStep;
    probe = 0;
  }

  /** Estimates that the file has for the steps in which the method looks for one. */
  int recorded() {
    JsonNode products = file.json().path("hessianVectorProducts");
    int frequency = file.json().path("config").path("hessianUpdateFrequency").asInt(1);
    int recorded = file.json().path("hessianUpdates").size();
    for (int k = 0; k < products.size(); k += frequency) {
      recorded += products.get(k).isNull() ? 0 : 1;
    }
    return recorded;
  }

  /** Those that have been used. */
  int asked() {
    return asked;
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    gradientOut.assign(Nd4j.createFromArray(file.numbers("gradients", step)));
    return file.json().path("losses").path(step).asDouble();
  }

  /**
   * The probe here is not the recorded one: squared it is 1, which leaves the recorded estimate.
   */
  @Override
  public void hessianVector(INDArray point, INDArray v, INDArray out) {
    out.assign(Nd4j.createFromArray(estimate())).muli(v);
  }

  private double[] estimate() {
    JsonNode update = update("beforeStep");
    if (!update.isMissingNode()) {
      return GoldenFile.numbers(update.get("diagonalEstimate"));
    }
    JsonNode product = file.json().get("hessianVectorProducts").get(step);
    JsonNode probes = file.json().path("probes").path(step);
    if (product.path(0).isArray()) {
      product = product.get(probe);
      probes = probes.path(probe);
    }
    asked += probe++ == 0 ? 1 : 0;
    double[] values = GoldenFile.numbers(product);
    for (int i = 0; i < probes.size(); i++) {
      values[i] *= probes.get(i).asDouble();
    }
    return values;
  }

  @Override
  public void sampledGradient(INDArray point, long seed, INDArray gradientOut) {
    JsonNode update = update("afterStep");
    gradientOut.assign(
        Nd4j.createFromArray(GoldenFile.numbers(update.required("sampledGradient"))));
  }

  /** This step's entry. */
  private JsonNode update(String key) {
    for (JsonNode update : file.json().path("hessianUpdates")) {
      if (update.path(key).asInt(-1) == step) {
        asked++;
        return update;
      }
    }
    return MissingNode.getInstance();
  }

  @Override
  public List<VariableShape> variables() {
    JsonNode shape = file.json().path("shape");
    long[] dimensions = {size()};
    if (shape.size() > 0) {
      dimensions =
          StreamSupport.stream(shape.spliterator(), false).mapToLong(JsonNode::asLong).toArray();
    }
    return List.of(
        new VariableShape(
            "parameters",
            dimensions,
            dimensions.length > 1 ? VariableShape.Kind.WEIGHT : VariableShape.Kind.VECTOR));
  }
}

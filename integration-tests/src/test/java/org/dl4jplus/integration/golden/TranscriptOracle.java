package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Answers with the gradients that a file records, in their order, and checks that they are asked
 * for at the recorded points. An evaluation that cannot change the result may be left out.
 */
final class TranscriptOracle implements GradientOracle {

  private final GoldenFile file;
  private final INDArray parameters;
  private final Deviation deviation;
  private int step = -1;
  private int next;

  TranscriptOracle(GoldenFile file, DataType type, Deviation deviation) {
    this.file = file;
    this.deviation = deviation;
    parameters = Nd4j.createFromArray(file.numbers("params")).castTo(type);
  }

  /** Goes on to a step's evaluations. */
  void begin(int newStep) {
    step = newStep;
    next = 0;
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    JsonNode evaluations = file.json().get("steps").get(step).get("evaluations");
    double[] asked = point.toDoubleVector();
    int found = -1;
    double smallest = Double.POSITIVE_INFINITY;
    for (int i = next; i < evaluations.size(); i++) {
      double distance = 0;
      double[] recorded = GoldenFile.numbers(evaluations.get(i).get("point"));
      for (int j = 0; j < recorded.length; j++) {
        distance = Math.max(distance, Math.abs(recorded[j] - asked[j]));
      }
      if (distance < smallest) {
        smallest = distance;
        found = i;
      }
    }
    if (found < 0) {
      throw new IllegalStateException("step " + step + " asks for more than is recorded");
    }
    next = found + 1;
    JsonNode evaluation = evaluations.get(found);
    deviation.compare(
        "steps[" + step + "].evaluations[" + found + "].point",
        GoldenFile.numbers(evaluation.get("point")),
        asked);
    gradientOut.assign(Nd4j.createFromArray(GoldenFile.numbers(evaluation.get("gradient"))));
    return evaluation.get("loss").asDouble();
  }

  @Override
  public int examples() {
    return file.json().path("perExampleGradients").path("shape").path(0).asInt();
  }

  @Override
  public double exampleLossAndGradient(int example, INDArray point, INDArray gradientOut) {
    double[] all = GoldenFile.numbers(file.json().get("perExampleGradients").get("values"));
    int length = (int) size();
    double[] row = new double[length];
    System.arraycopy(all, example * length, row, 0, length);
    gradientOut.assign(Nd4j.createFromArray(row));
    return 0;
  }

  @Override
  public List<VariableShape> variables() {
    List<VariableShape> variables = new ArrayList<>();
    for (JsonNode shape : file.json().get("paramShapes")) {
      long[] dimensions = new long[shape.size()];
      for (int i = 0; i < dimensions.length; i++) {
        dimensions[i] = shape.get(i).asLong();
      }
      variables.add(
          new VariableShape(
              "variable" + variables.size(),
              dimensions,
              dimensions.length > 1 ? VariableShape.Kind.WEIGHT : VariableShape.Kind.VECTOR));
    }
    return variables;
  }
}

package org.dl4jplus.optim.first.tape;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A weight without a bias, and vectors beside it: a bias or gain with errors of their own. */
final class CompositeRecord extends LayerRecord {

  private final LinearRecord weight;
  private final List<VectorPart> vectors;

  CompositeRecord(LinearRecord weight, List<VectorPart> vectors) {
    this.weight = weight;
    this.vectors = List.copyOf(vectors);
  }

  @Override
  public String name() {
    return weight.name();
  }

  @Override
  public int examples() {
    return weight.examples();
  }

  @Override
  public int positions() {
    return weight.positions();
  }

  @Override
  public INDArray inputRows() {
    return weight.inputRows();
  }

  @Override
  public INDArray errorRows() {
    return weight.errorRows();
  }

  @Override
  public boolean hasBias() {
    return false;
  }

  @Override
  public boolean isLinear() {
    return false;
  }

  @Override
  public int[] unmaskedRows() {
    return weight.unmaskedRows();
  }

  @Override
  public INDArray readMatrix(INDArray vector) {
    return weight.readMatrix(vector);
  }

  @Override
  public void writeMatrix(INDArray matrix, INDArray vector) {
    weight.writeMatrix(matrix, vector);
  }

  @Override
  public void addSquaredNorms(double[] sums) {
    weight.addSquaredNorms(sums);
    vectors.forEach(part -> part.addSquaredNorms(sums));
  }

  @Override
  public void weightedSum(double[] weights, INDArray out) {
    weight.weightedSum(weights, out);
    vectors.forEach(part -> part.weightedSum(weights, out));
  }

  @Override
  public void addProducts(INDArray vector, double[] sums) {
    weight.addProducts(vector, sums);
    vectors.forEach(part -> part.addProducts(vector, sums));
  }

  @Override
  public void gradients(INDArray rows) {
    weight.gradients(rows);
    vectors.forEach(part -> part.gradients(rows));
  }

  @Override
  public void addGramian(LayerRecord other, INDArray gramian) {
    CompositeRecord that = (CompositeRecord) other;
    weight.addGramian(that.weight, gramian);
    for (int i = 0; i < vectors.size(); i++) {
      vectors.get(i).addGramian(that.vectors.get(i), gramian);
    }
  }

  @Override
  public LayerRecord minus(LayerRecord other) {
    CompositeRecord that = (CompositeRecord) other;
    List<VectorPart> changes = new ArrayList<>();
    for (int i = 0; i < vectors.size(); i++) {
      changes.add(vectors.get(i).minus(that.vectors.get(i)));
    }
    return new CompositeRecord((LinearRecord) weight.minus(that.weight), changes);
  }
}

package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.VectorProjection;

/**
 * A constraint on the vectors of a parameter. Weights of two axes are [inputs, units], as in dense
 * and recurrent layers; in those of more axes the first counts the units and the second the inputs,
 * as in convolutions (deconvolutions have them the other way round). A bias is one vector, whatever
 * the axis.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public abstract class VectorConstraint extends ProjectionConstraint {

  private static final long serialVersionUID = 1L;

  /** Which entries of a weight make a vector. */
  public enum Axis {
    /** Those of one output unit. */
    OUT,
    /** Those of one input. */
    IN,
    /** All of them. */
    ALL
  }

  @Getter private Axis axis = Axis.OUT;

  /** One vector for each output unit. */
  protected VectorConstraint() {}

  /**
   * The projection of one vector.
   *
   * @return what the settings describe
   */
  protected abstract VectorProjection projection();

  /**
   * Sets what a vector is.
   *
   * @param axis default OUT
   * @throws IllegalArgumentException if null
   */
  public void setAxis(Axis axis) {
    if (axis == null) {
      throw new IllegalArgumentException("axis must be OUT, IN or ALL: null");
    }
    this.axis = axis;
  }

  @Override
  protected void project(double[] values, long[] shape, boolean bias) {
    VectorProjection projection = projection();
    if (bias || axis == Axis.ALL || shape.length < 2) {
      projection.project(values);
      return;
    }
    boolean first = axis == (shape.length == 2 ? Axis.IN : Axis.OUT);
    int size = (int) shape[first ? 0 : 1];
    int inner = values.length / (int) (first ? shape[0] : shape[0] * shape[1]);
    double[] vector = new double[values.length / size];
    for (int group = 0; group < size; group++) {
      for (int k = 0; k < vector.length; k++) {
        vector[k] = values[(k / inner * size + group) * inner + k % inner];
      }
      projection.project(vector);
      for (int k = 0; k < vector.length; k++) {
        values[(k / inner * size + group) * inner + k % inner] = vector[k];
      }
    }
  }
}

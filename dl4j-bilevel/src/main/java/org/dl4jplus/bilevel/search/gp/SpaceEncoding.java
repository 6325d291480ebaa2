package org.dl4jplus.bilevel.search.gp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dl4jplus.bilevel.search.Dimension;

/**
 * Points of the unit cube as inputs of a Gaussian process: a value of a categorical dimension
 * becomes {@code 1/sqrt(2)} at its place among zeros, so that any two of them are at distance 1;
 * dimensions with nothing to choose are left out.
 */
public final class SpaceEncoding {

  private static final double LEVEL = Math.sqrt(0.5);

  private final List<Dimension> dimensions;
  private final int[] groups;
  private final int scales;

  /**
   * Looks at a space.
   *
   * @param dimensions its coordinates
   */
  public SpaceEncoding(List<Dimension> dimensions) {
    this.dimensions = List.copyOf(dimensions);
    List<Integer> all = new ArrayList<>();
    int scale = 0;
    for (Dimension dimension : dimensions) {
      if (!dimension.fixed()) {
        int columns = dimension.kind() == Dimension.Kind.CATEGORICAL ? dimension.cells() : 1;
        for (int i = 0; i < columns; i++) {
          all.add(scale);
        }
        scale++;
      }
    }
    groups = all.stream().mapToInt(Integer::intValue).toArray();
    scales = scale;
  }

  /**
   * Number of inputs.
   *
   * @return at least 1
   */
  public int inputs() {
    return groups.length;
  }

  /**
   * Which inputs share a length-scale: those of a dimension.
   *
   * @return for each input the number of its length-scale
   */
  public int[] groups() {
    return groups.clone();
  }

  /**
   * A kernel for the inputs, with a length-scale of 0.5 for each dimension and signal variance 1.
   *
   * @param form how the covariance falls
   * @return the kernel
   */
  public StationaryKernel kernel(StationaryKernel.Form form) {
    double[] lengthScales = new double[scales];
    Arrays.fill(lengthScales, Kernel.Prior.LENGTH_SCALE.median());
    return StationaryKernel.of(form, Kernel.Prior.VARIANCE.median(), lengthScales, groups);
  }

  /**
   * Encodes a point.
   *
   * @param point coordinates in the unit cube
   * @return the inputs
   */
  public double[] encode(double[] point) {
    double[] inputs = new double[groups.length];
    int column = 0;
    for (int d = 0; d < point.length; d++) {
      Dimension dimension = dimensions.get(d);
      if (dimension.fixed()) {
        continue;
      }
      if (dimension.kind() == Dimension.Kind.CATEGORICAL) {
        inputs[column + dimension.cell(point[d])] = LEVEL;
        column += dimension.cells();
      } else {
        inputs[column++] = point[d];
      }
    }
    return inputs;
  }
}

package org.dl4jplus.optim.zeroth.search;

import org.dl4jplus.optim.first.updater.Require;

/** Directions that surround a point, as the vertices of a polytope whose centre is 0. */
public enum Polytope {
  /** The axes, forwards and then backwards: 2p vertices. */
  ORTHOPLEX {
    @Override
    public double[][] vertices(int p) {
      requireDimension(p);
      double[][] vertices = new double[2 * p][p];
      for (int i = 0; i < p; i++) {
        vertices[i][i] = 1;
        vertices[p + i][i] = -1;
      }
      return vertices;
    }
  },

  /** A regular simplex: p + 1 vertices. */
  SIMPLEX {
    @Override
    public double[][] vertices(int p) {
      requireDimension(p);
      double[][] vertices = new double[p + 1][p];
      double along = Math.sqrt(1 + 1.0 / p);
      double common = (Math.sqrt(p + 1.0) + 1) / (p * Math.sqrt(p));
      for (int i = 0; i < p; i++) {
        for (int j = 0; j < p; j++) {
          vertices[i][j] = (i == j ? along : 0) - common;
        }
        vertices[p][i] = 1 / Math.sqrt(p);
      }
      return vertices;
    }
  },

  /** A cube: 2^p vertices, for small p. */
  CUBE {
    @Override
    public double[][] vertices(int p) {
      requireDimension(p);
      Require.check(p <= LARGEST_CUBE, "dimension", p, "at most " + LARGEST_CUBE + " for CUBE");
      double[][] vertices = new double[1 << p][p];
      for (int v = 0; v < vertices.length; v++) {
        for (int i = 0; i < p; i++) {
          vertices[v][i] = ((v >> i & 1) == 0 ? 1 : -1) / Math.sqrt(p);
        }
      }
      return vertices;
    }
  };

  private static final int LARGEST_CUBE = 16;

  /**
   * The vertices.
   *
   * @param dimension p, at least 1
   * @return one in each row, of length 1
   * @throws IllegalArgumentException for a dimension below 1, or above 16 for CUBE
   */
  public abstract double[][] vertices(int dimension);

  private static void requireDimension(int p) {
    Require.check(p >= 1, "dimension", p, "at least 1");
  }
}

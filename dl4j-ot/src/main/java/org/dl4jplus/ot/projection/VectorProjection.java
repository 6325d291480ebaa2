package org.dl4jplus.ot.projection;

/** Maps a vector to one of a set; what is in the set stays. */
@FunctionalInterface
public interface VectorProjection {

  /**
   * Projects in place.
   *
   * @param v vector of finite numbers, overwritten
   */
  void project(double[] v);
}

package org.dl4jplus.privacy.gradient;

/** A clipping with its numbers. */
public final class ClipRule {

  /** Norms below count as 0, since their squares are lost. */
  private static final double TINY = 1e-30;

  private final Clipping clipping;
  private final double norm;
  private final double gamma;
  private final double[] layerNorms;

  /**
   * A rule.
   *
   * @param clipping the kind
   * @param norm the clip norm C, above 0
   * @param gamma of {@link Clipping#AUTO_S}, above 0
   * @param layerNorms of {@link Clipping#PER_LAYER}, in the order of the parameters, or null for
   *     equal ones
   * @throws IllegalArgumentException for numbers outside their ranges
   */
  public ClipRule(Clipping clipping, double norm, double gamma, double[] layerNorms) {
    if (!(norm > 0 && norm < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("clipNorm = " + norm + " must be finite and above 0");
    }
    if (!(gamma > 0 && gamma < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("autoGamma = " + gamma + " must be finite and above 0");
    }
    if (layerNorms != null) {
      double squares = 0;
      for (double layer : layerNorms) {
        if (!(layer > 0)) {
          throw new IllegalArgumentException("layerClipNorms has " + layer + ", must be above 0");
        }
        squares += layer * layer;
      }
      if (!(Math.abs(Math.sqrt(squares) - norm) <= 1e-9 * norm)) {
        throw new IllegalArgumentException(
            String.format(
                "layerClipNorms have the norm %s, must have clipNorm = %s",
                Math.sqrt(squares), norm));
      }
    }
    this.clipping = clipping;
    this.norm = norm;
    this.gamma = gamma;
    this.layerNorms = layerNorms == null ? null : layerNorms.clone();
  }

  /**
   * Flat clipping.
   *
   * @param norm the clip norm
   * @return the rule
   */
  public static ClipRule flat(double norm) {
    return new ClipRule(Clipping.FLAT, norm, 1, null);
  }

  /** Flat clipping to a norm that may be 0, as that of a difference is where nothing has moved. */
  static ClipRule difference(double threshold) {
    return new ClipRule(threshold);
  }

  private ClipRule(double threshold) {
    if (!(threshold >= 0 && threshold < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "threshold = " + threshold + " must be finite and at least 0");
    }
    clipping = Clipping.FLAT;
    norm = threshold;
    gamma = 1;
    layerNorms = null;
  }

  /**
   * What no record can exceed.
   *
   * @return the clip norm C
   */
  public double norm() {
    return norm;
  }

  /**
   * Whether each layer is clipped by itself.
   *
   * @return true for {@link Clipping#PER_LAYER}
   */
  public boolean perLayer() {
    return clipping == Clipping.PER_LAYER;
  }

  /**
   * The factor of a record whose whole gradient is clipped at once.
   *
   * @param n the gradient's norm, finite
   * @return at most norm / n, up to rounding
   */
  public double factor(double n) {
    return switch (clipping) {
      case FLAT -> flat(n, norm);
      case AUTO_S -> norm / (n + gamma);
      case AUTO_V -> n < TINY ? 0 : norm / n;
      case GLOBAL -> n <= norm ? 1 : 0;
      case PER_LAYER -> throw new IllegalStateException("Each layer has a factor of its own");
    };
  }

  /**
   * The factor of one layer of a record.
   *
   * @param layer number of the layer among those with parameters
   * @param layers how many there are
   * @param n norm of the layer's gradient, finite
   * @return at most 1
   * @throws IllegalArgumentException if norms for another number of layers were given
   */
  public double layerFactor(int layer, int layers, double n) {
    requireLayers(layers);
    return flat(n, layerNorms == null ? norm / Math.sqrt(layers) : layerNorms[layer]);
  }

  /**
   * Makes sure that the rule fits a network.
   *
   * @param layers number of layers with parameters that are trained
   * @throws IllegalArgumentException if norms for another number of layers were given
   */
  public void requireLayers(int layers) {
    if (layerNorms != null && layerNorms.length != layers) {
      throw new IllegalArgumentException(
          "layerClipNorms has "
              + layerNorms.length
              + " entries, the network has "
              + layers
              + " layers with parameters");
    }
  }

  private static double flat(double n, double limit) {
    return n <= limit ? 1 : limit / n;
  }
}

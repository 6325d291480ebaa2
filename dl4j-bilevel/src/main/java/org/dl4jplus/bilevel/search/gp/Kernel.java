package org.dl4jplus.bilevel.search.gp;

import java.util.List;

/**
 * A covariance function with positive hyperparameters, which are held and fitted as logarithms. Not
 * changed after it was made.
 */
public interface Kernel {

  /**
   * What is held likely of a hyperparameter before data: its logarithm is normal.
   *
   * @param median of the hyperparameter itself
   * @param deviation of the logarithm
   * @param low smallest value that a fit may choose
   * @param high largest
   */
  record Prior(double median, double deviation, double low, double high) {

    /** For signal variances of standardised data: log-normal (0, 1), in [0.05, 20]. */
    public static final Prior VARIANCE = new Prior(1, 1, 0.05, 20);

    /** For length-scales in the unit cube: log-normal (log 0.5, 1), in [0.02, 20]. */
    public static final Prior LENGTH_SCALE = new Prior(0.5, 1, 0.02, 20);

    /** For noise variances: log-normal (log 0.01, 1), in [1e-6, 1]. */
    public static final Prior NOISE = new Prior(0.01, 1, 1e-6, 1);
  }

  /**
   * The hyperparameters.
   *
   * @return a new array of their logarithms
   */
  double[] parameters();

  /**
   * The kernel with other hyperparameters.
   *
   * @param parameters logarithms
   * @return a new kernel
   */
  Kernel with(double[] parameters);

  /**
   * The priors of the hyperparameters.
   *
   * @return one for each, in their order
   */
  List<Prior> priors();

  /**
   * The covariance of the values at two points.
   *
   * @param a a point
   * @param b another
   * @return the covariance
   */
  double value(double[] a, double[] b);

  /**
   * The covariance and its derivatives by the logarithms of the hyperparameters.
   *
   * @param a a point
   * @param b another
   * @param target takes the derivatives
   * @param from where in the target
   * @return the covariance
   */
  double gradient(double[] a, double[] b, double[] target, int from);
}

package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.between;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import lombok.Builder;
import lombok.Getter;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.model.DoubleClone;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.sharpness.EdgePage;
import org.dl4jplus.optim.first.sharpness.HessianTopEigenvalue;
import org.dl4jplus.optim.first.sharpness.StabilityEdge;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the largest eigenvalue of the loss's Hessian, and the edge of stability that theory
 * predicts for it. Attach it with {@code network.addListeners(monitor)}; it changes nothing in the
 * network that it watches, and goes with any other listener.
 *
 * <pre>{@code
 * without SAM:  edge = (2 + 2*momentum)/learningRate
 * with SAM:     edge = (sqrt(||g||^2 + 8*rho*||g||/learningRate) - ||g||)/(2*rho)
 * }</pre>
 *
 * <p>Fields: {@code probe}, the batch that loss and gradient are those of; {@code every} 10, at
 * least 1: iterations from one look to the next; {@code rho} none: that of a {@link
 * SharpnessAwareMinimization} that the network has, else 0; at least 0; {@code momentum} 0, in [0,
 * 1), of the updater, for the edge without SAM; {@code steps} 15, at least 1: most products with
 * the Hessian, of two passes each; {@code seed} 0, of the solver's first vector.
 *
 * <p>The eigenvalue is found on a copy of the network in double precision, without dropout and in
 * training mode: batch normalization uses the probe's own statistics. L1 and L2 terms are not in
 * it. The edge uses the gradient's norm on the probe and the learning rate of the network's first
 * updater.
 *
 * <p>P. M. Long, P. L. Bartlett: "Sharpness-Aware Minimization and the Edge of Stability", arXiv
 * 2309.12488 (2023); A. Agarwala, Y. N. Dauphin: "SAM operates far from home: eigenvalue
 * regularization as a dynamical phenomenon", arXiv 2302.08692 (2023).
 */
public final class StabilityEdgeMonitor extends BaseTrainingListener {

  private static final Logger LOG = LoggerFactory.getLogger(StabilityEdgeMonitor.class);
  private static final double TOLERANCE = 1e-7;

  /**
   * One look.
   *
   * @param iteration when
   * @param eigenvalue the Hessian's largest eigenvalue
   * @param edge where theory puts the limit
   * @param gradientNorm norm of the probe's gradient
   */
  @Getter
  @Builder
  public static final class Look {
    private final int iteration;
  }
}

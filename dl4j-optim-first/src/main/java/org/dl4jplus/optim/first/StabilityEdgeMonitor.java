package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import lombok.Builder;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.sharpness.CurvePage;
import org.dl4jplus.optim.first.sharpness.HessianTopEigenvalue;
import org.dl4jplus.optim.first.sharpness.ProbeNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
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
 * <p>Fields: {@code probe}, the batch that loss and gradient are those of, without masks; {@code
 * every} 10, at least 1: iterations from one look to the next; {@code rho} none: that of a {@link
 * SharpnessAwareMinimization} that the network has, without its schedule, else 0; at least 0;
 * {@code momentum} 0, in [0, 1), of the updater, for the edge without SAM; {@code steps} 15, at
 * least 1: most products with the Hessian, of two passes each; {@code seed} 0, of the solver's
 * first vector.
 *
 * <p>The eigenvalue is found on a copy of the network in double precision, without dropout and in
 * training mode: batch normalization uses the probe's own statistics. L1 and L2 terms are not in
 * it. The edge uses the gradient's norm on the probe and the learning rate of the network's first
 * updater; without one it is not a number.
 *
 * <p>A. Agarwala, Y. N. Dauphin: "SAM operates far from home: eigenvalue regularization as a
 * dynamical phenomenon", arXiv 2302.08692 (2023); P. M. Long, P. L. Bartlett: "Sharpness-Aware
 * Minimization and the Edge of Stability", arXiv 2309.12488 (2023).
 */
public final class StabilityEdgeMonitor extends BaseTrainingListener {

  private static final Logger LOG = LoggerFactory.getLogger(StabilityEdgeMonitor.class);
  private static final double TOLERANCE = 1e-7;

  /**
   * One look at a network.
   *
   * @param iteration updates before it
   * @param eigenvalue the Hessian's largest eigenvalue
   * @param edge where theory puts the limit
   * @param gradientNorm norm of the probe's gradient
   */
  public record Look(int iteration, double eigenvalue, double edge, double gradientNorm) {}

  private final MultiDataSet probe;
  private final int every;
  private final Double rho;
  private final double momentum;
  private final HessianTopEigenvalue solver;
  private final Map<Model, ProbeNetwork> copies = new WeakHashMap<>();
  private final List<Look> history = new ArrayList<>();

  /**
   * A monitor with its defaults.
   *
   * @param probe the batch to look at
   */
  public StabilityEdgeMonitor(DataSet probe) {
    this(probe == null ? null : probe.toMultiDataSet(), null, null, null, null, null);
  }

  @Builder
  private StabilityEdgeMonitor(
      MultiDataSet probe, Integer every, Double rho, Double momentum, Integer steps, Long seed) {
    if (probe == null || probe.hasMaskArrays()) {
      throw new IllegalArgumentException(
          "probe must be a batch without masks, got " + (probe == null ? null : "masks"));
    }
    this.probe = probe;
    this.every = count("every", every, 10);
    this.rho = rho == null ? null : (Double) nonNegative("rho", rho, 0);
    this.momentum = beta("momentum", momentum, 0);
    solver =
        new HessianTopEigenvalue(
            count("steps", steps, 15),
            TOLERANCE,
            HessianTopEigenvalue.RADIUS,
            seed == null ? 0 : seed);
  }

  @Override
  public void iterationDone(Model model, int iteration, int epoch) {
    if (iteration % every == 0) {
      Look look = look(model, iteration);
      synchronized (history) {
        history.add(look);
      }
      LOG.info(
          "iteration {}: largest Hessian eigenvalue {}, edge of stability {}",
          look.iteration(),
          look.eigenvalue(),
          look.edge());
    }
  }

  /**
   * Looks at a network now, without a note in the history.
   *
   * @param model the network
   * @param iteration what to call the moment
   * @return what is seen
   */
  public Look look(Model model, int iteration) {
    ProbeNetwork copy;
    synchronized (copies) {
      copy = copies.computeIfAbsent(model, m -> new ProbeNetwork(m, probe));
    }
    GradientOracle oracle = copy.at(model);
    double eigenvalue = solver.find(oracle).eigenvalue();
    INDArray gradient = oracle.parameters().ulike();
    oracle.lossAndGradient(oracle.parameters().dup(), gradient);
    oracle.restore();
    double norm = GradientTurn.norm(gradient);
    ModelAccess access = ModelAccess.of(model);
    double learningRate = access.learningRate();
    double reach = rho == null ? rho(access) : rho;
    double edge =
        reach == 0
            ? StabilityEdge.gradientDescent(learningRate, momentum)
            : StabilityEdge.sam(learningRate, reach, norm);
    return new Look(iteration, eigenvalue, edge, norm);
  }

  private static double rho(ModelAccess access) {
    return access.listeners().stream()
        .filter(SharpnessAwareMinimization.class::isInstance)
        .mapToDouble(listener -> ((SharpnessAwareMinimization) listener).getRho())
        .findFirst()
        .orElse(0);
  }

  /**
   * What was seen so far.
   *
   * @return a copy, in the order of the looks
   */
  public List<Look> history() {
    synchronized (history) {
      return List.copyOf(history);
    }
  }

  /**
   * Writes a page with both curves and a table. It needs no network to be shown.
   *
   * @param file where
   * @throws IOException if it cannot be written
   */
  public void writeHtml(Path file) throws IOException {
    List<CurvePage.Point> points =
        history().stream()
            .map(l -> new CurvePage.Point(l.iteration(), l.eigenvalue(), l.edge()))
            .toList();
    Files.writeString(file, CurvePage.of(points));
  }
}

package org.dl4jplus.optim.first;

import java.util.function.Function;
import org.deeplearning4j.earlystopping.scorecalc.ScoreCalculator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.StateUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The switch between the parameters that a Schedule-Free updater trains at (y) and those it wants
 * to be evaluated and deployed with (x).
 *
 * <p>The easy way, attached before other listeners:
 *
 * <pre>{@code
 * net.addListeners(new ScheduleFree.Listener());
 * net.fit(data, epochs);       // now at x: evaluate, save, deploy
 * net.fit(data, epochs);       // goes back to y by itself and trains on
 * }</pre>
 *
 * <p>Whether a network stands at x or y is part of its updater state, so it is saved with the
 * model. A step at x is refused.
 */
public final class ScheduleFree {

  private ScheduleFree() {}

  /**
   * Moves a network to its averaged parameters x. Nothing happens if it is there already.
   *
   * @param model a MultiLayerNetwork or ComputationGraph
   */
  public static void toEval(Model model) {
    move(model, true);
  }

  /**
   * Moves a network back to the parameters y that it trains at (up to rounding). Nothing happens if
   * it is there already.
   *
   * @param model a MultiLayerNetwork or ComputationGraph
   */
  public static void toTrain(Model model) {
    move(model, false);
  }

  private static void move(Model model, boolean averaged) {
    ModelAccess access = ModelAccess.of(model);
    INDArray parameters = access.parameters();
    for (UpdaterBlock block : access.updaterBlocks()) {
      if (block.getGradientUpdater() instanceof StateUpdater updater
          && updater.getConfig() instanceof AbstractScheduleFree config) {
        updater.visit(
            parameters.get(
                NDArrayIndex.interval(block.getParamOffsetStart(), block.getParamOffsetEnd())),
            step -> config.moveTo(step, averaged));
      }
    }
  }

  /**
   * The averaged parameters, without moving the network.
   *
   * @param model a MultiLayerNetwork or ComputationGraph; not changed
   * @return a copy in the layout of {@code model.params()}
   */
  public static INDArray averagedParams(Model model) {
    return AveragedParameters.of(model);
  }

  /**
   * Runs something at the averaged parameters; afterwards the network's parameters are what they
   * were, to the bit.
   *
   * <pre>{@code
   * Evaluation e = ScheduleFree.averaged(net, n -> n.evaluate(test));
   * }</pre>
   *
   * @param <M> type of the network
   * @param <T> type of the result
   * @param model a MultiLayerNetwork or ComputationGraph
   * @param use what to do; it must not train the network
   * @return its result
   */
  public static <M extends Model, T> T averaged(M model, Function<M, T> use) {
    INDArray parameters = ModelAccess.of(model).parameters();
    INDArray trained = parameters.dup();
    parameters.assign(AveragedParameters.of(model));
    try {
      return use.apply(model);
    } finally {
      parameters.assign(trained);
    }
  }

  /**
   * Early stopping by the score of the averaged parameters.
   *
   * @param <M> type of the network
   * @param calculator the score
   * @return a calculator that moves the network to x for its time
   */
  public static <M extends Model> ScoreCalculator<M> averaged(ScoreCalculator<M> calculator) {
    return new ScoreCalculator<>() {
      @Override
      public double calculateScore(M network) {
        return averaged(network, calculator::calculateScore);
      }

      @Override
      public boolean minimizeScore() {
        return calculator.minimizeScore();
      }
    };
  }

  /**
   * Moves the network to y when an epoch starts and to x when it ends: what runs between or after
   * calls of {@code fit(iterator)} sees the averaged parameters. Attach it before listeners that
   * evaluate at the end of an epoch.
   */
  public static final class Listener extends BaseTrainingListener {

    /** Creates the listener. */
    public Listener() {}

    @Override
    public void onEpochStart(Model model) {
      toTrain(model);
    }

    @Override
    public void onEpochEnd(Model model) {
      toEval(model);
    }
  }
}

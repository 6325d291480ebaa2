package org.dl4jplus.privacy.validation;

import java.lang.reflect.Field;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.stepfunctions.NegativeDefaultStepFunction;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.Solver;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the network is trained: one update for each step, of the precision that is accounted for. */
final class TrainingCheck {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingCheck.class);

  private TrainingCheck() {}

  static void check(Model model) {
    DataType type = ModelAccess.of(model).parameters().dataType();
    if (type != DataType.DOUBLE && type != DataType.FLOAT) {
      throw new IllegalArgumentException(
          "The network's data type "
              + type
              + " rounds more than the noise allows for: use DOUBLE or FLOAT");
    }
    if (backpropType(model) == BackpropType.TruncatedBPTT) {
      throw new IllegalArgumentException(
          "Truncated BPTT updates several times for one record: use BackpropType.Standard");
    }
    if (hasAccumulator(model)) {
      throw new IllegalArgumentException(
          "The network has a gradients accumulator, which sends gradients around without noise");
    }
    check("The network", defaults(model));
    for (Layer layer : ModelAccess.of(model).layers()) {
      check(layer.conf().getLayer().getLayerName(), layer.conf());
      GradientNormalization normalization = layer.conf().getLayer().getGradientNormalization();
      if (normalization != null && normalization != GradientNormalization.None) {
        LOG.warn(
            "{} has gradientNormalization = {}, which acts on the noisy gradient: private, but"
                + " it spoils the step",
            layer.conf().getLayer().getLayerName(),
            normalization);
      }
    }
  }

  private static void check(String name, NeuralNetConfiguration conf) {
    if (conf.getOptimizationAlgo() != null
        && conf.getOptimizationAlgo() != OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT) {
      throw new IllegalArgumentException(
          name
              + " has optimizationAlgo = "
              + conf.getOptimizationAlgo()
              + ", which looks at a batch several times in a step: use"
              + " STOCHASTIC_GRADIENT_DESCENT");
    }
    if (!conf.isMinimize()) {
      throw new IllegalArgumentException(
          name + " has minimize = false, but private steps go down: negate the loss");
    }
    if (conf.getStepFunction() != null
        && !(conf.getStepFunction() instanceof NegativeDefaultStepFunction)) {
      throw new IllegalArgumentException(
          name
              + " has the step function "
              + conf.getStepFunction().getClass().getSimpleName()
              + ", which private steps do not use");
    }
  }

  private static NeuralNetConfiguration defaults(Model model) {
    return model instanceof ComputationGraph graph
        ? graph.getConfiguration().getDefaultConfiguration()
        : ((MultiLayerNetwork) model).getDefaultConfiguration();
  }

  private static BackpropType backpropType(Model model) {
    return model instanceof ComputationGraph graph
        ? graph.getConfiguration().getBackpropType()
        : ((MultiLayerNetwork) model).getLayerWiseConfigurations().getBackpropType();
  }

  private static boolean hasAccumulator(Model model) {
    Class<?> type =
        model instanceof ComputationGraph ? ComputationGraph.class : MultiLayerNetwork.class;
    try {
      Field field = type.getDeclaredField("solver");
      field.setAccessible(true);
      Solver solver = (Solver) field.get(model);
      return solver != null
          && solver.getOptimizer() instanceof BaseOptimizer optimizer
          && optimizer.getGradientsAccumulator() != null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This release of DL4J keeps its solver elsewhere", e);
    }
  }
}

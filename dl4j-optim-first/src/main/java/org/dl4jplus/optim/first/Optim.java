package org.dl4jplus.optim.first;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.dl4jplus.optim.first.binding.Binder;
import org.dl4jplus.optim.first.binding.NetworkBinder;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Binds updaters to the parameters they serve.
 *
 * <p>Some updaters look at the shape of each variable (Muon, SOAP, Adafactor), read parameter
 * values (DoG, Adafactor) or need a step around the updater (LARS, LAMB, exponentiated gradient).
 * One call on the built configuration gives them what they need:
 *
 * <pre>{@code
 * MultiLayerConfiguration conf = Optim.bind(new NeuralNetConfiguration.Builder()
 *     .updater(new Muon(0.02)).list()....build());
 * MultiLayerNetwork net = new MultiLayerNetwork(conf);
 * }</pre>
 *
 * <p>The bound configuration is an ordinary one: it survives JSON, {@code ModelSerializer},
 * cloning, {@code ParallelWrapper} and Spark. Bind again after changing layers (transfer learning);
 * a fine-tuning configuration that replaces the updater by one of the platform's leaves the steps
 * of the old one in place (LARS's trust ratio, say), so give it a regularization list of its own,
 * too. On configurations whose updaters need nothing, binding changes nothing but this: the
 * platform applies every regularization other than L1/L2 that is set for the whole network (plain
 * {@code .weightDecay(c)} included) twice; binding removes the duplicate.
 */
public final class Optim {

  private Optim() {}

  /**
   * Binds a configuration.
   *
   * @param configuration built configuration with all layer sizes known
   * @return a bound copy
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer's sizes are unknown
   *     or a layer cannot give its updater what it needs
   */
  public static MultiLayerConfiguration bind(MultiLayerConfiguration configuration) {
    MultiLayerConfiguration bound = configuration.clone();
    NetworkBinder.bind(bound);
    return bound;
  }

  /**
   * Binds a configuration.
   *
   * @param configuration built configuration with all layer sizes known
   * @return a bound copy
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer's sizes are unknown
   *     or a layer cannot give its updater what it needs
   */
  public static ComputationGraphConfiguration bind(ComputationGraphConfiguration configuration) {
    ComputationGraphConfiguration bound = configuration.clone();
    NetworkBinder.bind(bound);
    return bound;
  }

  /**
   * Binds a SameDiff training configuration in place to the trainable variables of a graph. Weights
   * are taken to be {@code [in, out]}, as in {@code x.mmul(w)}; a variable with at most one
   * dimension above 1 is a vector.
   *
   * @param graph graph with its variables
   * @param configuration training configuration for this graph
   * @return the configuration
   */
  public static TrainingConfig bind(SameDiff graph, TrainingConfig configuration) {
    if (configuration.getUpdater() instanceof AbstractUpdater updater && updater.needsBinding()) {
      List<VariableShape> variables = new ArrayList<>();
      for (SDVariable variable : graph.variables()) {
        if (variable.getVariableType() == VariableType.VARIABLE && variable.dataType().isFPType()) {
          long[] shape = variable.getArr().shape();
          int large = 0;
          for (long size : shape) {
            large += size > 1 ? 1 : 0;
          }
          variables.add(
              VariableShape.of(variable.name(), shape, 'f', large > 1 ? Kind.WEIGHT : Kind.VECTOR));
        }
      }
      configuration.setUpdater(Binder.bindShaped(updater, variables));
      List<Regularization> steps = configuration.getRegularization();
      configuration.setRegularization(Binder.withSteps(steps, updater, Kind.ANY));
    }
    return configuration;
  }
}

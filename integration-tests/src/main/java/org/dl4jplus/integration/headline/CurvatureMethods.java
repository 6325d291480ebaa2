package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.optim.first.Optim;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.second.AdaHessian;
import org.dl4jplus.optim.second.Egn;
import org.dl4jplus.optim.second.Fosi;
import org.dl4jplus.optim.second.Kfac;
import org.dl4jplus.optim.second.Mfac;
import org.dl4jplus.optim.second.Mkor;
import org.dl4jplus.optim.second.Oasis;
import org.dl4jplus.optim.second.Sania;
import org.dl4jplus.optim.second.ScalableShampoo;
import org.dl4jplus.optim.second.Sophia;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The second-order methods, each as a user would set it up, and what they are compared with. */
final class CurvatureMethods {

  /**
   * One way to train.
   *
   * @param name of the method
   * @param updater the network's updater for a learning rate
   * @param listener makes the listener; null for none
   * @param rates the learning rates to choose from
   */
  record Method(
      String name,
      DoubleFunction<IUpdater> updater,
      Supplier<GradientListener> listener,
      double... rates) {

    /** Tanh layers of the given widths and a softmax output. */
    MultiLayerNetwork network(int seed, double rate, DataType type, int... widths) {
      NeuralNetConfiguration.ListBuilder list =
          new NeuralNetConfiguration.Builder()
              .seed(seed)
              .dataType(type)
              .updater(updater.apply(rate))
              .weightInit(WeightInit.XAVIER)
              .list();
      for (int i = 1; i < widths.length - 1; i++) {
        list.layer(
            new DenseLayer.Builder()
                .nIn(widths[i - 1])
                .nOut(widths[i])
                .activation(Activation.TANH)
                .build());
      }
      MultiLayerConfiguration configuration =
          list.layer(
                  new OutputLayer.Builder(LossFunction.MCXENT)
                      .nIn(widths[widths.length - 2])
                      .nOut(widths[widths.length - 1])
                      .activation(Activation.SOFTMAX)
                      .build())
              .build();
      MultiLayerNetwork network = new MultiLayerNetwork(Optim.bind(configuration));
      network.init();
      if (listener != null) {
        network.addListeners(listener.get());
      }
      return network;
    }
  }

  static final Method ADAM = new Method("Adam", Adam::new, null, 0.001, 0.003, 0.01, 0.03);

  static final Method MOMENTUM =
      new Method("momentum SGD", rate -> new Nesterovs(rate, 0.9), null, 0.03, 0.1, 0.3);

  static final List<Method> ALL =
      List.of(
          new Method("AdaHessian", Sgd::new, () -> AdaHessian.builder().build(), 0.05, 0.15, 0.5),
          new Method(
              "Sophia-G",
              Sgd::new,
              () -> Sophia.builder().estimator(Sophia.Estimator.GNB).rho(0.4).build(),
              0.003,
              0.01,
              0.03),
          new Method(
              "Sophia-H",
              Sgd::new,
              () -> Sophia.builder().estimator(Sophia.Estimator.HUTCHINSON).gamma(0.05).build(),
              0.003,
              0.01,
              0.03),
          new Method("K-FAC", Sgd::new, () -> Kfac.builder().klClip(0.0).build(), 0.03, 0.1, 0.3),
          new Method(
              "MKOR",
              rate -> new Nesterovs(rate, 0.9),
              () -> Mkor.builder().build(),
              0.03,
              0.1,
              0.3),
          new Method(
              "MKOR-H",
              rate -> new Nesterovs(rate, 0.9),
              () -> Mkor.builder().hybrid(true).build(),
              0.03,
              0.1,
              0.3),
          new Method(
              "M-FAC",
              rate -> Mfac.builder().learningRate(rate).damping(1e-3).build(),
              null,
              0.001,
              0.003,
              0.01),
          new Method(
              "Shampoo",
              rate ->
                  ScalableShampoo.builder()
                      .learningRate(rate)
                      .matrixEpsilon(1e-6)
                      .preconditioningComputeSteps(5)
                      .build(),
              null,
              0.03,
              0.1,
              0.3),
          new Method("EGN", Sgd::new, () -> Egn.builder().regularizer(0.1).build(), 0.3, 0.6, 1.0),
          new Method(
              "FOSI(Adam)",
              Adam::new,
              () -> Fosi.builder().learningRateClip(1.0).build(),
              0.001,
              0.003,
              0.01),
          new Method(
              "FOSI(Nesterovs)",
              rate -> new Nesterovs(rate, 0.9),
              () -> Fosi.builder().build(),
              0.03,
              0.1,
              0.3),
          new Method("OASIS", Sgd::new, () -> Oasis.builder().build(), 1.0),
          new Method(
              "OASIS, fixed",
              Sgd::new,
              () -> Oasis.builder().mode(Oasis.Mode.FIXED).momentum(0.9).alpha(0.01).build(),
              0.03,
              0.1,
              0.3),
          new Method("SANIA", Sgd::new, () -> Sania.builder().build(), 1.0));

  private CurvatureMethods() {}
}

package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicLong;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.SharpnessAwareMinimization.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/** What a step of SAM takes from the off-heap memory, counted where ND4J asks for it. */
class SharpnessMemoryTest {

  private static final int WIDTH = 1000;

  private static MultiLayerNetwork network(SharpnessAwareMinimization sam) {
    MultiLayerNetwork network =
        Networks.network(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.01))
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(WIDTH)
                        .nOut(WIDTH)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(WIDTH)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    if (sam != null) {
      network.setListeners(sam);
    }
    return network;
  }

  /** Bytes that were asked for in some steps, after those in which memory is taken once. */
  private static long bytes(MultiLayerNetwork network, int steps) {
    INDArray labels = Nd4j.zeros(DataType.FLOAT, 4, 3);
    labels.putColumn(1, Nd4j.ones(DataType.FLOAT, 4));
    DataSet data = new DataSet(Nd4j.rand(DataType.FLOAT, 4, WIDTH), labels);
    for (int i = 0; i < 5; i++) {
      network.fit(data);
    }
    NativeOpsHolder holder = NativeOpsHolder.getInstance();
    NativeOps ops = holder.getDeviceNativeOps();
    AtomicLong bytes = new AtomicLong();
    holder.setDeviceNativeOps(counting(ops, bytes));
    try {
      for (int i = 0; i < steps; i++) {
        network.fit(data);
      }
    } finally {
      holder.setDeviceNativeOps(ops);
    }
    return bytes.get();
  }

  private static NativeOps counting(NativeOps ops, AtomicLong bytes) {
    return (NativeOps)
        Proxy.newProxyInstance(
            NativeOps.class.getClassLoader(),
            new Class<?>[] {NativeOps.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("allocateDataBuffer")) {
                bytes.addAndGet((long) arguments[0] * DataType.fromInt((int) arguments[1]).width());
              } else if (method.getName().startsWith("malloc")) {
                bytes.addAndGet((long) arguments[0]);
              }
              try {
                return method.invoke(ops, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void theCountSeesAnArray() {
    // One vector of the model's size in each of three steps.
    MultiLayerNetwork network = network(null);
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void onGradientCalculation(Model model) {
            model.params().dup();
          }
        });
    assertTrue(bytes(network, 3) >= 3 * 4L * network.numParams());
  }

  /** A million parameters: in fifty steps not as much as one vector of them takes. */
  @ParameterizedTest
  @EnumSource(Variant.class)
  void stepsTakeNoMemoryOfTheModelsSize(Variant variant) {
    MultiLayerNetwork network =
        network(SharpnessAwareMinimization.builder().variant(variant).build());
    long taken = bytes(network, variant == Variant.SAM ? 50 : 12);
    assertTrue(taken < 4L * network.numParams(), taken + " bytes");
  }
}

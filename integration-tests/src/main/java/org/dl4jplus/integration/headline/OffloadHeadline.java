package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.OffloadedNetwork;
import org.dl4jplus.optim.zeroth.ZO2;
import org.dl4jplus.optim.zeroth.ZO2.Store;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What ZO2 saves in memory and takes in time, and that it changes nothing else. */
final class OffloadHeadline implements Headline {

  private static final int BLOCKS = 12;
  private static final int WIDTH = 512;
  private static final int BATCH = 64;
  private static final int WARM_UP = 10;
  private static final int ROUNDS = 31;

  private static final int DEEP_BLOCKS = 128;
  private static final int DEEP_WIDTH = 1024;
  private static final int DEEP_STEPS = 4;
  private static final double MEBI = 1 << 20;

  private static final int RUNS = 3;

  /** MiB of the small process, heap, native memory and the machine itself; not the mapped file. */
  private static final int GIVEN = 128;

  @Override
  public String name() {
    return "zo2";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>(equalBlocks());
    rows.addAll(largerThanMemory());
    return rows;
  }

  private static MultiLayerConfiguration configuration(int blocks, int width) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(1).dataType(DataType.FLOAT).list();
    for (int b = 0; b < blocks - 1; b++) {
      list.layer(
          new DenseLayer.Builder().nIn(width).nOut(width).activation(Activation.TANH).build());
    }
    return list.layer(
            new OutputLayer.Builder(LossFunction.MSE)
                .nIn(width)
                .nOut(width)
                .activation(Activation.IDENTITY)
                .build())
        .build();
  }

  private static DataSet batch(int width) {
    return new DataSet(
        Nd4j.linspace(DataType.FLOAT, -1, 2.0 / (BATCH * width), (long) BATCH * width)
            .reshape(BATCH, width),
        Nd4j.linspace(DataType.FLOAT, 1, -1.0 / (BATCH * width), (long) BATCH * width)
            .reshape(BATCH, width));
  }

  private static ZO2.ZO2Builder method() {
    return ZO2.builder().learningRate(1e-6);
  }

  private static List<Row> equalBlocks() {
    MultiLayerNetwork whole = new MultiLayerNetwork(configuration(BLOCKS, WIDTH));
    whole.init();
    ZO2 method = method().build();
    DataSet batch = batch(WIDTH);
    try (OffloadedNetwork offloaded = OffloadedNetwork.from(whole, method)) {
      ZerothOrder.attach(whole, method.method());
      Turns turns = Turns.of(WARM_UP, ROUNDS, () -> whole.fit(batch), () -> offloaded.fit(batch));
      INDArray difference = offloaded.params().sub(whole.params());
      String network = BLOCKS + " dense blocks of " + WIDTH + "x" + WIDTH;
      return List.of(
          Row.ratio(
              "MiB of parameters in working memory, " + network,
              "MeZO",
              4 * whole.numParams() / MEBI,
              "ZO2",
              offloaded.residentBytes() / MEBI,
              Bar.atMost(0.25)),
          Row.ratio(
              "median seconds of a step, heap store, batch " + BATCH,
              "MeZO",
              turns.first(),
              "ZO2",
              turns.second(),
              Bar.atMost(1.5)),
          Row.difference(
              "largest difference of a parameter after " + (WARM_UP + ROUNDS) + " steps",
              "MeZO",
              0,
              "ZO2",
              difference.amaxNumber().doubleValue(),
              Bar.atMost(0)));
    }
  }

  private static List<Row> largerThanMemory() {
    Map<String, Double> whole = Map.of();
    Map<String, Double> small = Map.of();
    double[] wholeSeconds = new double[RUNS];
    double[] smallSeconds = new double[RUNS];
    for (int run = 0; run < RUNS; run++) {
      whole = Child.run(OffloadHeadline.class, memory(256, 4096), "whole");
      small = Child.run(OffloadHeadline.class, memory(48, GIVEN), "small");
      wholeSeconds[run] = whole.get("seconds");
      smallSeconds[run] = small.get("seconds");
    }
    Arrays.sort(wholeSeconds);
    Arrays.sort(smallSeconds);
    double parameters = 4.0 * DEEP_BLOCKS * (DEEP_WIDTH + 1) * DEEP_WIDTH / MEBI;
    double largest = 0;
    for (int t = 0; t < DEEP_STEPS; t++) {
      largest = Math.max(largest, Math.abs(whole.get("loss" + t) - small.get("loss" + t)));
    }
    return List.of(
        Row.ratio(
            "MiB of parameters of a network that trains where init() finds too little memory",
            "memory of the process beside the file",
            small.get("fails") == 1 ? GIVEN : Double.NaN,
            "parameters, in a mapped file",
            parameters,
            Bar.atLeast(4)),
        Row.difference(
            "largest difference of that network's losses in " + DEEP_STEPS + " steps",
            "MeZO with enough memory",
            0,
            "ZO2",
            largest,
            Bar.atMost(0)),
        Row.ratio(
            "seconds of that network's step, median of " + RUNS + " processes",
            "MeZO with enough memory",
            wholeSeconds[RUNS / 2],
            "ZO2, mapped file",
            smallSeconds[RUNS / 2],
            Bar.NONE));
  }

  /** The platform counts all that a process holds but pages of files, and then refuses more. */
  private static List<String> memory(int heap, int all) {
    return List.of(
        "-Xmx" + heap + "m",
        "-XX:+UseSerialGC",
        "-Dorg.bytedeco.javacpp.maxbytes=4g",
        "-Dorg.bytedeco.javacpp.maxphysicalbytes=" + all + "m");
  }

  /** One process's work: the network as a whole, or in too little memory for that. */
  public static void main(String[] args) {
    MultiLayerConfiguration configuration = configuration(DEEP_BLOCKS, DEEP_WIDTH);
    DataSet batch = batch(DEEP_WIDTH);
    ZO2 method = method().store(Store.MAPPED_FILE).build();
    if (args[0].equals("whole")) {
      MultiLayerNetwork network = new MultiLayerNetwork(configuration);
      network.init();
      ZerothOrder.attach(network, method.method());
      steps(() -> network.fit(batch), network::score);
      return;
    }
    Child.say("fails", fails(configuration) ? 1 : 0);
    try (OffloadedNetwork network = OffloadedNetwork.create(configuration, method)) {
      steps(() -> network.fit(batch), network::score);
    }
  }

  private interface Score {
    double value();
  }

  private static void steps(Runnable step, Score score) {
    double[] seconds = new double[DEEP_STEPS];
    for (int t = 0; t < DEEP_STEPS; t++) {
      long start = System.nanoTime();
      step.run();
      seconds[t] = (System.nanoTime() - start) / 1e9;
      Child.say("loss" + t, score.value());
    }
    Arrays.sort(seconds);
    Child.say("seconds", seconds[DEEP_STEPS / 2]);
  }

  private static boolean fails(MultiLayerConfiguration configuration) {
    try {
      new MultiLayerNetwork(configuration.clone()).init();
      return false;
    } catch (OutOfMemoryError e) {
      return true;
    }
  }
}

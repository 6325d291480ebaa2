package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.objective.MovableEntries;
import org.dl4jplus.optim.zeroth.onebyte.Machine;
import org.dl4jplus.optim.zeroth.onebyte.ModelLosses;
import org.dl4jplus.optim.zeroth.onebyte.OneByteFederation;
import org.dl4jplus.optim.zeroth.onebyte.Replica;
import org.dl4jplus.optim.zeroth.onebyte.RoundHeader;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a byte in the place of a number costs in accuracy, and what is sent. */
final class OneByteHeadline implements Headline {

  private static final int MACHINES = 4;
  private static final int ROUNDS = 1500;
  private static final OneByte CONFIG =
      OneByte.builder()
          .runSeed(42L)
          .rounds(ROUNDS)
          .learningRate(2e-3)
          .distribution(Distribution.RADEMACHER)
          .scoreEvery(0)
          .build();

  @Override
  public String name() {
    return "one-byte";
  }

  @Override
  public List<Row> measure() {
    Digits digits = Digits.of(1400, 1);
    List<List<DataSet>> shares = new ArrayList<>();
    List<DataSet> examples = digits.train().asList();
    for (int m = 0; m < MACHINES; m++) {
      shares.add(examples.subList(m * 350, (m + 1) * 350));
    }
    OneByteFederation bytes = federation(shares, network(16), CONFIG);
    bytes.fit();
    double sent = bytes.report().bytesPerMachineAndRound();
    OneByte few = OneByte.builder().runSeed(42L).rounds(3).build();
    OneByteFederation large = federation(shares, network(1024, 1024), few);
    large.fit();
    String claim = "bytes a machine and step, 4 samples, ";
    return List.of(
        Row.difference(
            "accuracy on digits after 1500 steps, 64-16-10, 4 machines with 4 samples each",
            "exact numbers",
            digits.accuracy(exact(shares)),
            "bytes",
            digits.accuracy(bytes.network()),
            Bar.atLeast(-0.02)),
        Row.ratio(
            claim + "1210 parameters",
            "samples",
            CONFIG.getSamplesPerRound(),
            "sent",
            sent,
            Bar.atMost(1)),
        Row.ratio(
            claim + large.<MultiLayerNetwork>network().numParams() + " parameters",
            "samples",
            CONFIG.getSamplesPerRound(),
            "sent",
            large.report().bytesPerMachineAndRound(),
            Bar.atMost(1)),
        Row.ratio(
            claim + "with the message's header",
            "parameters in single precision",
            4 * network(16).numParams(),
            "sent",
            sent + (double) bytes.report().headers() / bytes.report().answers(),
            Bar.NONE));
  }

  private static MultiLayerNetwork network(int... widths) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.1))
            .list();
    int in = Digits.PIXELS;
    for (int width : widths) {
      list.layer(new DenseLayer.Builder().nIn(in).nOut(width).activation(Activation.TANH).build());
      in = width;
    }
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            list.layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(in)
                        .nOut(Digits.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return network;
  }

  private static OneByteFederation federation(
      List<List<DataSet>> shares, MultiLayerNetwork network, OneByte config) {
    OneByteFederation federation = new OneByteFederation(config, network);
    for (int m = 0; m < MACHINES; m++) {
      federation.join(m, shares.get(m));
    }
    return federation;
  }

  /** The same run with the numbers that the bytes are rounded from. */
  private static MultiLayerNetwork exact(List<List<DataSet>> shares) {
    MultiLayerNetwork network = network(16);
    List<ModelLosses> losses = new ArrayList<>();
    for (List<DataSet> share : shares) {
      losses.add(
          new ModelLosses(
              network,
              share.stream().map(DataSet::toMultiDataSet).toList(),
              CONFIG.getBatchSize()));
    }
    MovableEntries entries = new MovableEntries(losses.get(0).problem());
    Replica replica = new Replica(CONFIG, entries.read(), DataType.DOUBLE, 0);
    long[] ids = new long[MACHINES];
    List<Machine> machines = new ArrayList<>();
    for (int m = 0; m < MACHINES; m++) {
      ids[m] = m;
      machines.add(new Machine(m, losses.get(m), replica));
    }
    for (int t = 0; t < ROUNDS; t++) {
      RoundHeader header = new RoundHeader(t, CONFIG.getLearningRate(), 1, 16);
      double[][] estimates = new double[MACHINES][];
      for (int m = 0; m < MACHINES; m++) {
        estimates[m] = machines.get(m).estimates(header);
      }
      replica.move(header, ids, estimates);
    }
    entries.write(replica.theta());
    return network;
  }
}

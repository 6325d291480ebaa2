package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.MeZO;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** The most memory that training takes, next to inference: each in a process of its own. */
final class MezoMemoryHeadline implements Headline {

  private static final int RUNS = 3;
  private static final int STEPS = 20;
  private static final int BATCH = 64;
  private static final int INPUTS = 784;
  private static final int[] WIDTHS = {2048, 2048, 2048, 2048};

  /** The heap is the same for all, and taken at once: what differs is the networks' own memory. */
  private static final List<String> OPTIONS =
      List.of(
          "-Xms64m",
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-XX:+AlwaysPreTouch",
          "-Dorg.bytedeco.javacpp.maxbytes=4g",
          "-Dorg.bytedeco.javacpp.maxphysicalbytes=8g");

  private enum Mode {
    INFERENCE("inference"),
    MEZO("MeZO"),
    SGD("fit by Sgd"),
    ADAM("fit by Adam");

    private final String label;

    Mode(String label) {
      this.label = label;
    }
  }

  @Override
  public String name() {
    return "mezo-memory";
  }

  @Override
  public List<Row> measure() {
    Map<Mode, double[]> peaks = new LinkedHashMap<>();
    for (int run = 0; run < RUNS; run++) {
      for (Mode mode : Mode.values()) {
        Map<String, Double> found = Child.run(MezoMemoryHeadline.class, OPTIONS, mode.name());
        peaks.computeIfAbsent(mode, m -> new double[RUNS])[run] = found.get("peak");
      }
    }
    peaks.values().forEach(Arrays::sort);
    boolean known = !Double.isNaN(peaks.get(Mode.INFERENCE)[0]);
    List<Row> rows = new ArrayList<>();
    for (Mode mode : List.of(Mode.MEZO, Mode.SGD, Mode.ADAM)) {
      rows.add(
          Row.ratio(
              known
                  ? "MiB resident at the peak, 14.2 million parameters (54 MiB), median of " + RUNS
                  : "peak of resident memory: unavailable on this system",
              Mode.INFERENCE.label,
              peaks.get(Mode.INFERENCE)[RUNS / 2],
              mode.label,
              peaks.get(mode)[RUNS / 2],
              mode == Mode.MEZO && known ? Bar.atMost(1.05) : Bar.NONE));
    }
    return rows;
  }

  /** One process's work. */
  public static void main(String[] args) {
    Mode mode = Mode.valueOf(args[0]);
    MultiLayerNetwork network =
        TimedNetworks.dense(mode == Mode.ADAM ? new Adam(1e-3) : new Sgd(1e-3), INPUTS, WIDTHS);
    DataSet batch = new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, INPUTS), Digits.anyLabels(BATCH));
    if (mode == Mode.MEZO) {
      ZerothOrder.attach(network, new MeZO(1e-5));
    }
    for (int t = 0; t < STEPS; t++) {
      if (mode == Mode.INFERENCE) {
        network.output(batch.getFeatures());
      } else {
        network.fit(batch);
      }
    }
    Child.say("peak", Child.peakMemory());
  }
}

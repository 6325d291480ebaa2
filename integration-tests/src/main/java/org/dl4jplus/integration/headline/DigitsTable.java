package org.dl4jplus.integration.headline;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A search space whose every configuration has been trained: networks with one hidden layer on 500
 * UCI digits, by Adam, over the learning rate, the L2 coefficient, the width of the layer and the
 * batch size. A search in the table is a search over real trainings that costs nothing.
 *
 * <p>The table is {@code data/digits-table.csv}; {@link #main} makes it again.
 */
final class DigitsTable {

  /** Epochs after which a training counts as finished, where nothing else is said. */
  static final int EPOCHS = 9;

  /** Every training went on to here; between {@link #EPOCHS} and this one nothing is known. */
  static final int LAST_EPOCH = 27;

  static final List<Double> RATES = List.of(1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1);
  static final List<Double> L2 = List.of(1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0);
  static final List<Integer> WIDTHS = List.of(8, 16, 32, 64);
  static final List<Integer> BATCHES = List.of(16, 64, 256);

  private static final int TRAIN = 500;
  private static final int SEEDS = 3;

  /** A configuration of the space. */
  record Setting(double rate, double l2, int width, int batch) implements Serializable {

    /** Parameter updates of an epoch; the last batch may be smaller. */
    int updatesPerEpoch() {
      return (TRAIN + batch - 1) / batch;
    }

    private int row() {
      int row = RATES.indexOf(rate);
      row = row * L2.size() + L2.indexOf(l2);
      row = row * WIDTHS.size() + WIDTHS.indexOf(width);
      return row * BATCHES.size() + BATCHES.indexOf(batch);
    }
  }

  /** The space, as Arbiter knows it. */
  static final class Space extends AbstractParameterSpace<Setting> {
    @JsonProperty private DiscreteParameterSpace<Double> rate = new DiscreteParameterSpace<>(RATES);
    @JsonProperty private DiscreteParameterSpace<Double> l2 = new DiscreteParameterSpace<>(L2);

    @JsonProperty
    private DiscreteParameterSpace<Integer> width = new DiscreteParameterSpace<>(WIDTHS);

    @JsonProperty
    private DiscreteParameterSpace<Integer> batch = new DiscreteParameterSpace<>(BATCHES);

    @Override
    public Setting getValue(double[] v) {
      return new Setting(rate.getValue(v), l2.getValue(v), width.getValue(v), batch.getValue(v));
    }

    @Override
    public int numParameters() {
      return 4;
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<ParameterSpace> collectLeaves() {
      return new ArrayList<>(List.of(rate, l2, width, batch));
    }

    @Override
    public boolean isLeaf() {
      return false;
    }

    @Override
    public void setIndices(int... indices) {
      throw new UnsupportedOperationException("the leaves have the indices");
    }
  }

  private final double[][] errors;

  private DigitsTable(double[][] errors) {
    this.errors = errors;
  }

  /** Reads the bundled table. */
  static DigitsTable read() {
    List<double[]> rows = new ArrayList<>();
    try (InputStream in = DigitsTable.class.getResourceAsStream("/data/digits-table.csv");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith("#")) {
          double[] all = Arrays.stream(line.split(",")).mapToDouble(Double::parseDouble).toArray();
          rows.add(Arrays.copyOfRange(all, 4, all.length));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new DigitsTable(rows.toArray(double[][]::new));
  }

  /** Error on the images that are not for training after 1 to 9 epochs, or 27. */
  double error(Setting setting, int epochs) {
    if (epochs > EPOCHS && epochs != LAST_EPOCH) {
      throw new IllegalArgumentException("Nothing is known after " + epochs + " epochs");
    }
    return errors[setting.row()][epochs == LAST_EPOCH ? EPOCHS : epochs - 1];
  }

  /** The error at the end. */
  double error(Setting setting) {
    return error(setting, EPOCHS);
  }

  /** All errors at the end, in no order that means anything. */
  double[] errors() {
    return Arrays.stream(errors).mapToDouble(row -> row[EPOCHS - 1]).toArray();
  }

  /**
   * Trains all networks and writes the table.
   *
   * @param args where it goes
   * @throws IOException if it cannot be written
   */
  public static void main(String[] args) throws IOException {
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try (PrintWriter out = new PrintWriter(args[0], StandardCharsets.UTF_8)) {
      out.print(
          "# Networks with one hidden ReLU layer, trained by Adam on 500 UCI digits (DigitsTable.main):"
              + "\n# learning rate, L2, width, batch, errors on the other 1297 after epochs 1 to 9"
              + " and 27 (means of 3 seeds)\n");
      for (double rate : RATES) {
        for (double l2 : L2) {
          for (int width : WIDTHS) {
            for (int batch : BATCHES) {
              String errors =
                  DoubleStream.of(train(new Setting(rate, l2, width, batch)))
                      .mapToObj(e -> String.format(Locale.ROOT, "%.5f", e))
                      .collect(Collectors.joining(","));
              out.print(rate + "," + l2 + "," + width + "," + batch + "," + errors + "\n");
            }
          }
        }
        out.flush();
      }
    }
  }

  private static double[] train(Setting setting) {
    double[] errors = new double[EPOCHS + 1];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(TRAIN, seed);
      MultiLayerNetwork network =
          Digits.network(seed, new Adam(setting.rate()), setting.l2(), setting.width());
      Random random = new Random(seed);
      for (int epoch = 0; epoch < LAST_EPOCH; epoch++) {
        List<Integer> order = Digits.shuffled(TRAIN, random);
        for (int start = 0; start < TRAIN; start += setting.batch()) {
          DataSet batch =
              Digits.rows(
                  digits.train(), order.subList(start, Math.min(start + setting.batch(), TRAIN)));
          network.fit(batch);
        }
        int column = epoch < EPOCHS ? epoch : EPOCHS;
        if (column < EPOCHS || epoch == LAST_EPOCH - 1) {
          errors[column] += (1 - digits.accuracy(network)) / SEEDS;
        }
      }
    }
    return errors;
  }
}

package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.datavec.api.records.reader.impl.collection.CollectionRecordReader;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.privacy.noise.DiscreteGaussianSampler;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.dl4jplus.privacy.synthetic.PrivateGsd;
import org.dl4jplus.privacy.synthetic.TwoWayMarginals;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Private-GSD's two-way marginals against the product of noisy one-way marginals, and against the
 * noisy two-way marginals that the search has seen; equal budgets. Breast cancer: five measurements
 * cut at their quartiles, which count as public, and the class.
 */
final class SyntheticDataHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int ROWS = 200;
  private static final int MEASUREMENTS = 5;
  private static final int PARTS = 4;

  /** Mean absolute errors over all cells of all pairs. */
  private record Errors(double synthetic, double product, double noisy) {}

  @Override
  public String name() {
    return "synthetic-data";
  }

  @Override
  public List<Row> measure() {
    int[][] cells = cells();
    List<Row> rows = new ArrayList<>();
    for (double rho : new double[] {0.02, 0.2}) {
      Errors mean = new Errors(0, 0, 0);
      for (int seed = 1; seed <= SEEDS; seed++) {
        Errors one = errors(cells, rho, seed);
        mean =
            new Errors(
                mean.synthetic() + one.synthetic() / SEEDS,
                mean.product() + one.product() / SEEDS,
                mean.noisy() + one.noisy() / SEEDS);
      }
      rows.add(
          Row.ratio(
              "error of two-way marginals, 6 columns of breast cancer, rho " + rho,
              "product of noisy one-way marginals",
              mean.product(),
              "Private-GSD, 200 rows",
              mean.synthetic(),
              rho == 0.2 ? Bar.atMost(0.7) : Bar.NONE));
      rows.add(
          Row.ratio(
              "the same, rho " + rho,
              "the noisy marginals themselves",
              mean.noisy(),
              "Private-GSD, 200 rows",
              mean.synthetic(),
              Bar.NONE));
    }
    return rows;
  }

  private static int[][] cells() {
    DataSet data = BundledData.breastCancer();
    int[][] cells = new int[MEASUREMENTS + 1][];
    for (int c = 0; c < MEASUREMENTS; c++) {
      double[] values = data.getFeatures().getColumn(c).toDoubleVector();
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      double[] edges = new double[PARTS + 1];
      for (int k = 0; k <= PARTS; k++) {
        edges[k] = sorted[k * (sorted.length - 1) / PARTS];
      }
      cells[c] = Arrays.stream(values).mapToInt(v -> TwoWayMarginals.bin(edges, v)).toArray();
    }
    cells[MEASUREMENTS] = data.getLabels().argMax(1).toIntVector();
    return cells;
  }

  private static int size(int column) {
    return column < MEASUREMENTS ? PARTS : 2;
  }

  private static Errors errors(int[][] cells, double rho, int seed) {
    int[][] synthetic = synthetic(cells, rho, seed);
    NoiseSource source = new SeededNoise(100 + seed);
    int columns = cells.length;
    double[][] single = new double[columns][];
    for (int c = 0; c < columns; c++) {
      long[] counts = TwoWayMarginals.counts(cells[c], size(c), new int[cells[c].length], 1);
      single[c] = noisy(counts, cells[c].length, rho / columns, source);
      double sum = Arrays.stream(single[c]).sum();
      for (int k = 0; k < single[c].length; k++) {
        single[c][k] /= sum;
      }
    }
    int pairs = columns * (columns - 1) / 2;
    Errors errors = new Errors(0, 0, 0);
    int number = 0;
    for (int a = 0; a < columns; a++) {
      for (int b = a + 1; b < columns; b++) {
        long[] counts = TwoWayMarginals.counts(cells[a], size(a), cells[b], size(b));
        long[] made = TwoWayMarginals.counts(synthetic[a], size(a), synthetic[b], size(b));
        double[] raw = noisy(counts, cells[a].length, rho / pairs, source);
        for (int i = 0; i < counts.length; i++) {
          double truth = (double) counts[i] / cells[a].length;
          double product = single[a][i / size(b)] * single[b][i % size(b)];
          errors =
              new Errors(
                  errors.synthetic() + Math.abs((double) made[i] / ROWS - truth),
                  errors.product() + Math.abs(product - truth),
                  errors.noisy() + Math.abs(raw[i] - truth));
          number++;
        }
      }
    }
    return new Errors(
        errors.synthetic() / number, errors.product() / number, errors.noisy() / number);
  }

  /** Shares with the noise that a replaced record asks for, clipped to [0, 1]. */
  private static double[] noisy(long[] counts, int records, double rho, NoiseSource source) {
    DiscreteGaussianSampler noise = DiscreteGaussianSampler.ofVariance(1 / rho, source);
    return Arrays.stream(counts)
        .mapToDouble(c -> Math.max(0, Math.min(1, (double) (c + noise.sample()) / records)))
        .toArray();
  }

  private static int[][] synthetic(int[][] cells, double rho, int seed) {
    int columns = cells.length;
    Schema.Builder schema = new Schema.Builder();
    List<String> names = new ArrayList<>();
    for (int c = 0; c < columns; c++) {
      names.add("column " + c);
      String[] states = new String[size(c)];
      Arrays.setAll(states, Integer::toString);
      schema.addColumnCategorical(names.get(c), states);
    }
    List<List<Writable>> records = new ArrayList<>();
    for (int i = 0; i < cells[0].length; i++) {
      List<Writable> record = new ArrayList<>();
      for (int[] column : cells) {
        record.add(new Text(Integer.toString(column[i])));
      }
      records.add(record);
    }
    List<List<Writable>> rows =
        PrivateGsd.builder()
            .syntheticRows(ROWS)
            .completeColumns(names)
            .build()
            .fit(schema.build(), new CollectionRecordReader(records), rho, new SeededNoise(seed))
            .rows();
    int[][] made = new int[columns][ROWS];
    for (int c = 0; c < columns; c++) {
      for (int i = 0; i < ROWS; i++) {
        made[c][i] = Integer.parseInt(rows.get(i).get(c).toString());
      }
    }
    return made;
  }
}

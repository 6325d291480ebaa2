package org.dl4jplus.privacy.synthetic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import lombok.extern.slf4j.Slf4j;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.writable.Writable;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.accounting.Zcdp;
import org.dl4jplus.privacy.noise.DiscreteGaussianSampler;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SecureNoise;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Private-GSD: a synthetic table whose two-way marginals are near those of a private one.
 *
 * <pre>{@code
 * rho(epsilon, delta)       zero-concentrated budget
 * rho1 = rho k1/(k1 + k2)   bins of the k1 numeric columns: halving of 64 equal intervals while an
 *                           interval has more than 1/64 of the records, then 64 quantiles
 * rho2 = rho - rho1         the m marginals of k2 pairs of columns: cells of categorical columns,
 *                           bins of numeric ones, also merged by 2 and by 4
 * fitness = SUM over marginals and their largest noisy cells (noisy - synthetic)^2
 * }</pre>
 *
 * A genetic search then changes random rows: new values, values of other rows, swaps of two rows.
 * It sees noisy numbers alone. All noise is drawn on whole counts by {@link
 * DiscreteGaussianSampler}: variance (levels + 1)/rhoColumn in a column's histograms, m/rho2 in the
 * marginals, for a record that is replaced moves one count from a cell to another, an L2
 * sensitivity of sqrt(2).
 *
 * <p>The guarantee: {@link Neighbours#REPLACE_ONE}, the number of records public. So is the schema:
 * categories and ranges must be known beforehand and never be taken from the data. Values beyond a
 * range count as its end. Missing values, unknown categories and text that is no number are the
 * column's extra category, which comes out as an empty field, and never an error. Columns with a
 * domain of one value are in no marginal and come out as that value, if there is no extra category
 * beside it.
 *
 * <p>A marginal of two numeric columns has some 4000 cells. Where the noise of a cell, a standard
 * deviation of about sqrt(m/rho) records, is not small against the records in it, fewer intervals
 * give a better table: 8 or 16 for some hundred records.
 *
 * <p>Whole numbers of at most {@code intervals} values are categories. Deviations from the paper's
 * code: noise on counts, of half its variance; quantiles of the noisy histogram itself, not of
 * 10000 draws from it, with the range's ends as outer edges; the search's 32 quantiles are those of
 * the last period; one best table is kept in place of 5.
 *
 * <p>Fields: {@code syntheticRows} N' (default: the number of records); {@code intervals} 64, at
 * least 4; {@code granularity} 0.001, above 0, the least width of an interval that is halved (1 for
 * whole numbers); {@code treeQueryDepth} 3, at least 1, the number of resolutions of a marginal;
 * {@code population} 50 candidates of a generation; {@code maxGenerations} (default 200 N'); {@code
 * earlyStopThreshold} 1e-4, at least 0: the search ends when max(100, N') generations bring less
 * than that share of the fitness; {@code maxCells} 1000000: pairs with more are left out, with a
 * warning; {@code completeColumns}: names of columns that publicly have no missing or unknown
 * values, so that they have no extra category (should one come, it counts as the first category or
 * the lower end of the range); {@code seed} of the search, which needs no secret (default: drawn).
 *
 * <p>T. Liu, J. Tang, G. Vietri, S. Wu: "Generating Private Synthetic Data with Genetic
 * Algorithms", arXiv 2306.03257 (2023).
 */
@Slf4j
@Getter
@EqualsAndHashCode
@ToString
public final class PrivateGsd {

  private final Integer syntheticRows;
  private final int intervals;
  private final double granularity;
  private final int treeQueryDepth;
  private final int population;
  private final Integer maxGenerations;
  private final double earlyStopThreshold;
  private final int maxCells;
  private final List<String> completeColumns;
  private final Long seed;

  /** With the defaults. */
  public PrivateGsd() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private PrivateGsd(
      @JsonProperty("syntheticRows") Integer syntheticRows,
      @JsonProperty("intervals") Integer intervals,
      @JsonProperty("granularity") Double granularity,
      @JsonProperty("treeQueryDepth") Integer treeQueryDepth,
      @JsonProperty("population") Integer population,
      @JsonProperty("maxGenerations") Integer maxGenerations,
      @JsonProperty("earlyStopThreshold") Double earlyStopThreshold,
      @JsonProperty("maxCells") Integer maxCells,
      @JsonProperty("completeColumns") List<String> completeColumns,
      @JsonProperty("seed") Long seed) {
    this.syntheticRows = syntheticRows;
    Require.count("syntheticRows", syntheticRows, 1);
    this.intervals = Require.atLeast("intervals", intervals, 64, 4);
    this.granularity = Require.positive("granularity", granularity, 1e-3);
    this.treeQueryDepth = Require.count("treeQueryDepth", treeQueryDepth, 3);
    this.population = Require.count("population", population, 50);
    this.maxGenerations = maxGenerations;
    Require.atLeast("maxGenerations", maxGenerations, 0, 0);
    this.earlyStopThreshold = Require.nonNegative("earlyStopThreshold", earlyStopThreshold, 1e-4);
    this.maxCells = Require.count("maxCells", maxCells, 1_000_000);
    this.completeColumns = completeColumns == null ? List.of() : List.copyOf(completeColumns);
    this.seed = seed;
  }

  /**
   * Makes a table within a budget, with noise that nobody can predict.
   *
   * @param schema the public domain: categorical columns with their categories, numeric ones with a
   *     least and a greatest value
   * @param reader the records, from where it stands; is read to its end
   * @param epsilon of the guarantee, above 0
   * @param delta of the guarantee, in (0, 1), well below one over the number of records
   * @return the table
   * @throws IllegalArgumentException for a schema without public domain or with fewer than two
   *     columns that vary, no records, records of another width, or a budget outside its range
   */
  public SyntheticTable fit(Schema schema, RecordReader reader, double epsilon, double delta) {
    Require.positive("epsilon", epsilon, 1);
    Require.between("delta", delta, 1, 0, 1);
    return fit(schema, reader, Zcdp.rhoFor(epsilon, delta), new SecureNoise());
  }

  /**
   * Makes a table within a budget of zero-concentrated privacy.
   *
   * @param schema as above
   * @param reader as above
   * @param rho budget, above 0; infinity draws no noise, for tests, and the ledger says that
   *     nothing is private
   * @param source of the noise; with one that is not secure the ledger says that nothing is private
   * @return the table
   * @throws IllegalArgumentException as above
   */
  public SyntheticTable fit(Schema schema, RecordReader reader, double rho, NoiseSource source) {
    Require.check(rho > 0, "rho", rho, "above 0");
    Column[] columns = columns(schema);
    List<int[]> pairs = pairs(columns);
    double[][] values = read(reader, columns);
    int records = values[0].length;
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.REPLACE_ONE);
    Budget budget = new Budget(rho, source, ledger);

    Column[] numeric = Arrays.stream(columns).filter(Column::binned).toArray(Column[]::new);
    double binShare = (double) numeric.length / (numeric.length + pairs.size());
    for (int c = 0; c < columns.length; c++) {
      if (columns[c].binned()) {
        PrivateBins bins = new PrivateBins(columns[c], intervals, granularity);
        DiscreteGaussianSampler noise = budget.spend(binShare / numeric.length, bins.levels() + 1);
        columns[c].edges(bins.edges(values[c], noise));
      }
    }

    int[][] cells = new int[columns.length][];
    for (int c = 0; c < columns.length; c++) {
      cells[c] = Arrays.stream(values[c]).mapToInt(columns[c]::cell).toArray();
    }
    int rows = syntheticRows == null ? records : syntheticRows;
    List<Workload> workloads = workloads(columns, pairs);
    for (Workload workload : workloads) {
      DiscreteGaussianSampler noise = budget.spend((1 - binShare) / workloads.size(), 1);
      workload.target(Noisy.shares(workload.measure(cells), records, noise), rows);
    }

    // From here on the records are not looked at any more.
    GeneticSearch search =
        new GeneticSearch(columns, workloads, rows, seed == null ? source.bits() : seed);
    long most = maxGenerations == null ? 200L * rows : maxGenerations;
    search.run(population, (int) Math.min(Integer.MAX_VALUE, most), earlyStopThreshold);
    List<List<Writable>> table = new ArrayList<>(rows);
    for (double[] row : search.rows()) {
      List<Writable> record = new ArrayList<>(row.length);
      for (int c = 0; c < row.length; c++) {
        record.add(columns[c].write(row[c]));
      }
      table.add(record);
    }
    return new SyntheticTable(schema, table, ledger, search.fitness());
  }

  private Column[] columns(Schema schema) {
    Set<String> complete = new HashSet<>(completeColumns);
    Column[] columns = new Column[schema.numColumns()];
    for (int c = 0; c < columns.length; c++) {
      columns[c] =
          new Column(schema.getMetaData(c), !complete.remove(schema.getName(c)), intervals);
    }
    if (!complete.isEmpty()) {
      throw new IllegalArgumentException(
          "completeColumns must be names of the schema, got " + complete);
    }
    return columns;
  }

  /** The pairs that get a marginal; known before the data is. */
  private List<int[]> pairs(Column[] columns) {
    List<int[]> pairs = new ArrayList<>();
    for (int i = 0; i < columns.length; i++) {
      for (int j = i + 1; j < columns.length; j++) {
        long first = columns[i].mostCells(intervals);
        long second = columns[j].mostCells(intervals);
        if (first * second > maxCells) {
          log.warn(
              "Columns {} and {} have {} cells together, more than maxCells: no marginal",
              columns[i].name(),
              columns[j].name(),
              first * second);
        } else if (first > 1 && second > 1) {
          pairs.add(new int[] {i, j});
        }
      }
    }
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException(
          "schema must have two columns of more than one value and of at most maxCells = "
              + maxCells
              + " cells together");
    }
    return pairs;
  }

  private static double[][] read(RecordReader reader, Column[] columns) {
    List<double[]> records = new ArrayList<>();
    while (reader.hasNext()) {
      List<Writable> record = reader.next();
      if (record.size() != columns.length) {
        throw new IllegalArgumentException(
            "records must have a value for each of the schema's " + columns.length + " columns");
      }
      double[] values = new double[columns.length];
      for (int c = 0; c < columns.length; c++) {
        values[c] = columns[c].read(record.get(c));
      }
      records.add(values);
    }
    if (records.isEmpty()) {
      throw new IllegalArgumentException("reader must have at least one record");
    }
    double[][] byColumn = new double[columns.length][records.size()];
    for (int i = 0; i < records.size(); i++) {
      for (int c = 0; c < columns.length; c++) {
        byColumn[c][i] = records.get(i)[c];
      }
    }
    return byColumn;
  }

  private List<Workload> workloads(Column[] columns, List<int[]> pairs) {
    List<Workload> workloads = new ArrayList<>();
    for (int[] pair : pairs) {
      Set<List<Integer>> seen = new HashSet<>();
      for (int level = 0; level < treeQueryDepth; level++) {
        int first = Workload.shift(columns[pair[0]], level);
        int second = Workload.shift(columns[pair[1]], level);
        if (seen.add(List.of(first, second))) {
          workloads.add(new Workload(columns, pair[0], first, pair[1], second));
        }
      }
    }
    return workloads;
  }

  /** Books shares of rho before their noise is drawn. */
  record Budget(double rho, NoiseSource source, PrivacyLedger ledger) {

    /** Of the variance: less is no noise on whole numbers either. */
    private static final double LEAST = 0x1p-40;

    /**
     * Noise for histograms that each record is in once, each moving two counts by one.
     *
     * @param share of rho for all of them together
     * @param histograms their number
     * @return null for no noise
     */
    DiscreteGaussianSampler spend(double share, int histograms) {
      Set<Neighbours> relations = EnumSet.of(Neighbours.REPLACE_ONE);
      double spent = rho * share;
      ledger.add(
          source.secure() && spent < Double.POSITIVE_INFINITY
              ? new PrivacyEvent.ZCdp(spent, relations)
              : new PrivacyEvent.Gaussian(0, relations),
          1);
      return spent == Double.POSITIVE_INFINITY
          ? null
          : DiscreteGaussianSampler.ofVariance(Math.max(LEAST, histograms / spent), source);
    }
  }
}

package org.dl4jplus.privacy.synthetic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Looks for rows with given two-way marginals: in every generation a number of small changes are
 * tried and the best is made if it is better than none. Sees released numbers only.
 */
final class GeneticSearch {

  private static final int QUANTILES = 32;

  private enum Strategy {
    MUTATE,
    CONTINUOUS,
    SWAP,
    CROSS
  }

  /** One value of one row; a candidate is a list of them, made one after the other. */
  private record Edit(int row, int column, double value) {}

  private final Column[] columns;
  private final List<Workload> workloads;
  private final List<List<Workload>> byColumn = new ArrayList<>();
  private final SplittableRandom random;
  private final int rows;

  /** By column, then by row. */
  private final double[][] values;

  private final int[][] cells;

  private final int[] numeric;
  private final int[] categorical;
  private final int[] cycle;
  private final double[][] quantiles;
  private int turn;
  private double fitness;
  private int generations;

  GeneticSearch(Column[] columns, List<Workload> workloads, int rows, long seed) {
    this.columns = columns;
    this.workloads = workloads;
    this.rows = rows;
    random = new SplittableRandom(seed);
    values = new double[columns.length][rows];
    cells = new int[columns.length][rows];
    for (int c = 0; c < columns.length; c++) {
      for (int i = 0; i < rows; i++) {
        values[c][i] = columns[c].random(random);
        cells[c][i] = columns[c].cell(values[c][i]);
      }
      int column = c;
      byColumn.add(
          workloads.stream().filter(w -> w.first() == column || w.second() == column).toList());
    }
    int[] measured =
        IntStream.range(0, columns.length).filter(c -> !byColumn.get(c).isEmpty()).toArray();
    numeric = Arrays.stream(measured).filter(c -> columns[c].binned()).toArray();
    categorical = Arrays.stream(measured).filter(c -> !columns[c].binned()).toArray();
    // A column comes up about as often as its number of cells has bits.
    cycle =
        Arrays.stream(measured)
            .flatMap(
                c ->
                    IntStream.generate(() -> c)
                        .limit(Integer.SIZE - Integer.numberOfLeadingZeros(columns[c].cells())))
            .toArray();
    quantiles = new double[columns.length][];
  }

  /**
   * Searches until a period of max(100, rows) generations brings less than a share of the fitness.
   *
   * @param population candidates of a generation
   * @param most generations at most
   * @param threshold the share
   */
  void run(int population, int most, double threshold) {
    List<Strategy> strategies = new ArrayList<>(List.of(Strategy.MUTATE));
    if (numeric.length > 0) {
      strategies.add(Strategy.CONTINUOUS);
    }
    if (rows > 1) {
      strategies.add(Strategy.SWAP);
      if (categorical.length > 0) {
        strategies.add(Strategy.CROSS);
      }
    }
    Bandit bandit = new Bandit(strategies.size(), random);
    int period = Math.max(100, rows);
    refresh();
    double before = fitness;
    for (generations = 0; generations < most && fitness > 0; generations++) {
      if (generations > 0 && generations % period == 0) {
        bandit.update();
        refresh();
        if (before - fitness < threshold * before) {
          break;
        }
        before = fitness;
      }
      int strategy = bandit.draw();
      double change = generation(strategies.get(strategy), population);
      fitness += change;
      bandit.reward(strategy, change < 0);
    }
    refresh();
  }

  /** Counts everything anew: sums of many changes collect rounding. */
  private void refresh() {
    fitness = 0;
    for (Workload workload : workloads) {
      workload.count(cells);
      fitness += workload.fitness();
    }
    for (int c : numeric) {
      double[] sorted = Arrays.stream(values[c]).filter(v -> !Double.isNaN(v)).sorted().toArray();
      quantiles[c] = new double[QUANTILES + 2];
      quantiles[c][0] = columns[c].low();
      quantiles[c][QUANTILES + 1] = columns[c].high();
      for (int i = 0; i < QUANTILES; i++) {
        quantiles[c][i + 1] =
            sorted.length == 0
                ? columns[c].low()
                : sorted[(int) ((long) i * (sorted.length - 1) / (QUANTILES - 1))];
      }
    }
  }

  /** Makes the best candidate if it is better, and returns what the fitness changes by. */
  private double generation(Strategy strategy, int population) {
    List<Edit> best = List.of();
    double change = 0;
    for (int k = 0; k < population; k++) {
      List<Edit> candidate = candidate(strategy);
      double c = attempt(candidate);
      if (c < change) {
        change = c;
        best = candidate;
      }
    }
    for (Edit edit : best) {
      make(edit.row(), edit.column(), edit.value());
    }
    return change;
  }

  /** What a candidate would change; undoes it. */
  private double attempt(List<Edit> candidate) {
    double change = 0;
    double[] old = new double[candidate.size()];
    for (int i = 0; i < old.length; i++) {
      Edit edit = candidate.get(i);
      old[i] = values[edit.column()][edit.row()];
      change += make(edit.row(), edit.column(), edit.value());
    }
    for (int i = old.length - 1; i >= 0; i--) {
      make(candidate.get(i).row(), candidate.get(i).column(), old[i]);
    }
    return change;
  }

  private double make(int row, int column, double value) {
    int from = cells[column][row];
    int to = columns[column].cell(value);
    values[column][row] = value;
    if (from == to) {
      return 0;
    }
    cells[column][row] = to;
    double change = 0;
    for (Workload workload : byColumn.get(column)) {
      int other = workload.first() == column ? workload.second() : workload.first();
      change += workload.move(column, from, to, cells[other][row]);
    }
    return change;
  }

  private List<Edit> candidate(Strategy strategy) {
    int row = random.nextInt(rows);
    switch (strategy) {
      case MUTATE -> {
        turn = (turn + 1) % cycle.length;
        int column = cycle[turn];
        return List.of(new Edit(row, column, columns[column].random(random)));
      }
      case CONTINUOUS -> {
        int column = numeric[random.nextInt(numeric.length)];
        int part = random.nextInt(QUANTILES + 1);
        double value =
            columns[column].random(quantiles[column][part], quantiles[column][part + 1], random);
        return List.of(new Edit(row, column, value));
      }
      case SWAP -> {
        int column = cycle[random.nextInt(cycle.length)];
        int other = random.nextInt(rows);
        return List.of(
            new Edit(row, column, values[column][other]),
            new Edit(other, column, values[column][row]));
      }
      default -> {
        int other = random.nextInt(rows);
        int one = categorical[random.nextInt(categorical.length)];
        int two = categorical[random.nextInt(categorical.length)];
        Edit edit = new Edit(row, one, values[one][other]);
        return random.nextBoolean() || one == two
            ? List.of(edit)
            : List.of(edit, new Edit(row, two, values[two][other]));
      }
    }
  }

  double fitness() {
    return fitness;
  }

  int generations() {
    return generations;
  }

  /** The rows. */
  double[][] rows() {
    double[][] result = new double[rows][columns.length];
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < columns.length; c++) {
        result[i][c] = values[c][i];
      }
    }
    return result;
  }

  /** Draws strategies more often that have helped: exponential weights with exploration. */
  private static final class Bandit {

    private static final double RATE = 0.1;
    private static final double EXPLORATION = 0.05;

    private final SplittableRandom random;
    private final double[] weights;
    private final double[] probabilities;
    private final double[] rewards;
    private int draws;

    Bandit(int arms, SplittableRandom random) {
      this.random = random;
      weights = new double[arms];
      probabilities = new double[arms];
      rewards = new double[arms];
      Arrays.fill(weights, 1);
      Arrays.fill(probabilities, 1.0 / arms);
    }

    int draw() {
      draws++;
      double u = random.nextDouble();
      int arm = 0;
      while (arm < weights.length - 1 && u >= probabilities[arm]) {
        u -= probabilities[arm++];
      }
      return arm;
    }

    void reward(int arm, boolean better) {
      rewards[arm] += better ? 1 : 0;
    }

    /** Raises each weight by the arm's rate of success, estimated without bias. */
    void update() {
      double largest = 0;
      for (int k = 0; k < weights.length; k++) {
        weights[k] *= Math.exp(RATE * rewards[k] / (probabilities[k] * draws));
        largest = Math.max(largest, weights[k]);
        rewards[k] = 0;
      }
      draws = 0;
      double sum = 0;
      for (int k = 0; k < weights.length; k++) {
        weights[k] /= largest;
        sum += weights[k];
      }
      for (int k = 0; k < weights.length; k++) {
        probabilities[k] = (1 - EXPLORATION) * weights[k] / sum + EXPLORATION / weights.length;
      }
    }
  }
}

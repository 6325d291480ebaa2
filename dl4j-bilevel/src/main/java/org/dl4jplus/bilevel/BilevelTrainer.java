package org.dl4jplus.bilevel;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Runs a {@link BilevelAlgorithm} on a {@link BilevelProblem}, step by step or many at once:
 *
 * <pre>{@code
 * BilevelTrainer trainer = new BilevelTrainer(problem, algorithm, x0, y0, 42);
 * trainer.addListener((t, k, report) -> log.info("{}: {}", k, report.upperLoss()));
 * trainer.fit(300);
 * INDArray hyperparameters = trainer.x();
 * }</pre>
 *
 * Batches are drawn from a stream that depends on the seed and the step alone. A saved run goes on
 * to the same bits. When a loss or gradient is not finite the run stops with a {@link
 * BilevelDivergedException}, its point that of the last finite step.
 */
public final class BilevelTrainer {

  private static final String FORMAT = "dl4jplus-bilevel-1";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final BilevelAlgorithm algorithm;
  private final BilevelState state;
  private final CheckedProblem problem;
  private final long seed;
  private final List<BilevelListener> listeners = new ArrayList<>();

  /**
   * Starts a run.
   *
   * @param problem what to solve; it hears of the start at once
   * @param algorithm how
   * @param x0 upper variable at the start, of length dimX; copied and projected
   * @param y0 lower variable at the start, of length dimY; copied and projected
   * @param seed of the choice of batches
   * @throws IllegalArgumentException for something that is null, or a variable of the wrong length
   *     or type, or not finite
   */
  public BilevelTrainer(
      BilevelProblem problem, BilevelAlgorithm algorithm, INDArray x0, INDArray y0, long seed) {
    this(problem, algorithm, start(problem, x0, y0), seed);
  }

  private BilevelTrainer(
      BilevelProblem problem, BilevelAlgorithm algorithm, BilevelState state, long seed) {
    this.algorithm = Require.given("algorithm", algorithm);
    this.state = state;
    this.seed = seed;
    this.problem = new CheckedProblem(problem, state);
    problem.accept(state.x(), state.y(), state.iteration());
  }

  private static BilevelState start(BilevelProblem problem, INDArray x0, INDArray y0) {
    Require.given("problem", problem);
    check("x0", x0, problem.dimX());
    check("y0", y0, problem.dimY());
    BilevelState state =
        new BilevelState(
            x0.castTo(problem.dataType()).reshape(new long[] {problem.dimX()}),
            y0.castTo(problem.dataType()).reshape(new long[] {problem.dimY()}));
    problem.projectX(state.x());
    problem.projectY(state.y());
    return state;
  }

  private static void check(String name, INDArray value, long length) {
    if (Require.given(name, value).length() != length) {
      throw new IllegalArgumentException(
          name + " has length " + value.length() + ", the problem's is " + length);
    }
    if (!Double.isFinite(value.sumNumber().doubleValue())) {
      throw new IllegalArgumentException(name + " is not finite");
    }
  }

  /**
   * Adds a listener.
   *
   * @param listener hears of every outer step from now on
   * @throws IllegalArgumentException for null
   */
  public void addListener(BilevelListener listener) {
    listeners.add(Require.given("listener", listener));
  }

  /**
   * Makes outer steps.
   *
   * @param outerSteps how many, at least 1
   * @throws IllegalArgumentException for fewer
   * @throws BilevelDivergedException where a loss or gradient is not finite
   */
  public void fit(int outerSteps) {
    if (outerSteps < 1) {
      throw new IllegalArgumentException("outerSteps must be at least 1, is " + outerSteps);
    }
    for (int i = 0; i < outerSteps; i++) {
      step();
    }
  }

  /**
   * Makes one outer step.
   *
   * @return what the algorithm reports
   * @throws BilevelDivergedException where a loss or gradient is not finite
   */
  public BilevelAlgorithm.Report step() {
    return step(new SeededBatches(problem, seed, state.iteration()));
  }

  /**
   * Makes one outer step on given batches.
   *
   * @param batches what the step draws from
   * @return what the algorithm reports
   * @throws IllegalArgumentException without batches
   * @throws BilevelDivergedException where a loss or gradient is not finite
   */
  public BilevelAlgorithm.Report step(Batches batches) {
    Require.given("batches", batches);
    BilevelState before = state.copy();
    BilevelAlgorithm.Report report;
    try {
      report = algorithm.step(new BilevelStep(problem, state, batches));
      if (!Double.isFinite(
          state.x().sumNumber().doubleValue() + state.y().sumNumber().doubleValue())) {
        throw new BilevelDivergedException(state.iteration(), "the new point");
      }
    } catch (RuntimeException e) {
      state.assign(before);
      problem.accept(state.x(), state.y(), state.iteration());
      throw e;
    }
    long iteration = state.iteration();
    state.next();
    problem.accept(state.x(), state.y(), state.iteration());
    listeners.forEach(listener -> listener.onOuterStep(this, iteration, report));
    return report;
  }

  /**
   * The upper variable.
   *
   * @return a copy, of shape [dimX]
   */
  public INDArray x() {
    return state.x().dup();
  }

  /**
   * The lower variable.
   *
   * @return a copy, of shape [dimY]
   */
  public INDArray y() {
    return state.y().dup();
  }

  /**
   * Where the run stands.
   *
   * @return the live state
   */
  public BilevelState state() {
    return state;
  }

  /**
   * The method.
   *
   * @return the configuration
   */
  public BilevelAlgorithm algorithm() {
    return algorithm;
  }

  /**
   * What this trainer has asked of the problem; a resumed run counts from 0.
   *
   * @return the counts
   */
  public GradientCalls calls() {
    return problem.calls();
  }

  /**
   * Writes the run: algorithm, seed, point and memory, under a temporary name that is renamed at
   * the end.
   *
   * @param file to be written or replaced
   * @throws IllegalArgumentException for null
   * @throws UncheckedIOException where that fails
   */
  public void save(File file) {
    AtomicFile.write(
        Require.given("file", file),
        stream -> {
          DataOutputStream out = new DataOutputStream(stream);
          out.writeUTF(FORMAT);
          out.writeUTF(JSON.writerFor(BilevelAlgorithm.class).writeValueAsString(algorithm));
          out.writeLong(seed);
          state.write(out);
          out.flush();
        });
  }

  /**
   * Goes on with a saved run.
   *
   * @param problem the problem that was being solved
   * @param file as {@link #save} wrote it
   * @return a trainer that makes the steps that the saved one would have made
   * @throws UncheckedIOException where the file cannot be read
   * @throws IllegalArgumentException for null, or where the file is another one, or of a problem of
   *     another size or type
   */
  public static BilevelTrainer resume(BilevelProblem problem, File file) {
    Require.given("problem", problem);
    Require.given("file", file);
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(new FileInputStream(file)))) {
      if (!FORMAT.equals(in.readUTF())) {
        throw new IllegalArgumentException(file + " is not a saved bilevel run");
      }
      BilevelAlgorithm algorithm = JSON.readValue(in.readUTF(), BilevelAlgorithm.class);
      long seed = in.readLong();
      BilevelState state = BilevelState.read(in);
      check("The saved x", state.x(), problem.dimX());
      check("The saved y", state.y(), problem.dimY());
      if (state.y().dataType() != problem.dataType()) {
        throw new IllegalArgumentException(
            "The saved run is in "
                + state.y().dataType()
                + ", the problem in "
                + problem.dataType());
      }
      return new BilevelTrainer(problem, algorithm, state, seed);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + " holds an algorithm that cannot be read", e);
    } catch (IOException e) {
      throw new UncheckedIOException("The run could not be read from " + file, e);
    }
  }

  /** A batch depends on the seed, the step and how many were drawn in it. */
  private static final class SeededBatches implements Batches {

    private final BilevelProblem problem;
    private final long seed;
    private final long iteration;
    private final long[] drawn = new long[2];

    SeededBatches(BilevelProblem problem, long seed, long iteration) {
      this.problem = problem;
      this.seed = seed;
      this.iteration = iteration;
    }

    @Override
    public int upper(String use) {
      return draw(0, problem.upperBatches());
    }

    @Override
    public int lower(String use) {
      return draw(1, problem.lowerBatches());
    }

    private int draw(int level, int count) {
      long number = CounterNoise.deriveSeed(seed, iteration, level, drawn[level]++);
      return count == 1 ? BilevelProblem.ALL : (int) Long.remainderUnsigned(number, count);
    }
  }
}

package org.dl4jplus.integration.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dl4jplus.optim.first.binding.Binder;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.Regularization.ApplyStep;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A step of an updater on one block of {@code float} parameters, with what {@code Optim.bind} puts
 * around it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class UpdaterBenchmark {

  private static final long SEED = 7;

  /** Name of the updater. */
  @Param(Candidates.BASELINE)
  public String updater;

  /** Number of parameters. */
  @Param("10000")
  public int size;

  private INDArray parameters;
  private Refill gradient;
  private GradientUpdater<?> subject;
  private List<Regularization> before;
  private List<Regularization> after;
  private double rate;
  private int iteration;

  /** Makes the arrays and the updater. */
  @Setup
  public void create() {
    Nd4j.getRandom().setSeed(SEED);
    parameters = Nd4j.randn(DataType.FLOAT, size);
    gradient = new Refill(Nd4j.randn(DataType.FLOAT, size));
    IUpdater configuration = Candidates.named(updater);
    if (configuration instanceof AbstractUpdater own && own.needsBinding()) {
      VariableShape shape = VariableShape.of("parameters", new long[] {size}, 'c', Kind.VECTOR);
      configuration = Binder.bind(own, "benchmark", List.of(List.of(shape)));
    }
    List<Regularization> steps = Binder.withSteps(List.of(), configuration, Kind.WEIGHT);
    before = steps.stream().filter(s -> s.applyStep() == ApplyStep.BEFORE_UPDATER).toList();
    after = steps.stream().filter(s -> s.applyStep() == ApplyStep.POST_UPDATER).toList();
    rate = configuration.hasLearningRate() ? configuration.getLearningRate(0, 0) : 1;
    long stateSize = configuration.stateSize(size);
    subject =
        configuration.instantiate(
            stateSize == 0 ? null : Nd4j.create(DataType.FLOAT, stateSize), true);
  }

  /** Gives back the gradient that the last step has overwritten. */
  @Setup(Level.Invocation)
  public void refill() {
    gradient.run();
  }

  /**
   * Takes a step.
   *
   * @return the update
   */
  @Benchmark
  public INDArray step() {
    INDArray g = gradient.target();
    for (Regularization step : before) {
      step.apply(parameters, g, rate, iteration, 0);
    }
    subject.applyUpdater(g, iteration, 0);
    for (Regularization step : after) {
      step.apply(parameters, g, rate, iteration, 0);
    }
    iteration++;
    return g;
  }
}

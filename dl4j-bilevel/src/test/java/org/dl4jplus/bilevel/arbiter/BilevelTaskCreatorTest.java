package org.dl4jplus.bilevel.arbiter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.List;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.saving.InMemoryResultSaver;
import org.deeplearning4j.arbiter.optimize.api.saving.ResultSaver;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.BaseStatusListener;
import org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener;
import org.deeplearning4j.arbiter.optimize.serde.jackson.JsonMapper;
import org.deeplearning4j.arbiter.saver.local.FileModelSaver;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.bilevel.BilevelStep;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.bilevel.search.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonProperty;

@Timeout(60)
class BilevelTaskCreatorTest {

  /** Training loss with a decay of exp(x). */
  private static final class Decay extends NetworkProblem {
    Decay(Model network, List<MultiDataSet> training, List<MultiDataSet> validation) {
      super(network, training, validation, 5);
    }

    @Override
    public long dimX() {
      return 1;
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double decay = Math.exp(x.getDouble(0));
      double penalty = decay / 2 * y.mul(y).sumNumber().doubleValue();
      if (gradientX != null) {
        gradientX.assign(penalty);
      }
      double loss = trainingLoss(y, batch, null, null, gradientY);
      if (gradientY != null) {
        gradientY.addi(y.mul(decay));
      }
      return loss + penalty;
    }
  }

  /** Gradient steps on y, then one on x by the curvature-free approximation. */
  record Alternating(@JsonProperty("innerSteps") int innerSteps, @JsonProperty("rate") double rate)
      implements BilevelAlgorithm {

    @Override
    public Report step(BilevelStep step) {
      INDArray y = step.state().y();
      INDArray x = step.state().x();
      INDArray gradient = y.ulike();
      for (int i = 0; i < innerSteps; i++) {
        step.problem().lower(x, y, step.batches().lower("y"), null, gradient);
        y.subi(gradient.muli(rate));
      }
      double loss = step.problem().upper(x, y, BilevelProblem.ALL, null, gradient);
      INDArray mixed = x.ulike();
      step.problem().lowerMixedProduct(x, y, BilevelProblem.ALL, gradient, mixed);
      x.addi(mixed);
      return new Report(loss, mixed.norm2Number().doubleValue());
    }
  }

  /** Validates and tests on one object. */
  public static final class Careless implements BilevelDataSource {
    private static final long serialVersionUID = 1L;
    private final transient DataSetIterator one = new Blobs().testData();

    @Override
    public void configure(java.util.Properties properties) {}

    @Override
    public Object trainData() {
      return new Blobs().trainData();
    }

    @Override
    public Object validationData() {
      return one;
    }

    @Override
    public Object testData() {
      return one;
    }

    @Override
    public Class<?> getDataType() {
      return DataSetIterator.class;
    }
  }

  private static BilevelSpace space(ParameterSpace<Double> rate) {
    MultiLayerSpace network = Blobs.space(UpdaterSpaces.sgd(new FixedValue<>(0.1))).build();
    return new BilevelSpace(
        network,
        AlgorithmSpace.of(new Alternating(1, 0.1))
            .with("innerSteps", new IntegerParameterSpace(1, 3))
            .with("rate", rate),
        new FixedValue<>(4));
  }

  private static LocalOptimizationRunner run(
      FeedbackGenerator generator,
      Class<? extends BilevelDataSource> source,
      ResultSaver saver,
      StatusListener... listeners) {
    OptimizationConfiguration configuration =
        new OptimizationConfiguration.Builder()
            .candidateGenerator(generator)
            .dataSource(source, null)
            .modelSaver(saver)
            .scoreFunction(new TestSetLossScoreFunction())
            .rngSeed(3)
            .terminationConditions(new GeneratorExhaustedCondition())
            .build();
    LocalOptimizationRunner runner =
        new PromptRunner(
            configuration,
            new BilevelTaskCreator(
                (candidate, network, training, validation) -> {
                  Decay problem = new Decay(network, training, validation);
                  return new BilevelTrainer(
                      problem,
                      candidate.algorithm(),
                      Nd4j.scalar(-3.0f).reshape(1),
                      problem.start(),
                      42);
                }));
    runner.addListeners(listeners);
    runner.execute();
    return runner;
  }

  private static FeedbackGenerator search(ParameterSpace<Double> rate, int max) {
    return new PieceSearch(space(rate), true, max, null);
  }

  @Test
  void bilevelRunsAreCandidates(@TempDir File directory) throws Exception {
    FeedbackGenerator generator = search(new ContinuousParameterSpace(0.01, 0.3), 3);
    LocalOptimizationRunner runner = run(generator, Blobs.class, new InMemoryResultSaver());
    assertEquals(3, generator.complete().size(), () -> generator.trials().get(0).getFailure());
    for (Trial trial : generator.complete()) {
      BilevelConfiguration candidate =
          (BilevelConfiguration) generator.getParameterSpace().getValue(trial.getPoint());
      int inner = ((Alternating) candidate.algorithm()).innerSteps();
      // In an outer step the inner gradients, an upper one and two for the mixed product.
      assertEquals(4 * (inner + 1 + 2), trial.getMetrics().getCostUpdates());
      assertEquals(4, trial.getMetrics().getCurve().length);
      MultiLayerNetwork network =
          (MultiLayerNetwork) runner.getResults().get(trial.getIndex()).getResultModel();
      assertEquals(
          new TestSetLossScoreFunction().score(network, new Blobs().testData()),
          trial.getScore(),
          1e-9);
    }
    FeedbackGenerator filed = search(new ContinuousParameterSpace(0.01, 0.3), 1);
    LocalOptimizationRunner files = run(filed, Blobs.class, new FileModelSaver(directory));
    assertEquals(1, filed.complete().size(), () -> filed.trials().get(0).getFailure());
    assertEquals(
        ((MultiLayerNetwork) runner.getResults().get(0).getResultModel()).params(),
        ((MultiLayerNetwork) files.getResults().get(0).getResultModel()).params());
  }

  @Test
  void aListenerThatThrowsFailsNoCandidate() {
    FeedbackGenerator generator = search(new ContinuousParameterSpace(0.01, 0.3), 1);
    int[] heard = new int[1];
    run(
        generator,
        Blobs.class,
        null,
        new TaskCreatorTest.Broken(),
        new BaseStatusListener() {
          @Override
          public void onCandidateIteration(CandidateInfo info, Object candidate, int iteration) {
            heard[0]++;
          }
        });
    Trial trial = generator.trials().get(0);
    assertEquals(Trial.Status.COMPLETE, trial.getStatus(), trial.getFailure());
    assertEquals(4, heard[0]);
  }

  @Test
  void whatCannotBeRunFailsWithAReason() {
    FeedbackGenerator diverging = search(new ContinuousParameterSpace(1e30, 2e30), 1);
    run(diverging, Blobs.class, null);
    assertTrue(diverging.trials().get(0).getFailure().contains("BilevelDivergedException"));
    FeedbackGenerator careless = search(new ContinuousParameterSpace(0.01, 0.3), 1);
    run(careless, Careless.class, null);
    assertTrue(careless.trials().get(0).getFailure().contains("same object"));
    assertThrows(IllegalArgumentException.class, () -> new BilevelTaskCreator(null));
    FeedbackGenerator without = search(new ContinuousParameterSpace(0.01, 0.3), 1);
    OptimizationConfiguration configuration =
        new OptimizationConfiguration.Builder()
            .candidateGenerator(without)
            .dataSource(Blobs.class, null)
            .scoreFunction(new TestSetLossScoreFunction())
            .terminationConditions(new GeneratorExhaustedCondition())
            .build();
    new PromptRunner(configuration, new BilevelTaskCreator((c, n, t, v) -> null)).execute();
    assertTrue(without.trials().get(0).getFailure().contains("factory's trainer must be given"));
    assertThrows(IllegalArgumentException.class, () -> new BilevelSpace(null, null, null));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            AlgorithmSpace.of(new Alternating(1, 0.1))
                .with("outer", new ContinuousParameterSpace(0, 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new BilevelConfiguration(null, new Alternating(1, 0.1), 0));
  }

  @Test
  void theSpaceGoesThroughJson() throws Exception {
    FeedbackGenerator generator = search(new ContinuousParameterSpace(0.01, 0.3), 3);
    PieceSearch copy =
        JsonMapper.getMapper()
            .readValue(JsonMapper.getMapper().writeValueAsString(generator), PieceSearch.class);
    double[] point = {0.9, 0.5};
    BilevelConfiguration one = (BilevelConfiguration) generator.getParameterSpace().getValue(point);
    BilevelConfiguration two = (BilevelConfiguration) copy.getParameterSpace().getValue(point);
    assertEquals(one.algorithm(), two.algorithm());
    assertEquals(3, ((Alternating) one.algorithm()).innerSteps());
    assertEquals(one.network(), two.network());
    assertEquals(
        List.of("algorithm.innerSteps", "algorithm.rate"),
        copy.space().dimensions().stream().map(d -> d.name()).toList());
  }
}

package org.dl4jplus.bilevel;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.arbiter.BilevelConfiguration;
import org.dl4jplus.bilevel.arbiter.ChoiceSpace;
import org.dl4jplus.bilevel.arbiter.SearchCheckpointListener;
import org.dl4jplus.bilevel.arbiter.SearchReport;
import org.dl4jplus.bilevel.arbiter.UpdaterSpace;
import org.dl4jplus.bilevel.arbiter.UpdaterSpaces;
import org.dl4jplus.bilevel.implicit.Conditions;
import org.dl4jplus.bilevel.implicit.ImplicitDiff;
import org.dl4jplus.bilevel.implicit.Proxes;
import org.dl4jplus.bilevel.implicit.Residual;
import org.dl4jplus.bilevel.implicit.SameDiffResidual;
import org.dl4jplus.bilevel.linear.ConjugateGradient;
import org.dl4jplus.bilevel.linear.LinearOperator;
import org.dl4jplus.bilevel.problem.AffineConstraints;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.dl4jplus.bilevel.problem.ProjectedProblem;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.SobolGenerator;
import org.dl4jplus.bilevel.search.SpaceModel;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.Kernel;
import org.dl4jplus.bilevel.search.gp.StationaryKernel;
import org.dl4jplus.bilevel.search.pareto.Hypervolume;
import org.dl4jplus.bilevel.search.pareto.ParetoFronts;
import org.dl4jplus.bilevel.selftuning.SelfTuned;
import org.dl4jplus.bilevel.selftuning.SelfTuningTrainer;
import org.dl4jplus.bilevel.task.DataHyperCleaning;
import org.dl4jplus.bilevel.task.LearnedL2;
import org.dl4jplus.bilevel.task.PerParameterDecay;
import org.dl4jplus.bilevel.task.SourceWeightedIterator;
import org.dl4jplus.bilevel.task.SourceWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What a user may forget is called by its name. */
class MissingArgumentsTest {

  private final List<String> wrong = new ArrayList<>();

  private void refused(String name, Executable call) {
    IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, call, name);
    if (!refused.getMessage().contains(name)) {
      wrong.add(name + " is not in: " + refused.getMessage());
    }
  }

  @Test
  void ofBilevelRuns() {
    BilevelProblem problem = new SmallQuadratic(1, 2, 3);
    BilevelAlgorithm algorithm = F2sa.builder().build();
    INDArray x = Nd4j.zeros(2);
    INDArray y = Nd4j.zeros(3);
    refused("problem", () -> new BilevelTrainer(null, algorithm, x, y, 1));
    refused("algorithm", () -> new BilevelTrainer(problem, null, x, y, 1));
    refused("x0", () -> new BilevelTrainer(problem, algorithm, null, y, 1));
    refused("y0", () -> new BilevelTrainer(problem, algorithm, x, null, 1));
    BilevelTrainer trainer = new BilevelTrainer(problem, algorithm, x, y, 1);
    refused("listener", () -> trainer.addListener(null));
    refused("batches", () -> trainer.step(null));
    refused("file", () -> trainer.save(null));
    refused("problem", () -> BilevelTrainer.resume(null, new File("run")));
    refused("file", () -> BilevelTrainer.resume(problem, null));
    refused("x", () -> new BilevelState(null, y));
    refused("y", () -> new BilevelState(x, null));
    refused("inner", () -> new ProjectedProblem(null, null, null));
    refused("inverse", () -> Hypergradient.of(problem, x, y, 0, 0, null, null));
    refused("algorithm", () -> new BilevelConfiguration(new NeuralNetConfiguration(), null, 1));
    refused("network", () -> new BilevelConfiguration(null, algorithm, 1));
    double[][] rows = {{1, 2}};
    double[] c = {1};
    refused("a must", () -> new AffineConstraints(null, rows, c, true));
    refused("b must", () -> new AffineConstraints(rows, null, c, true));
    refused("c must", () -> new AffineConstraints(rows, rows, null, true));
    assertTrue(wrong.isEmpty(), wrong::toString);
  }

  @Test
  void ofNetworks() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .updater(new Sgd(0.1))
                .list()
                .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
    network.init();
    List<MultiDataSet> data =
        List.of(new DataSet(Nd4j.ones(1, 2), Nd4j.ones(1, 2)).toMultiDataSet());
    refused("network", () -> new DataHyperCleaning(null, data, data, 0, 1));
    refused("lowerData", () -> new DataHyperCleaning(network, null, data, 0, 1));
    refused("upperData", () -> new DataHyperCleaning(network, data, null, 0, 1));
    refused("iterator", () -> NetworkProblem.batches(null));
    refused("inner", () -> new SourceWeightedIterator(null, network, 1));
    refused("logits", () -> new SourceWeights(null, new int[0]));
    refused("sources", () -> new SourceWeights(new double[1], null));
    refused("offsets", () -> new LearnedL2(null, new double[0][]));
    refused("logDecays", () -> new LearnedL2(new long[0], null));
    PerParameterDecay decay =
        PerParameterDecay.builder()
            .network(network)
            .trainingData(data)
            .validationData(data)
            .build();
    refused("other", () -> decay.regularize(null, decay.logDecays(-3)));
    refused("x must", () -> decay.regularize(network.clone(), null));
    refused(
        "network",
        () ->
            SelfTuningTrainer.builder()
                .hyperparameters(List.of(SelfTuned.dropout("d", 0.1)))
                .build());
    assertTrue(wrong.isEmpty(), wrong::toString);
  }

  @Test
  void ofImplicitDerivatives() {
    Residual residual =
        new SameDiffResidual(
            DataType.DOUBLE, new long[] {1}, new long[] {1}, (sd, z, theta) -> z.sub(theta));
    refused("residual", () -> ImplicitDiff.root(null));
    refused("map", () -> ImplicitDiff.fixedPoint(null));
    refused("solver", () -> ImplicitDiff.root(residual).with(null));
    refused("gradient", () -> Conditions.stationary(null));
    refused("gradient", () -> Conditions.proximalGradient(null, Proxes.softThreshold(), 1, 0, 1));
    refused("prox", () -> Conditions.proximalGradient(residual, null, 1, 0, 1));
    refused("gradient", () -> Conditions.blockProximal(null, List.of(), 0));
    refused("blocks", () -> Conditions.blockProximal(residual, null, 0));
    refused("prox", () -> new Conditions.Block(1, null, 0, 1));
    refused("sizes", () -> Proxes.groupLasso((int[]) null));
    long[] shape = {1};
    refused("type", () -> new SameDiffResidual(null, shape, shape, (sd, z, t) -> z));
    refused("zShape", () -> new SameDiffResidual(DataType.FLOAT, null, shape, (sd, z, t) -> z));
    refused("thetaShape", () -> new SameDiffResidual(DataType.FLOAT, shape, null, (sd, z, t) -> z));
    refused("graph", () -> new SameDiffResidual(DataType.FLOAT, shape, shape, null));
    refused("rows", () -> LinearOperator.of(null));
    refused("product", () -> LinearOperator.symmetric(1, null));
    refused("a must", () -> new ConjugateGradient().solve(null, new double[1]));
    refused(
        "b must",
        () -> new ConjugateGradient().solve(LinearOperator.of(new double[][] {{1}}), null));
    assertTrue(wrong.isEmpty(), wrong::toString);
  }

  @Test
  void ofSearches() {
    FeedbackGenerator search =
        SobolGenerator.builder()
            .parameterSpace(new ContinuousParameterSpace(0, 1))
            .minimize(true)
            .build();
    refused("configuration", () -> FeedbackGenerator.check(null));
    refused("file", () -> SearchCheckpointListener.resume(null));
    refused("file", () -> SearchReport.write(null, "title", search));
    refused("title", () -> SearchReport.html(null, search));
    refused("search", () -> SearchReport.html("title", null));
    refused("options", () -> new ChoiceSpace<>(null));
    refused("spaces", () -> UpdaterSpaces.oneOf((UpdaterSpace[]) null));
    refused("factor", () -> UpdaterSpaces.scaled(null, new Sgd()));
    refused(
        "prototypes", () -> UpdaterSpaces.scaled(new ContinuousParameterSpace(0, 1), (Sgd[]) null));
    refused("space", () -> new SpaceModel(null));
    refused("data", () -> TrainingPart.of(null));
    Kernel kernel = StationaryKernel.of(StationaryKernel.Form.RBF, 1, 1);
    double[][] points = {{0}};
    double[] values = {0};
    refused("form", () -> StationaryKernel.of(null, 1, 1));
    refused(
        "lengthScales", () -> StationaryKernel.of(StationaryKernel.Form.RBF, 1, (double[]) null));
    refused("kernel", () -> GaussianProcess.of(null, 1, points, values));
    refused("x must", () -> GaussianProcess.of(kernel, 1, null, values));
    refused("y must", () -> GaussianProcess.of(kernel, 1, points, null));
    refused("points", () -> ParetoFronts.ranks(null));
    refused("points", () -> Hypervolume.of(null, values));
    refused("reference", () -> Hypervolume.of(points, null));
    refused("options", () -> new ChoiceSpace<>(Map.of()));
    assertTrue(wrong.isEmpty(), wrong::toString);
  }
}

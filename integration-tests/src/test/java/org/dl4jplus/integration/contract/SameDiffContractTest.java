package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.dl4jplus.integration.contract.Limits.Contract;
import org.dl4jplus.optim.first.Optim;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** The updater in a SameDiff graph of two dense layers. */
class SameDiffContractTest {

  private static final List<String> VARIABLES = List.of("w0", "b0", "w1", "b1");
  private static final List<DataType> TYPES = List.of(DataType.FLOAT, DataType.DOUBLE);

  @TempDir Path directory;

  private static SameDiff graph(Case c, DataType type) {
    SameDiff sd = SameDiff.create();
    Nd4j.getRandom().setSeed(11);
    SDVariable x = sd.placeHolder("x", type, -1, 4);
    SDVariable labels = sd.placeHolder("labels", type, -1, 3);
    SDVariable hidden =
        sd.math.tanh(x.mmul(variable(sd, c, "w0", type, 4, 5)).add(variable(sd, c, "b0", type, 5)));
    SDVariable logits =
        hidden
            .mmul(variable(sd, c, "w1", type, 5, 3))
            .add("logits", variable(sd, c, "b1", type, 3));
    sd.loss.softmaxCrossEntropy("loss", labels, logits, null);
    sd.setLossVariables("loss");
    Console.quietly(sd::createGradFunction);
    return sd;
  }

  private static SDVariable variable(
      SameDiff sd, Case c, String name, DataType type, long... shape) {
    INDArray start = Nd4j.randn(type, shape).muli(0.5);
    if (Variants.ON_SIMPLEX.contains(c.prototype().getClass().getSimpleName())) {
      INDArray rows = start.dup('f');
      Numbers.toProbabilities(rows);
      start.assign(rows);
    }
    return sd.var(name, start);
  }

  private static TrainingConfig training(Case c) {
    return TrainingConfig.builder()
        .updater(c.updater())
        .dataSetFeatureMapping("x")
        .dataSetLabelMapping("labels")
        .build();
  }

  private static SameDiff bound(Case c, DataType type) {
    SameDiff sd = graph(c, type);
    sd.setTrainingConfig(Optim.bind(sd, training(c)));
    return sd;
  }

  private static void fit(SameDiff sd, DataType type, int seed) {
    sd.fit(Topology.DENSE.data(type, seed));
  }

  private static double loss(SameDiff sd, DataType type) {
    DataSet data = Topology.DENSE.data(type, 0);
    return sd.outputSingle(Map.of("x", data.getFeatures(), "labels", data.getLabels()), "loss")
        .getDouble(0);
  }

  private static double[] parameters(SameDiff sd) {
    return VARIABLES.stream()
        .map(name -> Numbers.of(sd.getVariable(name).getArr()))
        .flatMapToDouble(DoubleStream::of)
        .toArray();
  }

  @EveryUpdater
  void trains(Case c) {
    for (DataType type : TYPES) {
      String in = c.in("trains in SameDiff, " + type);
      SameDiff sd = bound(c, type);
      double[] start = parameters(sd);
      double first = loss(sd, type);
      for (int i = 0; i < 15; i++) {
        fit(sd, type, 0);
      }
      double last = loss(sd, type);
      assertTrue(Double.isFinite(last), in + "loss " + last);
      Numbers.assertFinite(parameters(sd), in);
      assertFalse(Numbers.same(start, parameters(sd)), in + "no parameter moved");
      if (type == DataType.DOUBLE && !c.exempt(Contract.LOSS_FALLS)) {
        assertTrue(last < first, in + "loss was " + first + " and is " + last);
      }
    }
  }

  @EveryUpdater
  void goesOn(Case c) {
    for (DataType type : TYPES) {
      String in = c.in("save, load, go on in SameDiff, " + type);
      SameDiff sd = bound(c, type);
      for (int i = 0; i < 3; i++) {
        fit(sd, type, i);
      }
      File file = directory.resolve(type + ".fb").toFile();
      sd.save(file, true);
      SameDiff loaded = SameDiff.load(file, true);
      Console.quietly(loaded::createGradFunction);
      Numbers.assertSameBits(parameters(sd), parameters(loaded), in + "parameters as loaded");
      for (int i = 3; i < 6; i++) {
        fit(sd, type, i);
        fit(loaded, type, i);
      }
      Numbers.assertSameBits(parameters(sd), parameters(loaded), in + "parameters");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#bound")
  void unboundFailsWithAdvice(Case c) {
    SameDiff sd = graph(c, DataType.FLOAT);
    sd.setTrainingConfig(training(c));
    Throwable failure =
        assertThrows(
            Exception.class, () -> fit(sd, DataType.FLOAT, 0), c.in("unbound in SameDiff"));
    String messages =
        Stream.iterate(failure, t -> t != null, Throwable::getCause).toList().toString();
    assertTrue(messages.contains("Optim.bind"), c.in("unbound in SameDiff") + messages);
  }
}

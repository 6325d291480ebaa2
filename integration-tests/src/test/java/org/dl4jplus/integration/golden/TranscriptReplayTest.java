package org.dl4jplus.integration.golden;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Transcripts again, with the network itself in the place of the recorded gradients. */
class TranscriptReplayTest {

  private static final String[] VARIABLES = {"0_W", "0_b", "1_W", "1_b"};

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sam_default",
        "look_sam",
        "friendly_sam",
        "fsam_half",
        "gam_default",
        "fad_default"
      })
  void aNetworkTakesTheRecordedSteps(String name) throws URISyntaxException {
    GoldenFile file =
        GoldenFile.read(
            Path.of(
                TranscriptReplayTest.class
                    .getResource("/golden/optim-first-training/" + name + ".json")
                    .toURI()));
    MultiLayerNetwork network = network(file);
    network.addListeners(TranscriptAdapter.method(file.config()));
    DataSet data = data(file.json().get("problem"));
    Deviation deviation = new Deviation();
    for (JsonNode step : file.json().get("steps")) {
      network.fit(data);
      deviation.compare(
          "paramsAfter", GoldenFile.numbers(step.get("paramsAfter")), parameters(network));
    }
    assertTrue(deviation.worst() <= file.tolerance(), deviation::toString);
  }

  private static MultiLayerNetwork network(GoldenFile file) {
    int[] sizes = new int[3];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = file.json().get("problem").get("layers").get(i).asInt();
    }
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(file.json().get("baseUpdater").get("learningRate").asDouble()))
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(sizes[0])
                        .nOut(sizes[1])
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(sizes[1])
                        .nOut(sizes[2])
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    INDArray flat = Nd4j.createFromArray(file.numbers("params"));
    long at = 0;
    for (String variable : VARIABLES) {
      INDArray view = network.getParam(variable);
      // A file lists rows first; the network's memory does not.
      view.assign(
          flat.get(NDArrayIndex.interval(at, at + view.length())).reshape('c', view.shape()));
      at += view.length();
    }
    return network;
  }

  private static double[] parameters(MultiLayerNetwork network) {
    INDArray[] rows = new INDArray[VARIABLES.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Nd4j.toFlattened('c', network.getParam(VARIABLES[i])).reshape(-1);
    }
    return Nd4j.concat(0, rows).toDoubleVector();
  }

  private static DataSet data(JsonNode problem) {
    int examples = problem.get("xShape").get(0).asInt();
    INDArray x =
        Nd4j.createFromArray(GoldenFile.numbers(problem.get("X"))).reshape('c', examples, -1);
    INDArray y = Nd4j.zeros(DataType.DOUBLE, examples, problem.get("layers").get(2).asInt());
    for (int i = 0; i < examples; i++) {
      y.putScalar(i, problem.get("labels").get(i).asInt(), 1);
    }
    return new DataSet(x, y);
  }
}

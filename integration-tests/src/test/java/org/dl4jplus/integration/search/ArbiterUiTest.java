package org.dl4jplus.integration.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.deeplearning4j.arbiter.ui.listener.ArbiterStatusListener;
import org.deeplearning4j.core.storage.StatsStorage;
import org.deeplearning4j.ui.api.UIServer;
import org.deeplearning4j.ui.model.storage.InMemoryStatsStorage;
import org.dl4jplus.bilevel.arbiter.NetworkTaskCreator;
import org.dl4jplus.bilevel.arbiter.UpdaterSpaces;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.bilevel.search.SobolGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Arbiter's own page shows the project's searches. */
@Timeout(120)
class ArbiterUiTest {

  private static final int CANDIDATES = 3;

  private final HttpClient client =
      HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();

  private String get(int port, String path) throws Exception {
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString());
    assertEquals(200, response.statusCode(), path);
    return response.body();
  }

  /** Whatever is set, the server takes this port. */
  private static boolean free() {
    try (ServerSocket socket = new ServerSocket(9000)) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void itsRowsAreTheCandidates() throws Exception {
    assumeTrue(free(), "Another process has the page's port");
    MultiLayerSpace space =
        new MultiLayerSpace.Builder()
            .seed(1)
            .updater(UpdaterSpaces.adam(new ContinuousParameterSpace(0.001, 0.1)))
            .addLayer(
                new OutputLayerSpace.Builder()
                    .nIn(64)
                    .nOut(10)
                    .activation(Activation.SOFTMAX)
                    .lossFunction(LossFunction.MCXENT)
                    .build())
            .numEpochs(1)
            .build();
    SobolGenerator generator =
        SobolGenerator.builder()
            .parameterSpace(space)
            .minimize(true)
            .maxCandidates(CANDIDATES)
            .build();
    LocalOptimizationRunner runner =
        new LocalOptimizationRunner(
            new OptimizationConfiguration.Builder()
                .candidateGenerator(generator)
                .dataSource(DigitsSource.class, null)
                .scoreFunction(new TestSetLossScoreFunction())
                .terminationConditions(new GeneratorExhaustedCondition())
                .build(),
            new NetworkTaskCreator());
    StatsStorage storage = new InMemoryStatsStorage();
    runner.addListeners(new ArbiterStatusListener(storage));
    UIServer server = UIServer.getInstance();
    try {
      server.attach(storage);
      runner.execute();
      int port = server.getPort();
      assertTrue(get(port, "/arbiter").contains("Arbiter"));
      JsonNode rows = new ObjectMapper().readTree(get(port, "/arbiter/results"));
      assertEquals(CANDIDATES, rows.size(), rows.toString());
      for (JsonNode row : rows) {
        assertEquals("Complete", row.get(2).asText(), rows.toString());
      }
      // A candidate's own panel, with the curve of its scores.
      assertTrue(get(port, "/arbiter/candidateInfo/0").contains("Score"), "candidate 0");
    } finally {
      server.stop();
    }
  }
}

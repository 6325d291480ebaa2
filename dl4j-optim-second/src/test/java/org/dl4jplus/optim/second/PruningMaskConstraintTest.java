package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PruningMaskConstraintTest {

  private static final INDArray MASK =
      Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}, {1, 1}});

  private static MultiLayerNetwork network(LayerConstraint constraint) {
    OutputLayer layer = new OutputLayer.Builder().nIn(3).nOut(2).build();
    layer.setConstraints(List.of(constraint));
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder().dataType(DataType.DOUBLE).list().layer(layer).build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(MultiLayerConfiguration.fromJson(configuration.toJson()));
    network.init();
    network.params().assign(2);
    return network;
  }

  @Test
  void setsTheSamePlacesToZeroEachTime() {
    MultiLayerNetwork network = network(PruningMaskConstraint.of(Map.of("W", MASK)));
    network.applyConstraints(0, 0);
    assertEquals(MASK.mul(2), network.getParam("0_W"));
    assertEquals(2, network.getParam("0_b").getDouble(0));
    network.applyConstraints(1, 0);
    assertEquals(MASK.mul(2), network.getParam("0_W"));
  }

  @Test
  void survivesJson() throws IOException {
    PruningMaskConstraint constraint = PruningMaskConstraint.of(Map.of("W", MASK));
    String json =
        NeuralNetConfiguration.mapper()
            .writerFor(LayerConstraint.class)
            .writeValueAsString(constraint);
    LayerConstraint read = NeuralNetConfiguration.mapper().readValue(json, LayerConstraint.class);
    assertEquals(constraint, read);
    assertEquals(constraint, constraint.clone());
    assertEquals(Set.of("W"), read.getParams());
  }

  @Test
  void whatDoesNotFitIsSaid() {
    Layer layer = network(PruningMaskConstraint.of(Map.of("W", MASK))).getLayer(0);
    PruningMaskConstraint large =
        PruningMaskConstraint.of(Map.of("W", Nd4j.create(DataType.DOUBLE, 4, 5)));
    assertTrue(
        assertThrows(IllegalStateException.class, () -> large.applyConstraint(layer, 0, 0))
            .getMessage()
            .contains("W"));
    PruningMaskConstraint stranger = PruningMaskConstraint.of(Map.of("RW", MASK));
    assertThrows(IllegalStateException.class, () -> stranger.applyConstraint(layer, 0, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new PruningMaskConstraint(Map.of("W", "%%%")));
  }
}

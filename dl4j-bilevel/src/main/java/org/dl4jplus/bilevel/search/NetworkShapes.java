package org.dl4jplus.bilevel.search;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.arbiter.DL4JConfiguration;
import org.deeplearning4j.arbiter.GraphConfiguration;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** The shapes of the parameters of a space's networks. */
final class NetworkShapes {

  private NetworkShapes() {}

  /**
   * Refuses a space in which a dimension changes the shapes, the others being in the middle.
   *
   * @param space what gives the configurations
   * @param model its dimensions
   * @param integers at how many evenly spread values a range of integers is tried
   * @param continuous the same of other numbers; of a list all are
   * @throws IllegalArgumentException naming the dimension
   */
  static void requireSame(ParameterSpace<?> space, SpaceModel model, int integers, int continuous) {
    double[] middle = new double[model.size()];
    Arrays.fill(middle, 0.5);
    Map<String, String> expected = of(space.getValue(model.snap(middle)));
    for (int i = 0; i < middle.length && !expected.isEmpty(); i++) {
      int count = model.levels(i, integers, continuous);
      for (int k = 0; k < count; k++) {
        double[] point = middle.clone();
        point[i] = (k + 0.5) / count;
        Map<String, String> shapes = of(space.getValue(model.snap(point)));
        if (!shapes.equals(expected)) {
          throw new IllegalArgumentException(
              model.dimensions().get(i).name()
                  + " changes the shapes of the network, whose weights are to go on under other"
                  + " settings; it must be fixed. "
                  + expected
                  + " became "
                  + shapes);
        }
      }
    }
  }

  /** Shapes by layer or vertex; empty for what is no configuration of a network. */
  private static Map<String, String> of(Object value) {
    Map<String, String> shapes = new TreeMap<>();
    if (value instanceof DL4JConfiguration layers) {
      for (NeuralNetConfiguration layer : layers.getMultiLayerConfiguration().getConfs()) {
        shapes.put("" + shapes.size(), of(layer));
      }
    } else if (value instanceof GraphConfiguration graph) {
      graph
          .getConfiguration()
          .getVertices()
          .forEach(
              (name, vertex) ->
                  shapes.put(
                      name,
                      vertex instanceof LayerVertex layer
                          ? of(layer.getLayerConf())
                          : "" + vertex.numParams(true)));
    }
    return shapes;
  }

  private static String of(NeuralNetConfiguration layer) {
    var initializer = layer.getLayer().initializer();
    long count = initializer.numParams(layer);
    Map<String, String> shapes = new TreeMap<>();
    if (count > 0) {
      initializer
          .init(layer, Nd4j.createUninitialized(DataType.FLOAT, 1, count), false)
          .forEach((name, view) -> shapes.put(name, Arrays.toString(view.shape())));
    }
    return shapes.toString();
  }
}

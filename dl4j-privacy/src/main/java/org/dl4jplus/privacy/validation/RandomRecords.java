package org.dl4jplus.privacy.validation;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossHinge;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossSquaredHinge;

/**
 * Records that have the shapes of the private ones and nothing else of them: normal features, or
 * indices where an embedding reads them; one-hot labels; masks, where there are masks, that keep
 * the beginning.
 */
final class RandomRecords {

  private final MultiDataSet shapes;
  private final long[] vocabularies;
  private final List<org.deeplearning4j.nn.api.Layer> outputs;

  /**
   * @param shapes one record, whose values are not looked at
   */
  RandomRecords(Model model, MultiDataSet shapes) {
    this.shapes = shapes;
    vocabularies = vocabularies(model, shapes.getFeatures().length);
    outputs = ModelAccess.of(model).outputLayers();
  }

  private static long[] vocabularies(Model model, int inputs) {
    long[] sizes = new long[inputs];
    if (model instanceof ComputationGraph graph) {
      List<String> names = graph.getConfiguration().getNetworkInputs();
      for (int i = 0; i < inputs; i++) {
        for (var vertex : graph.getConfiguration().getVertexInputs().entrySet()) {
          GraphVertex reader = graph.getVertex(vertex.getKey());
          if (vertex.getValue().contains(names.get(i)) && reader.hasLayer()) {
            sizes[i] = Math.max(sizes[i], vocabulary(reader.getLayer()));
          }
        }
      }
    } else {
      sizes[0] = vocabulary(ModelAccess.of(model).layers().get(0));
    }
    return sizes;
  }

  private static long vocabulary(org.deeplearning4j.nn.api.Layer layer) {
    Layer conf = layer.conf().getLayer();
    return conf instanceof EmbeddingLayer || conf instanceof EmbeddingSequenceLayer
        ? ((FeedForwardLayer) conf).getNIn()
        : 0;
  }

  /**
   * One record.
   *
   * @param label the class of its labels, of those that there are
   */
  MultiDataSet draw(SplittableRandom random, int label) {
    INDArray[] features = new INDArray[shapes.getFeatures().length];
    for (int i = 0; i < features.length; i++) {
      features[i] = features(shapes.getFeatures(i), vocabularies[i], random);
    }
    INDArray[] labels = new INDArray[shapes.getLabels().length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = labels(shapes.getLabels(i), outputs.get(i), random, label);
    }
    return new MultiDataSet(
        features,
        labels,
        masks(shapes.getFeaturesMaskArrays(), random),
        masks(shapes.getLabelsMaskArrays(), random));
  }

  private static INDArray features(INDArray shape, long vocabulary, SplittableRandom random) {
    double[] values = new double[Math.toIntExact(shape.length())];
    for (int i = 0; i < values.length; i++) {
      // Two classes of integers are enough where the network does not say how many there are.
      values[i] =
          vocabulary > 0
              ? random.nextLong(vocabulary)
              : shape.dataType().isIntType() ? random.nextInt(2) : random.nextGaussian();
    }
    return array(values, shape);
  }

  private static INDArray labels(
      INDArray shape, org.deeplearning4j.nn.api.Layer output, SplittableRandom random, int label) {
    INDArray labels = array(new double[Math.toIntExact(shape.length())], shape);
    Layer conf = output == null ? null : output.conf().getLayer();
    Object loss = output == null ? null : new Part("", output, conf, false).loss();
    if (loss instanceof LossSparseMCXENT) {
      long classes = conf instanceof FeedForwardLayer layer ? layer.getNOut() : 2;
      labels.assign(label % classes);
      return labels;
    }
    int axis = channelsLast(conf) || shape.rank() < 2 ? shape.rank() - 1 : 1;
    long classes = shape.size(axis);
    long places = shape.length() / classes;
    for (long place = 0; place < places; place++) {
      // All places of a row but one have its class, so that same classes meet.
      long one = place == 0 ? label % classes : random.nextLong(classes);
      labels.tensorAlongDimension(place, axis).putScalar(one, 1);
    }
    return loss instanceof LossHinge || loss instanceof LossSquaredHinge
        ? labels.muli(2).subi(1)
        : labels;
  }

  private static boolean channelsLast(Layer conf) {
    return conf instanceof RnnOutputLayer rnn && rnn.getRnnDataFormat() == RNNFormat.NWC
        || conf instanceof RnnLossLayer loss && loss.getRnnDataFormat() == RNNFormat.NWC;
  }

  private static INDArray[] masks(INDArray[] shapes, SplittableRandom random) {
    return shapes == null
        ? null
        : Arrays.stream(shapes)
            .map(shape -> shape == null ? null : mask(shape, random))
            .toArray(INDArray[]::new);
  }

  private static INDArray mask(INDArray shape, SplittableRandom random) {
    double[] values = new double[Math.toIntExact(shape.length())];
    Arrays.fill(values, 0, 1 + random.nextInt(values.length), 1);
    return array(values, shape);
  }

  private static INDArray array(double[] values, INDArray shape) {
    return Nd4j.createFromArray(values).reshape('c', shape.shape()).castTo(shape.dataType());
  }

  /** Several records in one batch. */
  static MultiDataSet join(List<MultiDataSet> records) {
    return new MultiDataSet(
        join(records.stream().map(MultiDataSet::getFeatures).toList()),
        join(records.stream().map(MultiDataSet::getLabels).toList()),
        join(records.stream().map(MultiDataSet::getFeaturesMaskArrays).toList()),
        join(records.stream().map(MultiDataSet::getLabelsMaskArrays).toList()));
  }

  private static INDArray[] join(Collection<INDArray[]> all) {
    INDArray[][] rows = all.toArray(INDArray[][]::new);
    if (rows[0] == null) {
      return null;
    }
    INDArray[] joined = new INDArray[rows[0].length];
    for (int i = 0; i < joined.length; i++) {
      int at = i;
      joined[i] =
          rows[0][i] == null
              ? null
              : Nd4j.concat(0, Arrays.stream(rows).map(row -> row[at]).toArray(INDArray[]::new));
    }
    return joined;
  }
}

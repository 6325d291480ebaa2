package org.dl4jplus.optim.zeroth.layers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The scales, row by row, then the bias. */
final class QuantizedParamInitializer implements ParamInitializer {

  static final QuantizedParamInitializer INSTANCE = new QuantizedParamInitializer();

  private static final String SCALES = QuantizedDenseLayer.SCALE_KEY;
  static final String BIAS = DefaultParamInitializer.BIAS_KEY;

  private QuantizedParamInitializer() {}

  @Override
  public long numParams(NeuralNetConfiguration conf) {
    return numParams(conf.getLayer());
  }

  @Override
  public long numParams(Layer layer) {
    QuantizedDenseLayer own = (QuantizedDenseLayer) layer;
    return (own.groups() + (own.isHasBias() ? 1 : 0)) * own.getNOut();
  }

  @Override
  public List<String> paramKeys(Layer layer) {
    List<String> keys = new ArrayList<>(weightKeys(layer));
    keys.addAll(biasKeys(layer));
    return keys;
  }

  @Override
  public List<String> weightKeys(Layer layer) {
    return List.of(SCALES);
  }

  @Override
  public List<String> biasKeys(Layer layer) {
    return ((QuantizedDenseLayer) layer).isHasBias() ? List.of(BIAS) : List.of();
  }

  @Override
  public boolean isWeightParam(Layer layer, String key) {
    return SCALES.equals(key);
  }

  @Override
  public boolean isBiasParam(Layer layer, String key) {
    return BIAS.equals(key);
  }

  @Override
  public Map<String, INDArray> init(
      NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
    QuantizedDenseLayer layer = (QuantizedDenseLayer) conf.getLayer();
    Map<String, INDArray> views = views(layer, paramsView);
    views.keySet().forEach(conf::addVariable);
    if (initializeParams) {
      double[] start = layer.getStart() == null ? drawn(layer, paramsView) : layer.getStart();
      paramsView.assign(Nd4j.createFromArray(start).reshape(paramsView.shape()));
    }
    return views;
  }

  /**
   * Scales of weights from the layer's initialization, and the initial bias. The integers are those
   * of these weights, unless the layer has its own.
   */
  private static double[] drawn(QuantizedDenseLayer layer, INDArray view) {
    long[] shape = {layer.getNIn(), layer.getNOut()};
    INDArray weights = Nd4j.create(view.dataType(), shape[0] * shape[1]);
    layer.getWeightInitFn().init(shape[0], shape[1], shape, 'f', weights);
    double[] start = new double[(int) view.length()];
    Arrays.fill(start, layer.getBiasInit());
    PackedIntegers integers =
        PackedIntegers.of(
            weights.data().asDouble(),
            (int) shape[1],
            layer.getBits(),
            layer.usedGroupSize(),
            start,
            view.dataType());
    if (layer.getPacked() == null) {
      layer.setPacked(integers.packed());
    }
    return start;
  }

  @Override
  public Map<String, INDArray> getGradientsFromFlattened(
      NeuralNetConfiguration conf, INDArray gradientView) {
    return views((QuantizedDenseLayer) conf.getLayer(), gradientView);
  }

  private static Map<String, INDArray> views(QuantizedDenseLayer layer, INDArray flat) {
    INDArray vector = flat.reshape(flat.length());
    Map<String, INDArray> views = new LinkedHashMap<>();
    long[] shape = {layer.groups(), layer.getNOut()};
    long scales = shape[0] * shape[1];
    views.put(SCALES, vector.get(NDArrayIndex.interval(0, scales)).reshape('c', shape));
    if (layer.isHasBias()) {
      views.put(BIAS, vector.get(NDArrayIndex.interval(scales, vector.length())));
    }
    return views;
  }
}

package org.dl4jplus.ot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.dl4jplus.ot.lowrank.LowRankHadamard;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The factors "X1", "Y1", in convolutions "T1", then "X2", "Y2", "T2", and the bias "b". They lie
 * in 'f' order in a dense layer and in 'c' order in a convolution, as those layers expect.
 */
final class FedParaParamInitializer implements ParamInitializer {

  static final FedParaParamInitializer INSTANCE = new FedParaParamInitializer();

  private static final String BIAS = DefaultParamInitializer.BIAS_KEY;
  private static final Logger LOG = LoggerFactory.getLogger(FedParaParamInitializer.class);

  /** What a layer has to tell. */
  interface Settings {

    /**
     * The rank that was asked for.
     *
     * @return 0 for the one of the ratio
     */
    int getRank();

    /**
     * Where the rank lies between the smallest and the largest of use.
     *
     * @return in [0, 1]
     */
    double getRankRatio();

    /**
     * The size of a kernel.
     *
     * @return height and width, or nothing for a matrix
     */
    int[] kernel();

    /**
     * Whether there is a bias.
     *
     * @return true with one
     */
    boolean hasBias();

    /**
     * The inputs.
     *
     * @return their number
     */
    long getNIn();

    /**
     * The outputs.
     *
     * @return their number
     */
    long getNOut();

    /**
     * Entries of a kernel.
     *
     * @return height * width, 0 for a matrix
     */
    default long area() {
      return kernel().length == 0 ? 0 : (long) kernel()[0] * kernel()[1];
    }

    /**
     * The rank of the factors.
     *
     * @return at least 1
     */
    default int usedRank() {
      return getRank() > 0
          ? getRank()
          : LowRankHadamard.rank(getNOut(), getNIn(), area(), getRankRatio());
    }

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    default void validateRank() {
      if (getRank() < 0) {
        throw new IllegalArgumentException("rank must be >= 0: " + getRank());
      }
      if (!(getRankRatio() >= 0 && getRankRatio() <= 1)) {
        throw new IllegalArgumentException("rankRatio must be in [0, 1]: " + getRankRatio());
      }
    }
  }

  private FedParaParamInitializer() {}

  static LowRankHadamard.Factor factor(Map<String, INDArray> arrays, int number) {
    return new LowRankHadamard.Factor(
        arrays.get("X" + number), arrays.get("Y" + number), arrays.get("T" + number));
  }

  /** Writes the gradients of both factors. */
  static void gradients(
      LowRankHadamard form,
      Map<String, INDArray> parameters,
      INDArray upstream,
      Map<String, INDArray> views) {
    LowRankHadamard.Factor first = factor(parameters, 1);
    LowRankHadamard.Factor second = factor(parameters, 2);
    assign(factor(views, 1), form.gradientOfFirst(first, second, upstream));
    assign(factor(views, 2), form.gradientOfSecond(first, second, upstream));
  }

  private static void assign(LowRankHadamard.Factor views, LowRankHadamard.Factor gradient) {
    views.x().assign(gradient.x());
    views.y().assign(gradient.y());
    if (views.t() != null) {
      views.t().assign(gradient.t());
    }
  }

  private static Map<String, long[]> shapes(Layer layer) {
    Settings settings = (Settings) layer;
    Map<String, long[]> shapes = new LinkedHashMap<>();
    long[][] parts =
        LowRankHadamard.shapes(
            settings.getNOut(), settings.getNIn(), settings.usedRank(), settings.kernel());
    for (int number = 1; number <= 2; number++) {
      for (int k = 0; k < parts.length; k++) {
        shapes.put("" + "XYT".charAt(k) + number, parts[k]);
      }
    }
    if (settings.hasBias()) {
      // As DL4J has it: a row in dense layers, a vector in convolutions.
      shapes.put(
          BIAS,
          settings.kernel().length == 0
              ? new long[] {1, settings.getNOut()}
              : new long[] {settings.getNOut()});
    }
    return shapes;
  }

  @Override
  public long numParams(NeuralNetConfiguration conf) {
    return numParams(conf.getLayer());
  }

  @Override
  public long numParams(Layer layer) {
    return shapes(layer).values().stream().mapToLong(ArrayUtil::prodLong).sum();
  }

  @Override
  public List<String> paramKeys(Layer layer) {
    return new ArrayList<>(shapes(layer).keySet());
  }

  @Override
  public List<String> weightKeys(Layer layer) {
    List<String> keys = paramKeys(layer);
    keys.remove(BIAS);
    return keys;
  }

  @Override
  public List<String> biasKeys(Layer layer) {
    return ((Settings) layer).hasBias() ? List.of(BIAS) : List.of();
  }

  @Override
  public boolean isWeightParam(Layer layer, String key) {
    return weightKeys(layer).contains(key);
  }

  @Override
  public boolean isBiasParam(Layer layer, String key) {
    return BIAS.equals(key);
  }

  @Override
  public Map<String, INDArray> init(
      NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
    Map<String, INDArray> views = views(conf, paramsView);
    FeedForwardLayer layer = (FeedForwardLayer) conf.getLayer();
    views.keySet().forEach(conf::addVariable);
    if (initializeParams) {
      Settings settings = (Settings) layer;
      int rank = settings.usedRank();
      long area = settings.area();
      if (LowRankHadamard.maxRank(settings.getNOut(), settings.getNIn(), area)
          < LowRankHadamard.minRank(settings.getNOut(), settings.getNIn())) {
        LOG.warn(
            "Layer {}: no rank both saves parameters and can give full rank; it has {}",
            layer.getLayerName(),
            rank);
      }
      double deviation =
          LowRankHadamard.deviation(settings.getNIn() * Math.max(1, area), rank, area > 0);
      views.forEach(
          (name, view) -> {
            if (name.equals(BIAS)) {
              view.assign(layer.getBiasInit());
            } else {
              view.assign(Nd4j.randn(view.dataType(), view.shape()).muli(deviation));
            }
          });
    }
    return views;
  }

  @Override
  public Map<String, INDArray> getGradientsFromFlattened(
      NeuralNetConfiguration conf, INDArray gradientView) {
    return views(conf, gradientView);
  }

  private static Map<String, INDArray> views(NeuralNetConfiguration conf, INDArray flat) {
    INDArray vector = flat.reshape(flat.length());
    char order = ((Settings) conf.getLayer()).kernel().length == 0 ? 'f' : 'c';
    Map<String, INDArray> views = new LinkedHashMap<>();
    long from = 0;
    for (Map.Entry<String, long[]> entry : shapes(conf.getLayer()).entrySet()) {
      long to = from + ArrayUtil.prodLong(entry.getValue());
      views.put(
          entry.getKey(),
          vector.get(NDArrayIndex.interval(from, to)).reshape(order, entry.getValue()));
      from = to;
    }
    return views;
  }
}

package org.dl4jplus.ot;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.ot.pooling.ZeroShotLoss;
import org.nd4j.common.primitives.Pair;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/**
 * Output layer above a {@link GeneralizedSumPoolingLayer} that gives its attributes: a classifier
 * of the pooled features whose loss is mixed with the {@link ZeroShotLoss} of the attributes.
 *
 * <pre>{@code
 * score = (1 - zeroShotWeight) loss(pooled W + b) + zeroShotWeight zero-shot(attributes, E)
 * }</pre>
 *
 * <p>Input [batch, pooled features + attributes], output [batch, classes] of the classifier; labels
 * are one-hot rows. Parameters "W" of [pooled features, classes], "E" of [classes, embeddingSize],
 * drawn from N(0, 2 / embeddingSize), and "b" of [1, classes]. A mask of one entry for each example
 * leaves examples out of both losses.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class GspZeroShotOutputLayer extends BaseOutputLayer {

  private static final long serialVersionUID = 1L;
  private static final String WEIGHT = "W";
  private static final String EMBEDDINGS = "E";
  private static final String BIAS = "b";

  private int numPrototypes;
  private int embeddingSize;
  private double zeroShotWeight;
  private double ridge;
  private double softmaxScale;
  private ZeroShotLoss.Split split;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected GspZeroShotOutputLayer(Builder builder) {
    super(builder);
    numPrototypes = builder.numPrototypes;
    embeddingSize = builder.embeddingSize;
    zeroShotWeight = builder.zeroShotWeight;
    ridge = builder.ridge;
    softmaxScale = builder.softmaxScale;
    split = builder.split;
    hasBias = true;
    validate();
    initializeConstraints(builder);
  }

  private void validate() {
    if (numPrototypes < 1 || embeddingSize < 1) {
      throw new IllegalArgumentException(
          "numPrototypes and embeddingSize must be >= 1: " + numPrototypes + ", " + embeddingSize);
    }
    if (!(zeroShotWeight >= 0 && zeroShotWeight <= 1)) {
      throw new IllegalArgumentException("zeroShotWeight must be in [0, 1]: " + zeroShotWeight);
    }
    zeroShot();
  }

  private ZeroShotLoss zeroShot() {
    return new ZeroShotLoss(ridge, softmaxScale, split);
  }

  private Map<String, long[]> shapes() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(WEIGHT, new long[] {getNIn() - numPrototypes, getNOut()});
    shapes.put(EMBEDDINGS, new long[] {getNOut(), embeddingSize});
    shapes.put(BIAS, new long[] {1, getNOut()});
    return shapes;
  }

  @Override
  public Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    LayerValidation.assertNInNOutSet(
        getClass().getSimpleName(), getLayerName(), layerIndex, getNIn(), getNOut());
    validate();
    return LayerSetup.of(
        new ZeroShot(conf, networkDataType),
        conf,
        trainingListeners,
        layerIndex,
        layerParamsView,
        initializeParams);
  }

  @Override
  public ParamInitializer initializer() {
    return Initializer.INSTANCE;
  }

  /** The three parameters, in 'f' order. */
  private static final class Initializer implements ParamInitializer {

    private static final Initializer INSTANCE = new Initializer();

    private static Map<String, long[]> shapes(org.deeplearning4j.nn.conf.layers.Layer layer) {
      return ((GspZeroShotOutputLayer) layer).shapes();
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
      return numParams(conf.getLayer());
    }

    @Override
    public long numParams(org.deeplearning4j.nn.conf.layers.Layer layer) {
      return shapes(layer).values().stream().mapToLong(ArrayUtil::prodLong).sum();
    }

    @Override
    public List<String> paramKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
      return List.of(WEIGHT, EMBEDDINGS, BIAS);
    }

    @Override
    public List<String> weightKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
      return List.of(WEIGHT, EMBEDDINGS);
    }

    @Override
    public List<String> biasKeys(org.deeplearning4j.nn.conf.layers.Layer layer) {
      return List.of(BIAS);
    }

    @Override
    public boolean isWeightParam(org.deeplearning4j.nn.conf.layers.Layer layer, String key) {
      return weightKeys(layer).contains(key);
    }

    @Override
    public boolean isBiasParam(org.deeplearning4j.nn.conf.layers.Layer layer, String key) {
      return BIAS.equals(key);
    }

    @Override
    public Map<String, INDArray> init(
        NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
      Map<String, INDArray> views = getGradientsFromFlattened(conf, paramsView);
      views.keySet().forEach(conf::addVariable);
      if (initializeParams) {
        GspZeroShotOutputLayer layer = (GspZeroShotOutputLayer) conf.getLayer();
        INDArray weight = views.get(WEIGHT);
        INDArray flat =
            paramsView.reshape(paramsView.length()).get(NDArrayIndex.interval(0, weight.length()));
        layer.getWeightInitFn().init(weight.size(0), weight.size(1), weight.shape(), 'f', flat);
        INDArray embeddings = views.get(EMBEDDINGS);
        embeddings.assign(
            Nd4j.randn(embeddings.dataType(), embeddings.shape())
                .muli(Math.sqrt(2.0 / layer.embeddingSize)));
        views.get(BIAS).assign(layer.getBiasInit());
      }
      return views;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(
        NeuralNetConfiguration conf, INDArray gradientView) {
      INDArray vector = gradientView.reshape(gradientView.length());
      Map<String, INDArray> views = new LinkedHashMap<>();
      long from = 0;
      for (Map.Entry<String, long[]> entry : shapes(conf.getLayer()).entrySet()) {
        long to = from + ArrayUtil.prodLong(entry.getValue());
        views.put(
            entry.getKey(),
            vector.get(NDArrayIndex.interval(from, to)).reshape('f', entry.getValue()));
        from = to;
      }
      return views;
    }
  }

  /** The computation. */
  private static final class ZeroShot
      extends org.deeplearning4j.nn.layers.BaseOutputLayer<GspZeroShotOutputLayer> {

    private static final long serialVersionUID = 1L;

    ZeroShot(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
    }

    private INDArray columns(long from, long to) {
      return input.castTo(dataType).get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
    }

    private INDArray pooled() {
      return columns(0, layerConf().getNIn() - layerConf().getNumPrototypes());
    }

    @Override
    protected INDArray getLabels2d(LayerWorkspaceMgr workspaceMgr, ArrayType arrayType) {
      return labels;
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(false);
      applyDropOutIfNecessary(training, workspaceMgr);
      if (input.rank() != 2 || input.size(1) != layerConf().getNIn()) {
        throw new IllegalArgumentException(
            "input must be of shape [batch, "
                + layerConf().getNIn()
                + "]: "
                + input.shapeInfoToString());
      }
      INDArray w = getParamWithNoise(WEIGHT, training, workspaceMgr);
      INDArray z =
          workspaceMgr.createUninitialized(
              ArrayType.ACTIVATIONS, w.dataType(), input.size(0), w.size(1));
      pooled().dup().mmuli(w, z);
      z.addiRowVector(getParamWithNoise(BIAS, training, workspaceMgr));
      if (maskArray != null) {
        applyMask(z);
      }
      return z;
    }

    private boolean counts(int example) {
      return maskArray == null
          || maskArray.length() != input.size(0)
          || maskArray.getDouble(example) != 0;
    }

    /** Outside of the workspaces: a batch's small matrices of no further use. */
    private ZeroShotLoss.Result zeroShot() {
      MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
      try (outside) {
        int[] rows = IntStream.range(0, (int) input.size(0)).filter(this::counts).toArray();
        long from = layerConf().getNIn() - layerConf().getNumPrototypes();
        INDArray attributes = columns(from, layerConf().getNIn()).castTo(DataType.DOUBLE);
        if (rows.length == 0) {
          return new ZeroShotLoss.Result(
              0, attributes.like(), params.get(EMBEDDINGS).castTo(DataType.DOUBLE).like());
        }
        int[] classes = labels.getRows(rows).argMax(1).toIntVector();
        ZeroShotLoss.Result part =
            layerConf().zeroShot().loss(attributes.getRows(rows), classes, params.get(EMBEDDINGS));
        INDArray ofAttributes = attributes.like();
        for (int i = 0; i < rows.length; i++) {
          ofAttributes.getRow(rows[i]).assign(part.ofAttributes().getRow(i));
        }
        return new ZeroShotLoss.Result(part.loss(), ofAttributes, part.ofEmbeddings());
      }
    }

    @Override
    public double computeScore(
        double fullNetRegTerm, boolean training, LayerWorkspaceMgr workspaceMgr) {
      double weight = layerConf().getZeroShotWeight();
      double metric = super.computeScore(0, training, workspaceMgr);
      double batch = conf().isMiniBatch() ? 1 : getInputMiniBatchSize();
      score = (1 - weight) * metric + weight * batch * zeroShot().loss() + fullNetRegTerm;
      return score;
    }

    @Override
    public INDArray computeScoreForExamples(double fullNetRegTerm, LayerWorkspaceMgr workspaceMgr) {
      double weight = layerConf().getZeroShotWeight();
      return super.computeScoreForExamples(0, workspaceMgr)
          .muli(1 - weight)
          .addi(weight * zeroShot().loss() + fullNetRegTerm);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(true);
      double weight = layerConf().getZeroShotWeight();
      // The platform divides by the number of examples.
      double zeroShotFactor = weight * input.size(0);
      INDArray z = preOutput2d(true, workspaceMgr);
      INDArray delta =
          layerConf()
              .getLossFn()
              .computeGradient(labels, z, layerConf().getActivationFn(), maskArray)
              .mul(1 - weight);
      ZeroShotLoss.Result zeroShot = zeroShot();
      INDArray w = getParamWithNoise(WEIGHT, true, workspaceMgr);
      gradientViews.get(WEIGHT).assign(pooled().transpose().mmul(delta));
      gradientViews.get(BIAS).assign(delta.sum(true, 0));
      gradientViews.get(EMBEDDINGS).assign(zeroShot.ofEmbeddings().muli(zeroShotFactor));
      gradient = new DefaultGradient();
      gradientViews.forEach(gradient.gradientForVariable()::put);
      INDArray below =
          Nd4j.hstack(
              delta.mmul(w.transpose()),
              zeroShot.ofAttributes().muli(zeroShotFactor).castTo(delta.dataType()));
      weightNoiseParams.clear();
      below = workspaceMgr.leverageTo(ArrayType.ACTIVATION_GRAD, below);
      return new Pair<>(gradient, backpropDropOutIfPresent(below));
    }
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends BaseOutputLayer.Builder<Builder> {

    private int numPrototypes = 64;
    private int embeddingSize = 64;
    private double zeroShotWeight = 0.1;
    private double ridge = 0.05;
    private double softmaxScale = 9.5;
    private ZeroShotLoss.Split split = ZeroShotLoss.Split.BY_CLASS;

    /** With a softmax classifier and its cross-entropy. */
    public Builder() {
      this(new LossMCXENT());
    }

    /**
     * With a softmax classifier.
     *
     * @param loss the classifier's loss
     */
    public Builder(ILossFunction loss) {
      lossFunction(loss);
      activation(Activation.SOFTMAX);
    }

    /**
     * Sets how many of the last inputs are attributes.
     *
     * @param numPrototypes that of the pooling layer, default 64
     * @return this
     */
    public Builder numPrototypes(int numPrototypes) {
      this.numPrototypes = numPrototypes;
      return this;
    }

    /**
     * Sets the length of a class's embedding.
     *
     * @param embeddingSize at least 1, default 64
     * @return this
     */
    public Builder embeddingSize(int embeddingSize) {
      this.embeddingSize = embeddingSize;
      return this;
    }

    /**
     * Sets the weight of the zero-shot loss.
     *
     * @param zeroShotWeight in [0, 1], default 0.1
     * @return this
     */
    public Builder zeroShotWeight(double zeroShotWeight) {
      this.zeroShotWeight = zeroShotWeight;
      return this;
    }

    /**
     * Sets the ridge of the regression.
     *
     * @param ridge finite and &gt; 0, default 0.05
     * @return this
     */
    public Builder ridge(double ridge) {
      this.ridge = ridge;
      return this;
    }

    /**
     * Sets the scale of the zero-shot softmax.
     *
     * @param softmaxScale finite and &gt; 0, default 9.5
     * @return this
     */
    public Builder softmaxScale(double softmaxScale) {
      this.softmaxScale = softmaxScale;
      return this;
    }

    /**
     * Sets how a batch is divided.
     *
     * @param split default BY_CLASS
     * @return this
     */
    public Builder split(ZeroShotLoss.Split split) {
      this.split = split;
      return this;
    }

    @Override
    public GspZeroShotOutputLayer build() {
      return new GspZeroShotOutputLayer(this);
    }
  }
}

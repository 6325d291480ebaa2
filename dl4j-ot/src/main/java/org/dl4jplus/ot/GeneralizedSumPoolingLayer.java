package org.dl4jplus.ot;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.dl4jplus.ot.pooling.GeneralizedSumPooling;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Generalised sum pooling in place of global average pooling: {@link GeneralizedSumPooling} with
 * prototypes that are learned. It computes in double precision whatever the network's type.
 *
 * <p>Input [batch, channels, height, width] in NCHW, or [batch, channels, steps] with an optional
 * mask of [batch, steps]. Output [batch, channels], or [batch, channels + numPrototypes] with the
 * attributes behind. Steps that are masked do not count; where all of them are the output is 0.
 * Parameter "P" of [numPrototypes, channels]. With a transport ratio of 1 it is average pooling,
 * and the attributes are the means of the locations' softmax over prototypes.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class GeneralizedSumPoolingLayer extends ExplicitLayer {

  private static final long serialVersionUID = 1L;
  private static final String PROTOTYPES = "P";

  private long nIn;
  private int numPrototypes;
  private double transportRatio;
  private double entropyWeight;
  private boolean outputAttributes;
  private GeneralizedSumPooling.Reduction reduction;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected GeneralizedSumPoolingLayer(Builder builder) {
    super(builder);
    nIn = builder.nIn;
    numPrototypes = builder.numPrototypes;
    transportRatio = builder.transportRatio;
    entropyWeight = builder.entropyWeight;
    outputAttributes = builder.outputAttributes;
    reduction = builder.reduction;
    begin(builder);
  }

  @Override
  protected void validate() {
    if (numPrototypes < 1) {
      throw new IllegalArgumentException("numPrototypes must be >= 1: " + numPrototypes);
    }
    if (nIn < 0) {
      throw new IllegalArgumentException("nIn must be >= 0: " + nIn);
    }
    new GeneralizedSumPooling(new double[1], 1, transportRatio, entropyWeight, reduction);
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    if (nIn == 0 || override) {
      nIn = channels(inputType);
    }
  }

  private long channels(InputType inputType) {
    if (inputType instanceof InputType.InputTypeRecurrent) {
      return ((InputType.InputTypeRecurrent) inputType).getSize();
    }
    if (inputType instanceof InputType.InputTypeConvolutional) {
      InputType.InputTypeConvolutional maps = (InputType.InputTypeConvolutional) inputType;
      if (maps.getFormat() == CNN2DFormat.NCHW) {
        return maps.getChannels();
      }
    }
    throw new IllegalStateException(
        "GeneralizedSumPoolingLayer "
            + getLayerName()
            + " takes feature maps in NCHW or sequences, not "
            + inputType);
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return InputType.feedForward(channels(inputType) + (outputAttributes ? numPrototypes : 0));
  }

  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArray(
      INDArray maskArray, MaskState currentMaskState, int minibatchSize) {
    return null;
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    params.clear();
    params.addWeightParam(PROTOTYPES, numPrototypes, nIn);
  }

  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    initWeights((int) nIn, numPrototypes, weightInit, params.get(PROTOTYPES));
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    if (input.rank() < 3 || input.rank() > 4 || input.size(1) != nIn) {
      throw new IllegalArgumentException(
          "input must be of shape [batch, "
              + nIn
              + ", height, width] or [batch, "
              + nIn
              + ", steps]: "
              + input.shapeInfoToString());
    }
    long locations = input.size(2) * (input.rank() == 4 ? input.size(3) : 1);
    if (mask != null && mask.length() != input.size(0) * locations) {
      throw new IllegalArgumentException(
          "mask must have an entry for each location: " + mask.shapeInfoToString());
    }
    GeneralizedSumPooling pooling =
        new GeneralizedSumPooling(
            values(parameters.get(PROTOTYPES)),
            (int) nIn,
            transportRatio,
            entropyWeight,
            reduction);
    return new Batch(
        pooling,
        values(input),
        mask == null ? null : values(mask),
        input.shape(),
        input.dataType());
  }

  private static double[] values(INDArray array) {
    INDArray copy = array.castTo(DataType.DOUBLE).dup('c');
    double[] values = new double[(int) copy.length()];
    copy.data().asNioDouble().get(values);
    // The buffer alone does not keep the memory alive.
    Reference.reachabilityFence(copy);
    return values;
  }

  /** The examples of a batch. */
  private final class Batch implements Pass {

    private final long[] shape;
    private final DataType type;
    private final int locations;
    private final int[][] counted;
    private final GeneralizedSumPooling.Pooled[] examples;

    Batch(
        GeneralizedSumPooling pooling,
        double[] features,
        double[] mask,
        long[] shape,
        DataType type) {
      this.shape = shape;
      this.type = type;
      examples = new GeneralizedSumPooling.Pooled[(int) shape[0]];
      int size = features.length / examples.length;
      locations = size / (int) nIn;
      counted = mask == null ? null : new int[examples.length][];
      inParallel(
          e -> {
            double[] all = Arrays.copyOfRange(features, e * size, (e + 1) * size);
            if (mask != null) {
              int first = e * locations;
              counted[e] =
                  IntStream.range(0, locations).filter(i -> mask[first + i] != 0).toArray();
              all = gather(all, counted[e]);
            }
            examples[e] = all.length == 0 ? null : pooling.pool(all);
          });
    }

    /** Examples do not depend on each other, and each has its own place for its results. */
    private void inParallel(IntConsumer work) {
      IntStream.range(0, examples.length).parallel().forEach(work);
    }

    private double[] gather(double[] all, int[] steps) {
      double[] part = new double[(int) nIn * steps.length];
      for (int k = 0; k < part.length; k++) {
        part[k] = all[k / steps.length * locations + steps[k % steps.length]];
      }
      return part;
    }

    private void scatter(double[] part, int[] steps, double[] all, int from) {
      for (int k = 0; k < part.length; k++) {
        all[from + k / steps.length * locations + steps[k % steps.length]] = part[k];
      }
    }

    @Override
    public INDArray output() {
      int columns = (int) nIn + (outputAttributes ? numPrototypes : 0);
      double[] output = new double[examples.length * columns];
      for (int e = 0; e < examples.length; e++) {
        if (examples[e] != null) {
          System.arraycopy(examples[e].pooled(), 0, output, e * columns, (int) nIn);
          if (outputAttributes) {
            System.arraycopy(
                examples[e].attributes(), 0, output, e * columns + (int) nIn, numPrototypes);
          }
        }
      }
      return Nd4j.createFromArray(output).castTo(type).reshape('c', examples.length, columns);
    }

    @Override
    public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
      double[] upstream = values(epsilon);
      int columns = upstream.length / examples.length;
      int size = (int) nIn * locations;
      double[] below = new double[examples.length * size];
      double[][] ofPrototypes = new double[examples.length][numPrototypes * (int) nIn];
      inParallel(
          e -> {
            if (examples[e] != null) {
              int from = e * columns;
              int middle = from + (int) nIn;
              double[] part =
                  examples[e].backward(
                      Arrays.copyOfRange(upstream, from, middle),
                      outputAttributes
                          ? Arrays.copyOfRange(upstream, middle, from + columns)
                          : null,
                      ofPrototypes[e]);
              if (counted == null) {
                System.arraycopy(part, 0, below, e * size, size);
              } else {
                scatter(part, counted[e], below, e * size);
              }
            }
          });
      // Always in the same order, so that the result does not depend on the processors.
      double[] total = ofPrototypes[0];
      for (int e = 1; e < examples.length; e++) {
        double[] next = ofPrototypes[e];
        for (int k = 0; k < total.length; k++) {
          total[k] += next[k];
        }
      }
      gradients
          .get(PROTOTYPES)
          .assign(Nd4j.createFromArray(total).reshape('c', numPrototypes, (int) nIn));
      return Nd4j.createFromArray(below).castTo(type).reshape('c', shape);
    }
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SameDiffLayer.Builder<Builder> {

    private long nIn;
    private int numPrototypes = 64;
    private double transportRatio = 0.3;
    private double entropyWeight = 5;
    private boolean outputAttributes;
    private GeneralizedSumPooling.Reduction reduction = GeneralizedSumPooling.Reduction.MEAN;

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the channels of the input.
     *
     * @param nIn at least 1; by default what the layer below gives
     * @return this
     */
    public Builder nIn(long nIn) {
      this.nIn = nIn;
      return this;
    }

    /**
     * Sets the number of prototypes.
     *
     * @param numPrototypes at least 1, default 64; the paper has 128 for 1000 classes and more
     * @return this
     */
    public Builder numPrototypes(int numPrototypes) {
      this.numPrototypes = numPrototypes;
      return this;
    }

    /**
     * Sets the share of the locations' mass that is pooled.
     *
     * @param transportRatio in (0, 1], default 0.3
     * @return this
     */
    public Builder transportRatio(double transportRatio) {
      this.transportRatio = transportRatio;
      return this;
    }

    /**
     * Sets the weight gamma of the distances: the larger, the sharper the choice.
     *
     * @param entropyWeight finite and &gt; 0, default 5
     * @return this
     */
    public Builder entropyWeight(double entropyWeight) {
      this.entropyWeight = entropyWeight;
      return this;
    }

    /**
     * Sets whether the attributes follow the pooled features, as the zero-shot loss needs it.
     *
     * @param outputAttributes default false
     * @return this
     */
    public Builder outputAttributes(boolean outputAttributes) {
      this.outputAttributes = outputAttributes;
      return this;
    }

    /**
     * Sets how the weighted features become one.
     *
     * @param reduction default MEAN
     * @return this
     */
    public Builder reduction(GeneralizedSumPooling.Reduction reduction) {
      this.reduction = reduction;
      return this;
    }

    @Override
    public GeneralizedSumPoolingLayer build() {
      return new GeneralizedSumPoolingLayer(this);
    }
  }
}

package org.dl4jplus.optim.first.tape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.layers.OutputLayer;
import org.deeplearning4j.nn.layers.convolution.Convolution1DLayer;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.layers.feedforward.dense.DenseLayer;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingLayer;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.layers.recurrent.LSTM;
import org.deeplearning4j.nn.layers.recurrent.LastTimeStepLayer;
import org.deeplearning4j.nn.layers.recurrent.MaskZeroLayer;
import org.deeplearning4j.nn.layers.recurrent.RnnOutputLayer;
import org.deeplearning4j.nn.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.params.SimpleRnnParamInitializer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.TrainedPart;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Records one backward pass of a network. Between {@link #begin} and {@link #end} the layers'
 * configurations hold wrappers around their activations and losses, which hear the calling thread
 * only; at no other time.
 *
 * <p>A recorder keeps its memory: a tape is valid until its recorder's next one. It holds no
 * reference to the network outside a pass.
 */
public final class LayerRecorder {

  private static final Set<String> BIAS = Set.of(DefaultParamInitializer.BIAS_KEY);

  private final Map<String, Memory> memory = new HashMap<>();
  private final Wrappers wrappers = new Wrappers();
  private final List<Capture> captures = new ArrayList<>();
  private final List<String> unsupported = new ArrayList<>();
  private INDArray[] preOutputs;

  /** A recorder without memory so far. */
  public LayerRecorder() {}

  /**
   * Starts listening to the layers and the losses. {@link #end} or {@link #abandon} must follow.
   *
   * @param model the network
   * @param errors what the losses hand back, or null for their own gradients
   * @throws IllegalStateException under truncated backpropagation through time
   * @throws UnsupportedOperationException if errors are given and an output keeps its loss where it
   *     cannot be replaced
   */
  public void begin(Model model, OutputErrors errors) {
    begin(ModelAccess.of(model), errors, true);
  }

  /**
   * Listens to the losses only. {@link #end} or {@link #abandon} must follow.
   *
   * @param model the network
   * @param errors as in {@link #begin}
   */
  public void beginOutputs(Model model, OutputErrors errors) {
    begin(ModelAccess.of(model), errors, false);
  }

  private void begin(ModelAccess access, OutputErrors errors, boolean layers) {
    access.requireWholeSequences("A record of the layers is");
    abandon();
    try {
      // Equality of layers would look into their arrays.
      Map<Layer, OutputCapture> outputCaptures = new IdentityHashMap<>();
      if (layers) {
        access.trainedParts().forEach(part -> add(part, outputCaptures));
        addMixing(access);
      }
      listenToLosses(access, errors, outputCaptures);
      captures.forEach(capture -> capture.install(wrappers));
    } catch (RuntimeException e) {
      abandon();
      throw e;
    }
  }

  /** With statistics of the batch no example has a loss of its own, trained parts or not. */
  private void addMixing(ModelAccess access) {
    for (Layer layer : access.layers()) {
      if (inner(layer) instanceof BatchNormalization) {
        String name = describe(layer.conf().getLayer().getLayerName(), layer);
        if (!unsupported.contains(name)) {
          unsupported.add(name);
        }
      }
    }
  }

  private static String describe(String name, Layer layer) {
    String kind = layer == null ? "a vertex" : layer.conf().getLayer().getClass().getSimpleName();
    return name + " (" + kind + ")";
  }

  private void listenToLosses(
      ModelAccess access, OutputErrors errors, Map<Layer, OutputCapture> outputCaptures) {
    List<Layer> outputs = access.outputLayers();
    preOutputs = new INDArray[outputs.size()];
    for (int i = 0; i < preOutputs.length; i++) {
      int output = i;
      Layer layer = inner(outputs.get(i));
      OutputCapture capture = outputCaptures.get(layer);
      boolean wrapped =
          layer != null
              && wrappers.loss(
                  layer.conf().getLayer(),
                  (loss, labels, preOutput, activation, mask) ->
                      answer(output, errors, capture, loss, labels, preOutput, activation, mask));
      if (!wrapped && errors != null) {
        throw new UnsupportedOperationException(
            "The loss of output " + i + " cannot be replaced: it is kept by another kind of layer");
      }
    }
  }

  private INDArray answer(
      int output,
      OutputErrors errors,
      OutputCapture capture,
      ILossFunction loss,
      INDArray labels,
      INDArray preOutput,
      IActivation activation,
      INDArray mask) {
    preOutputs[output] =
        memory.computeIfAbsent("preOutput/" + output, k -> new Memory()).copy(preOutput);
    INDArray delta =
        errors == null
            ? loss.computeGradient(labels, preOutput, activation, mask)
            // Copied to where the platform's own losses put theirs: CnnLossLayer insists on it.
            : Memory.detached(
                    () ->
                        errors
                            .errors(output, loss, labels, preOutputs[output], activation, mask)
                            .castTo(preOutput.dataType()))
                .dup('c');
    if (!delta.equalShapes(preOutput)) {
      throw new IllegalArgumentException(
          "errors of output "
              + output
              + " must have the shape "
              + Arrays.toString(preOutput.shape())
              + ", got "
              + Arrays.toString(delta.shape()));
    }
    if (capture != null) {
      capture.error(delta);
    }
    return delta;
  }

  private void add(TrainedPart part, Map<Layer, OutputCapture> outputCaptures) {
    Layer layer = inner(part.layer());
    String name = describe(part.name(), layer);
    Capture capture = null;
    // A bias that stays as it is, is no part of the map.
    if (layer != null && BIAS.containsAll(part.others())) {
      capture = of(new Capture.Site(name, layer, part.offsets(), memory));
    }
    if (capture == null) {
      unsupported.add(name);
    } else {
      captures.add(capture);
      if (capture instanceof OutputCapture output) {
        outputCaptures.put(layer, output);
      }
    }
  }

  /** Null for layers that are not known: a subclass may do anything. */
  private static Capture of(Capture.Site site) {
    Class<?> type = site.layer().getClass();
    if (type == DenseLayer.class) {
      return site.offsets().containsKey(DefaultParamInitializer.GAIN_KEY)
          ? normalizedDense(site)
          : new DenseCapture(site);
    }
    if (type == OutputLayer.class || type == RnnOutputLayer.class) {
      return new OutputCapture(site);
    }
    if (type == ConvolutionLayer.class || type == Convolution1DLayer.class) {
      return ConvolutionCapture.of(site);
    }
    if (type == EmbeddingLayer.class || type == EmbeddingSequenceLayer.class) {
      return new EmbeddingCapture(site);
    }
    if (type == LSTM.class) {
      return lstm(site);
    }
    return type == SimpleRnn.class ? simpleRnn(site) : null;
  }

  private static Capture normalizedDense(Capture.Site site) {
    BaseLayer layer = (BaseLayer) site.layer().conf().getLayer();
    // The noisy weights are gone when they are needed.
    return layer.getWeightNoise() == null ? new NormalizedDenseCapture(site) : null;
  }

  private static Capture lstm(Capture.Site site) {
    AbstractLSTM layer = (AbstractLSTM) site.layer().conf().getLayer();
    return RecurrentCapture.draws(layer.getActivationFn())
            || RecurrentCapture.draws(layer.getGateActivationFn())
        ? null
        : new LstmCapture(site);
  }

  private static Capture simpleRnn(Capture.Site site) {
    BaseLayer layer = (BaseLayer) site.layer().conf().getLayer();
    return RecurrentCapture.draws(layer.getActivationFn())
            || site.offsets().containsKey(SimpleRnnParamInitializer.GAIN_KEY)
        ? null
        : new SimpleRnnCapture(site);
  }

  /** The layer that has the parameters. */
  private static Layer inner(Layer layer) {
    if (layer instanceof FrozenLayerWithBackprop frozen) {
      return inner(frozen.getInsideLayer());
    }
    return layer instanceof LastTimeStepLayer || layer instanceof MaskZeroLayer
        ? inner(((BaseWrapperLayer) layer).getUnderlying())
        : layer;
  }

  /**
   * Takes the wrappers off.
   *
   * @param model the network of {@link #begin}
   * @return what was heard
   * @throws IllegalStateException if a layer was not heard
   */
  public Tape end(Model model) {
    wrappers.remove();
    try {
      ModelAccess access = ModelAccess.of(model);
      int examples = access.batchSize();
      List<LayerRecord> records = new ArrayList<>();
      for (Capture capture : captures) {
        if (capture.leading() != examples
            && (capture.leading() % examples != 0 || !access.keepsOrder())) {
          unsupported.add(capture.site.name() + ", whose rows cannot be told apart");
        } else {
          records.add(capture.record(examples));
        }
      }
      long size =
          access.trainableRanges().stream().mapToLong(range -> range.to() - range.from()).sum();
      return new Tape(
          examples, size, access.parameters().dataType(), records, unsupported, preOutputs);
    } finally {
      abandon();
    }
  }

  /** Takes the wrappers off and forgets what was heard. */
  public void abandon() {
    wrappers.remove();
    captures.clear();
    unsupported.clear();
    preOutputs = null;
  }
}

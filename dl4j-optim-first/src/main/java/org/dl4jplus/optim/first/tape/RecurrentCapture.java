package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.layers.recurrent.BaseRecurrentLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A recurrent layer as one linear map of the input and the last step's output together. The
 * platform goes through the time steps from the last one to the first.
 */
abstract class RecurrentCapture extends Capture {

  final org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer layer;
  final long outputs;
  private final int gates;
  private final String weight;
  private final String recurrentWeight;
  private final String bias;
  private INDArray inputs;
  private INDArray errors;
  private long inputWidth;
  private INDArray mask;
  private int step = -1;
  private boolean complete;

  RecurrentCapture(Site site, int gates, String weight, String recurrentWeight, String bias) {
    super(site);
    layer = (org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer) site.layer().conf().getLayer();
    outputs = layer.getNOut();
    this.gates = gates;
    this.weight = weight;
    this.recurrentWeight = recurrentWeight;
    this.bias = bias;
  }

  /** An activation that draws cannot be asked for the layer's output again. */
  static boolean draws(IActivation activation) {
    return RecordingActivation.original(activation) instanceof ActivationRReLU;
  }

  /** At the first sign of a pass. */
  final void start(INDArray like) {
    if (step >= 0) {
      return;
    }
    INDArray input = site.layer().input().castTo(like.dataType());
    boolean stepsLast = ((BaseRecurrentLayer<?>) site.layer()).getDataFormat() == RNNFormat.NCW;
    INDArray byStep = stepsLast ? input.permute(2, 0, 1) : input.permute(1, 0, 2);
    long steps = byStep.size(0);
    long batch = byStep.size(1);
    inputWidth = byStep.size(2);
    inputs = site.memory("input").zeros(like.dataType(), steps, batch, inputWidth + outputs);
    inputs
        .get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, inputWidth))
        .assign(byStep);
    errors = site.memory("error").zeros(like.dataType(), steps, batch, gates * outputs);
    mask = site.mask(steps * batch);
    step = (int) steps - 1;
    complete = false;
  }

  final int step() {
    return step;
  }

  final void nextStep() {
    step--;
    complete = step < 0;
  }

  /** The layer's output at the current step, which the next one had as input. */
  final void output(INDArray values) {
    if (step + 1 < inputs.size(0)) {
      masked(values);
      inputs
          .get(
              NDArrayIndex.point(step + 1),
              NDArrayIndex.all(),
              NDArrayIndex.interval(inputWidth, inputWidth + outputs))
          .assign(values);
    }
  }

  /** Changes an array in 'c' order. */
  final INDArray masked(INDArray values) {
    INDArray steps = site.layer().getMaskArray();
    return steps == null
        ? values
        : values.muliColumnVector(steps.getColumn(step, true).castTo(values.dataType()));
  }

  final void error(int gate, INDArray delta) {
    errors
        .get(
            NDArrayIndex.point(step),
            NDArrayIndex.all(),
            NDArrayIndex.interval(gate * outputs, (gate + 1) * outputs))
        .assign(delta);
  }

  @Override
  boolean heard() {
    return complete;
  }

  @Override
  long batch() {
    return errors.size(1);
  }

  @Override
  final LayerRecord record(int examples) {
    long width = inputs.size(2);
    long rows = inputs.size(0) * inputs.size(1);
    return new LinearRecord(
        site.name(),
        examples,
        Masks.rows(mask, examples),
        () -> Rows.byExample(inputs.reshape('c', new long[] {rows, width}), examples, width),
        Rows.byExample(
            errors.reshape('c', new long[] {rows, errors.size(2)}), examples, errors.size(2)),
        new WeightLayout(
            new long[] {site.offset(weight), site.offset(recurrentWeight)},
            new long[] {inputWidth, outputs},
            site.offset(bias),
            errors.size(2),
            'f'),
        site.memory("scaled"));
  }
}

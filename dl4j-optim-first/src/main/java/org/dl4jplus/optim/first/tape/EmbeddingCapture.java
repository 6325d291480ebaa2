package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An {@link EmbeddingLayer} or {@link EmbeddingSequenceLayer}. */
final class EmbeddingCapture extends Capture implements RecordingActivation.Sink {

  private final FeedForwardLayer layer;
  private INDArray tokens;
  private INDArray errors;
  private INDArray mask;

  EmbeddingCapture(Site site) {
    super(site);
    layer = (FeedForwardLayer) site.layer().conf().getLayer();
  }

  @Override
  void install(Wrappers wrappers) {
    wrappers.activation((BaseLayer) site.layer().conf().getLayer(), this);
  }

  @Override
  public void error(INDArray delta) {
    boolean stepsLast =
        layer instanceof EmbeddingSequenceLayer sequence
            && sequence.getOutputFormat() == RNNFormat.NCW;
    errors = site.memory("error").copy(stepsLast ? delta.permute(0, 2, 1) : delta);
    tokens = site.memory("input").copy(site.layer().input());
    mask = site.layer().getMaskArray();
    if (mask != null) {
      mask = site.memory("mask").copy(Masks.flat(mask));
      errors
          .reshape('c', new long[] {tokens.length(), layer.getNOut()})
          .muliColumnVector(mask.castTo(errors.dataType()));
    }
  }

  @Override
  boolean heard() {
    return errors != null;
  }

  @Override
  long batch() {
    return errors.size(0);
  }

  @Override
  LayerRecord record(int examples) {
    // One token of the leading axis at a time, like the errors.
    INDArray all =
        tokens.reshape('c', new long[] {errors.size(0), tokens.length() / errors.size(0)});
    return new EmbeddingRecord(
        site.name(),
        examples,
        mask == null
            ? null
            : Masks.rows(Rows.byExample(mask.reshape('c', all.shape()), examples, 1)),
        Rows.byExample(all, examples, 1).toIntVector(),
        Rows.byExample(errors, examples, layer.getNOut()),
        WeightLayout.of(
            site.offset(DefaultParamInitializer.WEIGHT_KEY),
            layer.getNIn(),
            site.offset(DefaultParamInitializer.BIAS_KEY),
            layer.getNOut()));
  }
}

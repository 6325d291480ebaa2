package org.dl4jplus.optim.first.tape;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Listens to one layer during one backward pass. */
abstract class Capture {

  /** A layer with trained parameters. */
  record Site(String name, Layer layer, Map<String, Long> offsets, Map<String, Memory> memory) {

    long offset(String key) {
      return offsets.getOrDefault(key, -1L);
    }

    Memory memory(String key) {
      return memory.computeIfAbsent(name + '/' + key, k -> new Memory());
    }

    /** The layer's mask as a column, time steps leading, null without a mask. */
    INDArray mask(long rows) {
      INDArray mask = layer.getMaskArray();
      INDArray column = mask == null ? null : Masks.column(mask, rows);
      return column == null ? null : memory("mask").copy(column);
    }
  }

  final Site site;

  Capture(Site site) {
    this.site = site;
  }

  /** Starts listening. */
  abstract void install(Wrappers wrappers);

  /** Entries of the leading axis of what was heard: examples, or examples at several places. */
  final long leading() {
    if (!heard()) {
      throw new IllegalStateException(
          "Layer " + site.name() + " was not part of the recorded backward pass");
    }
    return batch();
  }

  /** Whether the layer was asked for its whole gradient. */
  abstract boolean heard();

  abstract long batch();

  /** What was heard. */
  abstract LayerRecord record(int examples);
}

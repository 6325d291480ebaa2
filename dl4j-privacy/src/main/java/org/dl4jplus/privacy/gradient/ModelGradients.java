package org.dl4jplus.privacy.gradient;

import java.util.Arrays;
import java.util.List;
import lombok.extern.slf4j.Slf4j;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * Records seen through a network. The records of a step are cut into pieces that pass the network
 * together; norms are double precision numbers, and so are the sums of pieces. Inside a piece a
 * network of floats sums floats, so its pieces have 256 records at most, and for differences of
 * gradients its records pass one by one, whatever the engine. Passes leave the network's gradient,
 * score and batch behind, but never other parameters.
 */
@Slf4j
public final class ModelGradients {

  private static final int MOST_FLOATS = 256;

  private final ModelOracle oracle;
  private final PrivateRecords records;
  private final int maxPiece;
  private final int layers;
  private final ClippingEngine engine;
  private final ClippingEngine differences;
  private long notFinite;

  /**
   * Makes ready. Records of zeros pass the network, to see which layers can be recorded and to make
   * its gradient.
   *
   * @param oracle the network
   * @param records all records
   * @param engine how to compute
   * @param maxPiece records that pass through the network at once at most, above 0
   * @throws IllegalArgumentException if the engine is not possible, naming the layers, or if the
   *     network's type is neither FLOAT nor DOUBLE
   */
  public ModelGradients(
      ModelOracle oracle, PrivateRecords records, GradientEngine engine, int maxPiece) {
    this.oracle = oracle;
    this.records = records;
    NetworkPasses passes = new NetworkPasses(oracle, records);
    boolean floats = oracle.parameters().dataType() == DataType.FLOAT;
    this.maxPiece = floats ? Math.min(maxPiece, MOST_FLOATS) : maxPiece;
    layers = passes.layers().length;
    this.engine = engine(passes, engine);
    // In a piece of floats a gradient's last digits depend on the other records, and a small
    // difference consists of last digits: the others would move it by more than its threshold.
    differences = floats ? new Loop(passes) : this.engine;
  }

  private ClippingEngine engine(NetworkPasses passes, GradientEngine wanted) {
    List<String> unsupported = passes.record(new LayerRecorder(), zeros()).unsupported();
    if (wanted == GradientEngine.LOOP) {
      return new Loop(passes);
    }
    List<String> noisy = withWeightNoise(passes.model());
    if (!noisy.isEmpty() && records.size() > maxPiece && wanted != GradientEngine.GHOST) {
      // A record more moves others to the next piece, and so to other weights.
      String reason = String.join(", ", noisy) + " with weight noise, which a piece shares";
      if (wanted != GradientEngine.AUTO) {
        throw new IllegalArgumentException(
            "gradientEngine = "
                + wanted
                + " is not possible for more records than pass at once, take LOOP: "
                + reason);
      }
      log.info("Records pass the network one by one, slowly, because of {}", reason);
      return new Loop(passes);
    }
    if (!unsupported.isEmpty()) {
      String names = String.join(", ", unsupported);
      if (wanted != GradientEngine.AUTO) {
        throw new IllegalArgumentException(
            "gradientEngine = " + wanted + " is not possible, take LOOP: no record of " + names);
      }
      log.info("Records pass the network one by one, slowly, because of {}", names);
      return new Loop(passes);
    }
    return wanted == GradientEngine.GHOST ? new Ghost(passes) : new BookKeeping(passes);
  }

  private static List<String> withWeightNoise(Model model) {
    return ModelAccess.of(model).layers().stream()
        .map(layer -> layer.conf().getLayer())
        .filter(layer -> layer instanceof BaseLayer base && base.getWeightNoise() != null)
        .map(Layer::getLayerName)
        .toList();
  }

  /** Two records, since rows of a single one cannot be mistaken. */
  private MultiDataSet zeros() {
    MultiDataSet data = records.get(new int[2]);
    fill(data.getFeatures(), 0);
    fill(data.getLabels(), 0);
    fill(data.getFeaturesMaskArrays(), 1);
    fill(data.getLabelsMaskArrays(), 1);
    return data;
  }

  private static void fill(INDArray[] arrays, int value) {
    if (arrays != null) {
      Arrays.stream(arrays).filter(array -> array != null).forEach(array -> array.assign(value));
    }
  }

  /**
   * Number of layers that are trained, each of which {@link Clipping#PER_LAYER} clips by itself.
   *
   * @return the count
   */
  public int layers() {
    return layers;
  }

  /**
   * How many gradients so far were not finite and counted as 0. It is private: not for logs or
   * reports.
   *
   * @return the count, over all records and passes
   */
  public long notFinite() {
    return notFinite;
  }

  /**
   * The records of a step.
   *
   * @param drawn their numbers; may be empty
   * @return their sums
   */
  public PrivateGradients of(int[] drawn) {
    return new Drawn(drawn.clone());
  }

  private final class Drawn implements PrivateGradients {

    private final int[] drawn;

    private Drawn(int[] drawn) {
      this.drawn = drawn;
    }

    @Override
    public int coordinates() {
      return Math.toIntExact(oracle.size());
    }

    @Override
    public int count() {
      return drawn.length;
    }

    @Override
    public PrivateGradients part(int from, int to) {
      return new Drawn(Arrays.copyOfRange(drawn, from, to));
    }

    @Override
    public void clippedSum(INDArray point, ClipRule rule, double[] clipped) {
      pieces(piece -> engine.addGradients(piece, point, rule, clipped, null));
    }

    @Override
    public void clippedAndPlainSum(
        INDArray point, ClipRule rule, double[] clipped, double[] plain) {
      pieces(piece -> engine.addGradients(piece, point, rule, clipped, plain));
    }

    @Override
    public void clippedDifferenceSum(
        INDArray point, INDArray reference, double threshold, double[] clipped) {
      ClipRule rule = ClipRule.difference(threshold);
      pieces(piece -> differences.addDifferences(piece, point, reference, rule, clipped));
    }

    private void pieces(Piece piece) {
      for (int from = 0; from < drawn.length; from += maxPiece) {
        notFinite +=
            piece.add(Arrays.copyOfRange(drawn, from, Math.min(drawn.length, from + maxPiece)));
      }
    }
  }

  /** Adds a piece. */
  private interface Piece {
    int add(int[] records);
  }
}

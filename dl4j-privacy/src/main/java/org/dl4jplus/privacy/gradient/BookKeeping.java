package org.dl4jplus.privacy.gradient;

import java.util.List;
import java.util.function.Function;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.dl4jplus.optim.first.tape.Tape;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Norms and weighted sum out of the record of one pass:
 *
 * <pre>{@code
 * n_i^2 = |A_i^T D_i|^2,   sum of f_i A_i^T D_i = [A_1; ..; A_B]^T diag(f) [D_1; ..; D_B]
 * }</pre>
 *
 * for each layer, with A_i the inputs and D_i the errors of record i, which are kept. Records whose
 * gradients are not finite are found by their norms; then the piece passes again without them,
 * since a factor of 0 would not keep them out of the product.
 */
final class BookKeeping implements ClippingEngine {

  private final NetworkPasses passes;
  private final LayerRecorder recorder = new LayerRecorder();
  private LayerRecorder referenceRecorder;

  BookKeeping(NetworkPasses passes) {
    this.passes = passes;
  }

  @Override
  public int addGradients(
      int[] piece, INDArray point, ClipRule rule, double[] clipped, double[] plain) {
    Finite finite = finite(piece, rule, point);
    if (finite.records.length > 0) {
      if (plain != null) {
        NetworkPasses.add(passes.gradientSum(), 1, plain);
      }
      finite.addClipped(clipped);
    }
    return piece.length - finite.records.length;
  }

  @Override
  public int addDifferences(
      int[] piece, INDArray point, INDArray reference, ClipRule rule, double[] clipped) {
    if (referenceRecorder == null) {
      referenceRecorder = new LayerRecorder();
    }
    Finite finite =
        finite(
            piece,
            rule,
            records -> {
              List<Tape> tapes =
                  NetworkPasses.alike(
                      () -> passes.record(recorder, point, records),
                      () -> passes.record(referenceRecorder, reference, records));
              return tapes.get(0).minus(tapes.get(1));
            });
    finite.addClipped(clipped);
    return piece.length - finite.records.length;
  }

  /** A pass of those of the records whose gradients are finite. */
  Finite finite(int[] piece, ClipRule rule, INDArray point) {
    return finite(piece, rule, records -> passes.record(recorder, point, records));
  }

  private Finite finite(int[] piece, ClipRule rule, Function<int[], Tape> pass) {
    int[] records = piece;
    while (records.length > 0) {
      Tape tape = pass.apply(records);
      RecordNorms norms = RecordNorms.of(tape, rule, passes.precision());
      int[] finite = norms.finite(records);
      if (finite.length == records.length) {
        return new Finite(records, tape, norms);
      }
      records = finite;
    }
    return new Finite(records, null, null);
  }

  /** Records with finite gradients; the network's gradient is their sum. */
  final class Finite {

    final int[] records;
    final RecordNorms norms;
    private final Tape tape;

    private Finite(int[] records, Tape tape, RecordNorms norms) {
      this.records = records;
      this.tape = tape;
      this.norms = norms;
    }

    private void addClipped(double[] clipped) {
      if (records.length == 0) {
        return;
      }
      INDArray sum = passes.sum();
      for (int i = 0; i < tape.layers().size(); i++) {
        tape.layers().get(i).weightedSum(norms.factors(i), sum);
      }
      passes.addSum(clipped);
    }
  }
}

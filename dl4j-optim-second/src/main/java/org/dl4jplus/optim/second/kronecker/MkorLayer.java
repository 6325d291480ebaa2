package org.dl4jplus.optim.second.kronecker;

import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.clip.ClipByValue;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * One layer's part in MKOR: two inverse factors that rank-one updates keep up. The inverses lie in
 * arrays that the caller owns; the caller also keeps the two flags.
 */
public final class MkorLayer {

  /** A rank-one update of an inverse in place. */
  @FunctionalInterface
  public interface Update {
    /**
     * Updates.
     *
     * @param inverse the inverse factor; changed
     * @param v vector of the rank-one term
     * @return the largest absolute value in the inverse
     */
    double apply(INDArray inverse, INDArray v);
  }

  /**
   * How inverses are kept up.
   *
   * @param update the rank-one update
   * @param resetShare how far a reset goes to the unit matrix, in (0, 1]
   * @param resetThreshold largest absolute value that needs no reset
   */
  public record Rule(Update update, double resetShare, double resetThreshold) {}

  private final INDArray inputInverse;
  private final INDArray errorInverse;
  private boolean resetInput;
  private boolean resetError;

  /**
   * Opens a layer.
   *
   * @param inputInverse the input side's inverse factor
   * @param errorInverse the output side's
   * @param resetInput whether the input side's is to be reset; true at first
   * @param resetError whether the output side's is to be reset; true at first
   */
  public MkorLayer(
      INDArray inputInverse, INDArray errorInverse, boolean resetInput, boolean resetError) {
    this.inputInverse = inputInverse;
    this.errorInverse = errorInverse;
    this.resetInput = resetInput;
    this.resetError = resetError;
  }

  /** Makes both inverses the unit matrix. */
  public void start() {
    ShermanMorrison.mixIdentity(inputInverse, 1);
    ShermanMorrison.mixIdentity(errorInverse, 1);
  }

  /**
   * Whether the input side's inverse is to be reset at the next refresh.
   *
   * @return the flag
   */
  public boolean resetInput() {
    return resetInput;
  }

  /**
   * Whether the output side's inverse is to be reset at the next refresh.
   *
   * @return the flag
   */
  public boolean resetError() {
    return resetError;
  }

  /**
   * Moves both inverses on by the means of a layer's rows, whose entries are clipped.
   *
   * @param record the layer, which must be linear
   * @param clip largest absolute value of an entry that stays
   * @param rule how
   * @return false if there is no unmasked row or a mean is not finite, and all stays as it was
   */
  public boolean refresh(LayerRecord record, double clip, Rule rule) {
    int[] active = record.unmaskedRows();
    if (active != null && active.length == 0) {
      return false;
    }
    INDArray input = mean(record.inputRows(), active, clip);
    if (record.hasBias()) {
      input =
          Nd4j.concat(
              0, input, Nd4j.valueArrayOf(new long[] {1}, Math.min(1, clip), input.dataType()));
    }
    return refresh(input, mean(record.errorRows(), active, clip), rule);
  }

  private static INDArray mean(INDArray rows, int[] active, double clip) {
    INDArray clipped = Nd4j.exec(new ClipByValue(rows, -clip, clip))[0];
    return (active == null ? clipped : Nd4j.pullRows(clipped, 1, active)).mean(0);
  }

  /**
   * Moves both inverses on: the input side's first. A side whose flag is set is reset in the place
   * of its update; a side that has grown beyond the threshold sets both flags.
   *
   * @param meanInput mean of the input rows
   * @param meanError mean of the error rows
   * @param rule how
   * @return false if one of the means is not finite, and all stays as it was
   */
  public boolean refresh(INDArray meanInput, INDArray meanError, Rule rule) {
    if (!Double.isFinite(GradientTurn.norm(meanInput) + GradientTurn.norm(meanError))) {
      return false;
    }
    boolean reset = resetInput;
    resetInput = false;
    flag(rule, reset ? reset(inputInverse, rule) : rule.update.apply(inputInverse, meanInput));
    reset = resetError;
    resetError = false;
    flag(rule, reset ? reset(errorInverse, rule) : rule.update.apply(errorInverse, meanError));
    return true;
  }

  /** A soft reset may leave too much, and is repeated then. */
  private void flag(Rule rule, double largest) {
    if (largest > rule.resetThreshold) {
      resetInput = true;
      resetError = true;
    }
  }

  private static double reset(INDArray inverse, Rule rule) {
    return ShermanMorrison.mixIdentity(inverse, rule.resetShare);
  }

  /**
   * Multiplies by both inverses, and scales the product to the gradient's length.
   *
   * <pre>{@code
   * V = RA gradient RG,  nu = (||gradient_W|| + ||gradient_b||) / (||V_W|| + ||V_b||)
   * }</pre>
   *
   * @param gradient of shape [inputs (+ 1), outputs]
   * @param bias whether the last row is a bias
   * @return nu*V, a new array; the gradient itself if it is zero or the product of no use
   */
  public INDArray precondition(INDArray gradient, boolean bias) {
    INDArray product = inputInverse.mmul(gradient).mmul(errorInverse);
    double nu = length(gradient, bias) / length(product, bias);
    return nu > 0 && nu < Double.POSITIVE_INFINITY ? product.muli(nu) : gradient;
  }

  /** The norm of the weight plus that of the bias. */
  private static double length(INDArray matrix, boolean bias) {
    double all = norm(matrix);
    if (!bias) {
      return all;
    }
    long last = matrix.rows() - 1;
    return norm(matrix.get(NDArrayIndex.interval(0, last), NDArrayIndex.all()))
        + norm(matrix.getRow(last));
  }

  private static double norm(INDArray x) {
    return GradientTurn.norm(x.dup('c').reshape('c', new long[] {x.length()}));
  }
}

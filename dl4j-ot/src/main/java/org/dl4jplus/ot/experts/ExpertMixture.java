package org.dl4jplus.ot.experts;

import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A mixture of small dense networks.
 *
 * <pre>{@code
 * scores = X R,   gates = router(scores)
 * expert_e(x) = f(x W1_e + b1_e) W2_e + b2_e
 * y_i = sum over e with gate_ie > 0 of gate_ie expert_e(x_i)
 * }</pre>
 *
 * <p>A token without an expert gives 0, or itself. An expert works only on the tokens it is given.
 *
 * @param inputs features of a token, at least 1
 * @param hidden units of an expert, at least 1
 * @param outputs features of a result, at least 1
 * @param experts their number, at least 1
 * @param function f
 * @param identity whether a token without an expert gives itself; needs outputs equal to inputs
 */
public record ExpertMixture(
    int inputs, int hidden, int outputs, int experts, IActivation function, boolean identity) {

  /**
   * A mixture.
   *
   * @param inputs features of a token
   * @param hidden units of an expert
   * @param outputs features of a result
   * @param experts their number
   * @param function f
   * @param identity whether a token without an expert gives itself
   * @throws IllegalArgumentException if a value is out of range
   */
  public ExpertMixture {
    if (inputs < 1 || hidden < 1 || outputs < 1 || experts < 1) {
      throw new IllegalArgumentException(
          "inputs, hidden, outputs and experts must be >= 1: "
              + inputs
              + ", "
              + hidden
              + ", "
              + outputs
              + ", "
              + experts);
    }
    if (identity && inputs != outputs) {
      throw new IllegalArgumentException(
          "outputs must equal inputs for unmatched IDENTITY: " + outputs + ", " + inputs);
    }
  }

  /**
   * The parameters, or their gradients. The arrays are the record's own and not copied.
   *
   * @param router inputs*experts values of R
   * @param first W1 of inputs*(experts*hidden) values: an expert has its block of columns
   * @param firstBias experts*hidden values
   * @param second W2 of hidden*(experts*outputs) values, as first
   * @param secondBias experts*outputs values
   */
  public record Weights(
      double[] router, double[] first, double[] firstBias, double[] second, double[] secondBias) {}

  /** What an expert did. */
  private record Work(int[] tokens, double[] before, double[] after, double[] result) {}

  /** A pass forward. */
  public final class Result {

    private final double[] x;
    private final Weights weights;
    private final Router router;
    private final double[] scores;
    private final Gates gates;
    private final Work[] works = new Work[experts];
    private final double[] output;

    private Result(double[] x, Weights weights, Router router) {
      this.x = x;
      this.weights = weights;
      this.router = router;
      int tokens = x.length / inputs;
      scores = scores(x, weights.router());
      gates = router.route(scores, tokens, experts);
      output = new double[tokens * outputs];
      for (int e = 0; e < experts; e++) {
        works[e] = work(e);
        for (int t = 0; t < works[e].tokens().length; t++) {
          int i = works[e].tokens()[t];
          double gate = gates.weights()[i * experts + e];
          for (int o = 0; o < outputs; o++) {
            output[i * outputs + o] += gate * works[e].result()[t * outputs + o];
          }
        }
      }
      for (int i = 0; identity && i < tokens; i++) {
        if (!gates.matched(i)) {
          System.arraycopy(x, i * inputs, output, i * inputs, inputs);
        }
      }
    }

    private Work work(int e) {
      int[] tokens = gates.tokensOf(e);
      double[] before = new double[tokens.length * hidden];
      for (int t = 0; t < tokens.length; t++) {
        for (int h = 0; h < hidden; h++) {
          double sum = weights.firstBias()[e * hidden + h];
          for (int i = 0; i < inputs; i++) {
            sum += x[tokens[t] * inputs + i] * weights.first()[(i * experts + e) * hidden + h];
          }
          before[t * hidden + h] = sum;
        }
      }
      double[] after =
          tokens.length == 0
              ? before
              : values(function.getActivation(matrix(before, tokens.length), true));
      double[] result = new double[tokens.length * outputs];
      for (int t = 0; t < tokens.length; t++) {
        for (int o = 0; o < outputs; o++) {
          double sum = weights.secondBias()[e * outputs + o];
          for (int h = 0; h < hidden; h++) {
            sum += after[t * hidden + h] * weights.second()[(h * experts + e) * outputs + o];
          }
          result[t * outputs + o] = sum;
        }
      }
      return new Work(tokens, before, after, result);
    }

    private INDArray matrix(double[] values, int rows) {
      return Nd4j.createFromArray(values).reshape(rows, hidden);
    }

    private double[] values(INDArray array) {
      return array.dup('c').data().asDouble();
    }

    /**
     * The results.
     *
     * @return outputs values for each token, token after token; the result's own array
     */
    public double[] output() {
      return output;
    }

    /**
     * Who worked on what.
     *
     * @return the gates
     */
    public Gates gates() {
      return gates;
    }

    /**
     * The pass back.
     *
     * @param upstream gradient with respect to {@link #output}
     * @param sums the gradients of the parameters are added to it
     * @return gradient with respect to the tokens
     */
    public double[] backward(double[] upstream, Weights sums) {
      double[] below = new double[x.length];
      double[] ofGates = new double[gates.weights().length];
      for (int e = 0; e < experts; e++) {
        if (works[e].tokens().length > 0) {
          expert(e, upstream, sums, below, ofGates);
        }
      }
      double[] ofScores = router.backward(scores, gates, ofGates);
      for (int k = 0; k < ofScores.length; k++) {
        if (ofScores[k] != 0) {
          int token = k / experts;
          int e = k % experts;
          for (int i = 0; i < inputs; i++) {
            sums.router()[i * experts + e] += ofScores[k] * x[token * inputs + i];
            below[token * inputs + i] += ofScores[k] * weights.router()[i * experts + e];
          }
        }
      }
      for (int t = 0; identity && t < gates.tokens(); t++) {
        if (!gates.matched(t)) {
          System.arraycopy(upstream, t * inputs, below, t * inputs, inputs);
        }
      }
      return below;
    }

    private void expert(int e, double[] upstream, Weights sums, double[] below, double[] ofGates) {
      Work work = works[e];
      int[] tokens = work.tokens();
      double[] ofAfter = new double[tokens.length * hidden];
      for (int t = 0; t < tokens.length; t++) {
        double gate = gates.weights()[tokens[t] * experts + e];
        for (int o = 0; o < outputs; o++) {
          double g = upstream[tokens[t] * outputs + o];
          ofGates[tokens[t] * experts + e] += g * work.result()[t * outputs + o];
          sums.secondBias()[e * outputs + o] += gate * g;
          for (int h = 0; h < hidden; h++) {
            int k = (h * experts + e) * outputs + o;
            sums.second()[k] += gate * g * work.after()[t * hidden + h];
            ofAfter[t * hidden + h] += gate * g * weights.second()[k];
          }
        }
      }
      double[] ofBefore =
          values(
              function
                  .backprop(matrix(work.before(), tokens.length), matrix(ofAfter, tokens.length))
                  .getFirst());
      for (int t = 0; t < tokens.length; t++) {
        for (int h = 0; h < hidden; h++) {
          double g = ofBefore[t * hidden + h];
          sums.firstBias()[e * hidden + h] += g;
          for (int i = 0; i < inputs; i++) {
            int k = (i * experts + e) * hidden + h;
            sums.first()[k] += g * x[tokens[t] * inputs + i];
            below[tokens[t] * inputs + i] += g * weights.first()[k];
          }
        }
      }
    }
  }

  /**
   * Runs the mixture.
   *
   * @param x inputs values for each token, token after token; not changed
   * @param weights the parameters
   * @param router who gets what
   * @return results, gates and the way back
   */
  public Result run(double[] x, Weights weights, Router router) {
    return new Result(x, weights, router);
  }

  /**
   * What the router works on.
   *
   * @param x inputs values for each token
   * @param router R
   * @return a score for each token and expert, token after token
   */
  public double[] scores(double[] x, double[] router) {
    double[] scores = new double[x.length / inputs * experts];
    for (int k = 0; k < scores.length; k++) {
      int token = k / experts;
      for (int i = 0; i < inputs; i++) {
        scores[k] += x[token * inputs + i] * router[i * experts + k % experts];
      }
    }
    return scores;
  }
}

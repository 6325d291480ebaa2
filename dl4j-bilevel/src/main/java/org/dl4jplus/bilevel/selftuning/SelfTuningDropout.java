package org.dl4jplus.bilevel.selftuning;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Dropout of a layer's input whose rate a {@link SelfTuningTrainer} tunes, with an own rate for
 * each example of a batch:
 *
 * <pre>{@code
 * out[i, j] = keep[i, j] * in[i, j] / (1 - rate[i]),   keep[i, j] = 0 with probability rate[i]
 * }</pre>
 *
 * Without a trainer it is ordinary dropout at the rate that was tuned, at first none.
 */
@EqualsAndHashCode(of = {"name", "rate"})
public final class SelfTuningDropout implements IDropout {

  private static final long serialVersionUID = 1L;

  /** The hyperparameter's name. */
  @Getter @JsonProperty private final String name;

  /** The probability of leaving an input out when no trainer sets it. */
  @Getter @JsonProperty private double rate;

  private transient double[] rates;
  private transient long seed;
  private transient INDArray mask;

  /**
   * Names the hyperparameter.
   *
   * @param name that of a hyperparameter of the trainer
   */
  public SelfTuningDropout(String name) {
    this(name, 0);
  }

  @JsonCreator
  SelfTuningDropout(@JsonProperty("name") String name, @JsonProperty("rate") double rate) {
    if (name == null || name.isEmpty()) {
      throw new IllegalArgumentException("name must be given");
    }
    this.name = name;
    this.rate = rate;
  }

  /** Rates of the next batch's examples, and the seed of the masks; null for the tuned rate. */
  void perturb(double[] rates, long seed) {
    this.rates = rates;
    this.seed = seed;
  }

  void tune(double rate) {
    this.rate = rate;
  }

  @Override
  public INDArray applyDropout(
      INDArray input, INDArray result, int iteration, int epoch, LayerWorkspaceMgr workspaceMgr) {
    long examples = input.size(0);
    if (rates != null && rates.length != examples) {
      throw new IllegalStateException(
          "Dropout " + name + " has " + rates.length + " rates for " + examples + " examples");
    }
    MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
    try (outside) {
      mask = mask(input, examples);
    }
    result.assign(input.mul(mask));
    return result;
  }

  private INDArray mask(INDArray input, long examples) {
    int each = (int) (input.length() / examples);
    double[] keep = new double[(int) input.length()];
    double[] uniform =
        rates == null && rate > 0
            ? Nd4j.rand(DataType.DOUBLE, input.length()).toDoubleVector()
            : null;
    for (int i = 0; i < keep.length; i++) {
      double leave = rates == null ? rate : rates[i / each];
      double u = leave == 0 ? 1 : rates == null ? uniform[i] : CounterNoise.uniform(seed, i);
      keep[i] = u < leave ? 0 : 1 / (1 - leave);
    }
    return Nd4j.createFromArray(keep).castTo(input.dataType()).reshape('c', input.shape());
  }

  @Override
  public INDArray backprop(INDArray gradAtOutput, INDArray gradAtInput, int iteration, int epoch) {
    if (mask == null) {
      throw new IllegalStateException(
          "Dropout " + name + " has no mask: there was no pass forward");
    }
    gradAtInput.assign(gradAtOutput.mul(mask));
    mask = null;
    return gradAtInput;
  }

  @Override
  public void clear() {
    mask = null;
  }

  @Override
  public SelfTuningDropout clone() {
    return new SelfTuningDropout(name, rate);
  }
}

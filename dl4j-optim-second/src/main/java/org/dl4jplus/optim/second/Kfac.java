package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.SampledLabels;
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.dl4jplus.optim.second.kronecker.KfacLayer;
import org.dl4jplus.optim.second.kronecker.KfacLayer.Inverse;
import org.dl4jplus.optim.second.kronecker.KroneckerFactors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * K-FAC: natural-gradient steps whose curvature is a Kronecker product for each layer. Attach it
 * with {@code network.addListeners(new Kfac())} to a network whose updater is {@code Sgd}: its rate
 * is the method's learning rate, and momentum is in here.
 *
 * <pre>{@code
 * A = factorDecay*A + (1-factorDecay) * (1/n) sum x x^T     x: a layer's input rows, with a 1 for the bias
 * G = factorDecay*G + (1-factorDecay) * (1/N) sum d d^T     d: one example's gradient by the pre-activations
 * pi = sqrt( (tr A/dim A) / (tr G/dim G) )                  the first batch starts A and G
 * V = (A + pi*sqrt(damping)*I)^-1 g (G + sqrt(damping)/pi*I)^-1
 * nu = min(1, sqrt( klClip / sum over layers of lr^2*<V,g> ))
 * M = momentum*M + nu*V + weightDecay*W ;   the updater gets M
 * }</pre>
 *
 * <p>n counts examples, N rows: one row an example in a dense layer, one a pixel in a convolution
 * (KFC), one a time step in sequences, without those that are masked. Recurrent layers are one map
 * of a step's input and the last step's output together, with steps taken as independent; the
 * platform tells an LSTM no mask, so that padded steps count there. Layers that are not one linear
 * map of rows (batch normalization, layer normalization, and whatever the tape does not record)
 * take their plain gradient through the same momentum.
 *
 * <p>Fields: {@code momentum} 0.9, in [0, 1); {@code damping} 0.03, above 0; {@code piCorrection}
 * true: splits the damping by pi, which is kept in [1e-3, 1e3], and evenly without; {@code
 * factorDecay} 0.95, in [0, 1); {@code factorUpdateFrequency} 1 and {@code inverseUpdateFrequency}
 * 10, at least 1: in steps; {@code klClip} 0.001, at least 0, 0 for none; {@code fisher} EMPIRICAL:
 * G from the true labels, or SAMPLED: from labels drawn from the network's own predictions, at the
 * cost of another pass in each step that renews the factors; {@code seed} 0: of these draws; {@code
 * weightDecay} 0, at least 0, of all trained parameters, inside the momentum. The platform's L1, L2
 * and weight decay are added after the method and are not part of the curvature.
 *
 * <p>Factors that are not finite are left out. A layer whose errors have all been zero does not
 * move by its gradient. Where a damped factor is not positive definite its damping is doubled, up
 * to ten times; then the layer takes its plain gradient until the next renewal. State: the momentum
 * and, for each layer, {@code 2 (inputs^2 + outputs^2)} values.
 *
 * <p>J. Martens, R. Grosse: "Optimizing Neural Networks with Kronecker-factored Approximate
 * Curvature", arXiv 1503.05671 (2015); convolution: R. Grosse, J. Martens, arXiv 1602.01407 (2016).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Kfac extends GradientListener {

  /** Which labels G is made of. */
  public enum Fisher {
    /** The true ones. */
    EMPIRICAL,
    /** Labels drawn from the network's predictions: the Fisher matrix proper. */
    SAMPLED
  }

  private static final int STEPS = 0;
  private static final int LAYERS = 1;
  private static final int MATRICES = 4;

  private final double momentum;
  private final double damping;
  private final boolean piCorrection;
  private final double factorDecay;
  private final int factorUpdateFrequency;
  private final int inverseUpdateFrequency;
  private final double klClip;
  private final Fisher fisher;
  private final long seed;
  private final double weightDecay;

  /** K-FAC with its defaults. */
  public Kfac() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * K-FAC with a damping.
   *
   * @param damping above 0
   */
  public Kfac(double damping) {
    this(null, damping, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Kfac(
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("damping") Double damping,
      @JsonProperty("piCorrection") Boolean piCorrection,
      @JsonProperty("factorDecay") Double factorDecay,
      @JsonProperty("factorUpdateFrequency") Integer factorUpdateFrequency,
      @JsonProperty("inverseUpdateFrequency") Integer inverseUpdateFrequency,
      @JsonProperty("klClip") Double klClip,
      @JsonProperty("fisher") Fisher fisher,
      @JsonProperty("seed") Long seed,
      @JsonProperty("weightDecay") Double weightDecay) {
    this.momentum = beta("momentum", momentum, 0.9);
    this.damping = positive("damping", damping, 0.03);
    this.piCorrection = !Boolean.FALSE.equals(piCorrection);
    this.factorDecay = beta("factorDecay", factorDecay, 0.95);
    this.factorUpdateFrequency = count("factorUpdateFrequency", factorUpdateFrequency, 1);
    this.inverseUpdateFrequency = count("inverseUpdateFrequency", inverseUpdateFrequency, 10);
    this.klClip = nonNegative("klClip", klClip, 0.001);
    this.fisher = fisher == null ? Fisher.EMPIRICAL : fisher;
    this.seed = seed == null ? 0 : seed;
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
  }

  @Override
  protected boolean recordsLayers() {
    return true;
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray gradient = turn.gradient();
    List<LayerRecord> records = turn.tape().layers();
    List<LayerRecord> drawn = newFactors(turn) && fisher == Fisher.SAMPLED ? draw(turn) : records;
    INDArray[] directions = new INDArray[records.size()];
    double sum = 0;
    for (int i = 0; i < directions.length; i++) {
      LayerRecord record = records.get(i);
      if (record.isLinear()) {
        INDArray own = record.readMatrix(gradient);
        directions[i] = direction(turn, i, record, drawn.get(i), own);
        if (directions[i] != null) {
          sum += inner(directions[i], own);
        }
      }
    }
    double nu = clip(turn, sum);
    for (int i = 0; i < directions.length; i++) {
      if (directions[i] != null) {
        records.get(i).writeMatrix(directions[i].muli(nu), gradient);
      }
    }
    turn.setScalar(STEPS, turn.scalar(STEPS) + 1);
    accelerate(turn);
  }

  /** The layers in a pass whose labels are drawn from the predictions. */
  private List<LayerRecord> draw(GradientTurn turn) {
    long step = (long) turn.scalar(STEPS);
    return turn.oracle()
        .record(
            turn.parameters(),
            new SampledLabels(CounterNoise.deriveSeed(seed, step)),
            turn.scratch(0))
        .layers();
  }

  private boolean newFactors(GradientTurn turn) {
    return turn.scalar(STEPS) % factorUpdateFrequency == 0;
  }

  /** The direction of one layer; null for its plain gradient. */
  private INDArray direction(
      GradientTurn turn, int i, LayerRecord record, LayerRecord drawn, INDArray own) {
    long inputs = own.rows();
    long outputs = own.columns();
    KfacLayer layer =
        new KfacLayer(
            turn.matrix(MATRICES * i, inputs, inputs),
            turn.matrix(MATRICES * i + 1, outputs, outputs),
            turn.matrix(MATRICES * i + 2, inputs, inputs),
            turn.matrix(MATRICES * i + 3, outputs, outputs));
    Inverse state = Inverse.values()[(int) turn.scalar(LAYERS + i)];
    boolean renewed =
        newFactors(turn)
            && layer.accumulate(
                KroneckerFactors.of(record, drawn), state == Inverse.NONE ? 0 : factorDecay);
    boolean due = turn.scalar(STEPS) % inverseUpdateFrequency == 0;
    if (state == Inverse.NONE || state == Inverse.ZERO ? renewed : due) {
      state = layer.invert(damping, piCorrection);
      turn.setScalar(LAYERS + i, state.ordinal());
    }
    INDArray direction =
        switch (state) {
          case READY -> layer.precondition(own);
          case ZERO -> own.like();
          default -> null;
        };
    return direction != null && Double.isFinite(inner(direction, direction)) ? direction : null;
  }

  /** The factor of the directions that keeps the step's Kullback-Leibler divergence down. */
  private double clip(GradientTurn turn, double sum) {
    if (klClip == 0) {
      return 1;
    }
    double rate = turn.learningRate();
    if (Double.isNaN(rate)) {
      throw new IllegalStateException("klClip needs an updater that has a learning rate");
    }
    double nu = Math.sqrt(klClip / (rate * rate * sum));
    return nu < 1 ? nu : 1;
  }

  private void accelerate(GradientTurn turn) {
    INDArray direction = turn.gradient();
    if (weightDecay > 0) {
      GradientTurn.axpy(direction, weightDecay, turn.parameters(), direction);
    }
    if (momentum > 0) {
      INDArray velocity = turn.state(0);
      GradientTurn.axpy(direction, momentum, velocity, direction);
      // Else the step stays plain, and the velocity what it was.
      if (Double.isFinite(GradientTurn.dot(direction, direction))) {
        velocity.assign(direction);
      }
    }
  }

  private static double inner(INDArray x, INDArray y) {
    return GradientTurn.dot(flat(x), flat(y));
  }

  private static INDArray flat(INDArray x) {
    return x.dup('c').reshape('c', new long[] {x.length()});
  }
}

package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.between;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.ArrayList;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.optim.second.kronecker.MkorLayer;
import org.dl4jplus.optim.second.kronecker.ShermanMorrison;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * MKOR: each layer's gradient between two inverse Kronecker factors, which rank-one updates keep up
 * in quadratic time, at the gradient's own length; then whatever updater the network has. Attach it
 * with {@code network.addListeners(new Mkor())}.
 *
 * <pre>{@code
 * every factorUpdateFrequency steps, and in each of the first warmupSteps:
 *   v = mean of a layer's input rows (a 1 for the bias at the end), clipped to clippingValue, for RA
 *   v = mean of the gradients of single examples' losses by its pre-activations, clipped, for RG
 *   OFFICIAL:  J = factorDecay*R + (1-factorDecay)*I ;  R = J - (J v)(J v)^T / (1 + v.J v)
 *   EXACT:     R = the inverse of  factorDecay*R^-1 + (1-factorDecay)*v v^T
 *   PAPER:     R = factorDecay*R + (1-factorDecay)/(factorDecay^2 (1 + factorDecay*(1-factorDecay)*v.R v)) (R v)(R v)^T
 *   if max|R| > resetThreshold: both sides of the layer are reset in the place of their next update
 * every step:
 *   V = RA g RG ;  nu = (||g_W|| + ||g_b||) / (||V_W|| + ||V_b||) ;  the updater gets nu*V
 * }</pre>
 *
 * <p>RA and RG start as unit matrices, and the first refresh leaves them so. A reset makes R the
 * unit matrix, as the authors' code does; with PAPER it is {@code (1-stabilization)*R +
 * stabilization*I}, again at each refresh until R is within the threshold. Pixels of a convolution
 * and unmasked time steps are rows of their own (the authors average an example's pixels before
 * they clip). OFFICIAL follows the authors' code, whose recursion is the inverse of no average;
 * EXACT is consistent; PAPER is the printed recursion as far as it is known, and not recommended:
 * its rank-one term has the opposite sign.
 *
 * <p>MKOR-H ({@code hybrid}): when the loss stops falling fast the preconditioning ends for good,
 * the factors are dropped, and the updater gets plain gradients. The published code has only a
 * switch by hand, so this rule is this library's own: the loss is smoothed by an average with decay
 * 0.99; each {@code window} steps give one improvement of it for each step; from {@code minSteps}
 * on the switch happens after the first window whose improvement is below {@code switchThreshold}
 * times the best window's so far. Where no window has improved yet nothing is switched.
 *
 * <p>Fields: {@code factorUpdateFrequency} 10, at least 1; {@code factorDecay} 0.95, in (0, 1);
 * {@code stabilization} 0.1, in (0, 1]; {@code clippingValue} 100, above 0; {@code warmupSteps} 0,
 * at least 0; {@code resetThreshold} 2, at least 1; {@code variant} OFFICIAL; {@code sgdLayers}
 * none: names of layers that take their plain gradient; {@code hybrid} false; {@code window} 100,
 * at least 1; {@code switchThreshold} 0.1, in [0, 1]; {@code minSteps} twice the window, at least
 * 0. Layers that are not one linear map of rows take their plain gradient too.
 *
 * <p>Means that are not finite leave R as it is, and so does a zero mean up to the decay; a zero
 * gradient stays zero. State: {@code inputs^2 + outputs^2} values for each layer, in the network's
 * precision.
 *
 * <p>M. Mozaffari, S. Li, Z. Zhang, M. Mehri Dehnavi: "MKOR: Momentum-Enabled
 * Kronecker-Factor-Based Optimizer Using Rank-1 Updates", arXiv 2306.01685 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Mkor extends GradientListener {

  /** How the inverse factors are kept up. */
  public enum Variant {
    /** As the authors' code does it. */
    OFFICIAL,
    /** The inverse of the decayed average. */
    EXACT,
    /** As the paper prints it, with soft resets. */
    PAPER
  }

  private static final double LOSS_DECAY = 0.99;

  private static final int STEPS = 0;
  private static final int SWITCHED = 1;
  private static final int LOSS = 2;
  private static final int WINDOW_START = 3;
  private static final int BEST = 4;
  private static final int LAYERS = 5;
  private static final int STARTED = 1;
  private static final int RESET_INPUT = 2;
  private static final int RESET_ERROR = 4;

  private final int factorUpdateFrequency;
  private final double factorDecay;
  private final double stabilization;
  private final double clippingValue;
  private final int warmupSteps;
  private final double resetThreshold;
  private final Variant variant;
  private final List<String> sgdLayers;
  private final boolean hybrid;
  private final int window;
  private final double switchThreshold;
  private final int minSteps;

  /** MKOR with its defaults. */
  public Mkor() {
    this(null, null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Mkor(
      @JsonProperty("factorUpdateFrequency") Integer factorUpdateFrequency,
      @JsonProperty("factorDecay") Double factorDecay,
      @JsonProperty("stabilization") Double stabilization,
      @JsonProperty("clippingValue") Double clippingValue,
      @JsonProperty("warmupSteps") Integer warmupSteps,
      @JsonProperty("resetThreshold") Double resetThreshold,
      @JsonProperty("variant") Variant variant,
      @JsonProperty("sgdLayers") List<String> sgdLayers,
      @JsonProperty("hybrid") Boolean hybrid,
      @JsonProperty("window") Integer window,
      @JsonProperty("switchThreshold") Double switchThreshold,
      @JsonProperty("minSteps") Integer minSteps) {
    this.factorUpdateFrequency = count("factorUpdateFrequency", factorUpdateFrequency, 10);
    this.factorDecay = between("factorDecay", factorDecay, 0.95, 0, 1);
    double soft = within("stabilization", stabilization, 0.1, 0, 1);
    this.stabilization = check(soft > 0, "stabilization", soft, "in (0, 1]");
    this.clippingValue = positive("clippingValue", clippingValue, 100);
    this.warmupSteps = atLeast("warmupSteps", warmupSteps, 0, 0);
    double threshold = positive("resetThreshold", resetThreshold, 2);
    this.resetThreshold = check(threshold >= 1, "resetThreshold", threshold, "at least 1");
    this.variant = variant == null ? Variant.OFFICIAL : variant;
    this.sgdLayers = sgdLayers == null ? List.of() : new ArrayList<>(sgdLayers);
    this.hybrid = Boolean.TRUE.equals(hybrid);
    this.window = count("window", window, 100);
    this.switchThreshold = within("switchThreshold", switchThreshold, 0.1, 0, 1);
    this.minSteps =
        atLeast("minSteps", minSteps, (int) Math.min(2L * this.window, Integer.MAX_VALUE), 0);
  }

  @Override
  protected boolean recordsLayers() {
    return true;
  }

  @Override
  protected void transform(GradientTurn turn) {
    if (hybrid && switched(turn)) {
      return;
    }
    long step = (long) turn.scalar(STEPS);
    boolean refresh = step % factorUpdateFrequency == 0 || step < warmupSteps;
    Tape tape = turn.tape();
    List<LayerRecord> records = tape.layers();
    for (int i = 0; i < records.size(); i++) {
      LayerRecord record = records.get(i);
      if (record.isLinear() && !excluded(record.name())) {
        precondition(turn, i, record, refresh);
      }
    }
    turn.setScalar(STEPS, step + 1);
  }

  /** A record's name is the layer's, and its kind in brackets. */
  private boolean excluded(String name) {
    return sgdLayers.stream().anyMatch(layer -> name.startsWith(layer + " ("));
  }

  private void precondition(GradientTurn turn, int i, LayerRecord record, boolean refresh) {
    INDArray own = record.readMatrix(turn.gradient());
    int flags = (int) turn.scalar(LAYERS + i);
    MkorLayer layer =
        new MkorLayer(
            turn.matrix(2 * i, own.rows(), own.rows()),
            turn.matrix(2 * i + 1, own.columns(), own.columns()),
            flags == 0 || (flags & RESET_INPUT) != 0,
            flags == 0 || (flags & RESET_ERROR) != 0);
    if (flags == 0) {
      layer.start();
    }
    if (refresh) {
      layer.refresh(record, clippingValue, rule());
    }
    turn.setScalar(
        LAYERS + i,
        STARTED + (layer.resetInput() ? RESET_INPUT : 0) + (layer.resetError() ? RESET_ERROR : 0));
    record.writeMatrix(layer.precondition(own, record.hasBias()), turn.gradient());
  }

  private MkorLayer.Rule rule() {
    MkorLayer.Update update =
        switch (variant) {
          case OFFICIAL -> (r, v) -> ShermanMorrison.towardsIdentity(r, factorDecay, v);
          case EXACT -> (r, v) -> ShermanMorrison.decayed(r, factorDecay, v);
          case PAPER -> (r, v) -> ShermanMorrison.published(r, factorDecay, v);
        };
    return new MkorLayer.Rule(update, variant == Variant.PAPER ? stabilization : 1, resetThreshold);
  }

  /** Watches the loss; true once the preconditioning has ended. */
  private boolean switched(GradientTurn turn) {
    if (turn.scalar(SWITCHED) == 1) {
      return true;
    }
    long step = (long) turn.scalar(STEPS);
    double smooth =
        step == 0 ? turn.loss() : LOSS_DECAY * turn.scalar(LOSS) + (1 - LOSS_DECAY) * turn.loss();
    turn.setScalar(LOSS, smooth);
    if (step == 0) {
      turn.setScalar(WINDOW_START, smooth);
    } else if (step % window == 0) {
      double improvement = (turn.scalar(WINDOW_START) - smooth) / window;
      double best = turn.scalar(BEST);
      turn.setScalar(WINDOW_START, smooth);
      turn.setScalar(BEST, Math.max(best, improvement));
      if (step >= minSteps && improvement < switchThreshold * best) {
        turn.setScalar(SWITCHED, 1);
        turn.forgetMatrices();
        return true;
      }
    }
    return false;
  }
}

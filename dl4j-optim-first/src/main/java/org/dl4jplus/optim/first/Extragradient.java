package org.dl4jplus.optim.first;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Extragradient and its variants with one gradient a step, with any updater, for saddle points and
 * games: {@code net.addListeners(Extragradient.builder().build())}. The field V is the gradient of
 * a network that holds all players, the losses of those who maximise turned round by {@link
 * GradientReversal}.
 *
 * <pre>{@code
 * EXTRAGRADIENT: z' = z(t) - gamma*V(z(t))               two gradients of the batch
 * PAST:          z' = z(t) - gamma*V(z' of t-1)          one gradient, z'(0) = z(0)
 * REFLECTED:     z' = 2*z(t) - z(t-1)                    one gradient, z'(0) = z(0)
 * all:           z(t+1) = z(t) - updater( V(z') )
 * }</pre>
 *
 * <p>With PAST and REFLECTED the network holds the leading point z' between the steps, where its
 * next gradient is taken; {@link #toBasePoint} moves it to z. With {@code Sgd} and a constant rate
 * they are {@link SingleCallExtragradient}, which needs no listener; here any updater may follow.
 * PAST leads by {@code gamma*V}, REFLECTED by the step that was made: they have the same leading
 * points where that step is {@code gamma*V}, which is to say with {@code Sgd} at the rate gamma,
 * without constraints, regularization and clipping, and with no other updater.
 *
 * <p>Fields: {@code variant} EXTRAGRADIENT; {@code lookahead} PLAIN, or UPDATER for the updater's
 * own step in place of {@code gamma*V} (its state then moves on in both half steps; PAST takes the
 * step that it has just made, and is then REFLECTED); {@code gamma} above 0, by default the
 * updater's rate, that of the first layer where rates differ. Stable below 1/L for EXTRAGRADIENT
 * and below 1/(2L) for the others, with L the Lipschitz constant of V.
 *
 * <p>The layers' constraints act after each half of a step: on z' before its gradient is taken, and
 * on z. The platform's Adam counts by the network's iterations, so with UPDATER the bias correction
 * of both half steps is that of one; the reference's counter moves twice, as {@code
 * OracleOptimizer}'s does.
 *
 * <p>Y.-G. Hsieh, F. Iutzeler, J. Malick, P. Mertikopoulos: "On the convergence of single-call
 * stochastic extra-gradient methods", arXiv 1908.08465 (2019).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Extragradient extends GradientListener {

  /** Where the gradient of a step is taken. */
  public enum Variant {
    /** A step ahead by the gradient at the base point. */
    EXTRAGRADIENT,
    /** A step ahead by the last gradient. */
    PAST,
    /** The last step once more. */
    REFLECTED
  }

  /** How the step ahead is made. */
  public enum Lookahead {
    /** By gamma times the gradient. */
    PLAIN,
    /** By the updater. */
    UPDATER
  }

  private static final int OFFSET = 0;

  private final Variant variant;
  private final Lookahead lookahead;
  private final Double gamma;

  /** Extragradient with its defaults. */
  public Extragradient() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private Extragradient(
      @JsonProperty("variant") Variant variant,
      @JsonProperty("lookahead") Lookahead lookahead,
      @JsonProperty("gamma") Double gamma) {
    this.variant = variant == null ? Variant.EXTRAGRADIENT : variant;
    this.lookahead = lookahead == null ? Lookahead.PLAIN : lookahead;
    this.gamma = gamma == null ? null : Require.positive("gamma", gamma, 1);
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray point = turn.scratch(0);
    if (changesParameters()) {
      // The network is at the leading point already; the new offset may need it.
      point.assign(turn.parameters());
      return;
    }
    INDArray gradient = turn.gradient();
    if (lookahead == Lookahead.UPDATER) {
      turn.update(gradient, point);
      GradientTurn.axpy(turn.parameters(), -1, point, point);
    } else {
      GradientTurn.axpy(turn.parameters(), -Lookaheads.gamma(gamma, turn), gradient, point);
    }
    turn.project(point);
    turn.evaluate(point, gradient);
  }

  @Override
  protected boolean changesParameters() {
    return variant != Variant.EXTRAGRADIENT;
  }

  @Override
  protected void afterUpdate(GradientTurn turn, INDArray parameters) {
    if (!changesParameters()) {
      return;
    }
    // Offset of the leading from the base point. Kept in place of the base point, so that whatever
    // else moves the parameters (constraints, averaging over workers) moves both.
    INDArray offset = turn.state(OFFSET);
    INDArray ahead = turn.scratch(0);
    boolean byGradient = variant == Variant.PAST && lookahead == Lookahead.PLAIN;
    if (!byGradient) {
      // From the old leading to the old base point.
      GradientTurn.axpy(ahead, -1, offset, ahead);
    }
    INDArray base = GradientTurn.axpy(parameters, -1, offset, offset);
    turn.project(base);
    if (byGradient) {
      GradientTurn.axpy(base, -Lookaheads.gamma(gamma, turn), turn.gradient(), ahead);
    } else {
      GradientTurn.axpy(base, -1, ahead, ahead);
      GradientTurn.axpy(base, 1, ahead, ahead);
    }
    turn.project(ahead);
    parameters.assign(ahead);
    GradientTurn.axpy(ahead, -1, base, offset);
  }

  /**
   * Moves a network from the leading point, at which PAST and REFLECTED leave it between steps, to
   * the base point, and forgets the last step. Does nothing to a network that is at its base point.
   *
   * @param network the network
   */
  public void toBasePoint(Model network) {
    INDArray offset = state(network).vector(OFFSET);
    if (offset != null) {
      ModelOracle oracle = new ModelOracle(network);
      INDArray parameters = oracle.parameters();
      oracle.writeParameters(GradientTurn.axpy(parameters, -1, offset, parameters));
      restoreState(network, new GradientState());
    }
  }
}

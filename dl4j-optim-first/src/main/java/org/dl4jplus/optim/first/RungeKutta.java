package org.dl4jplus.optim.first;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Follows the gradient flow of a network, or of a game between networks, by a Runge-Kutta scheme
 * instead of Euler's, which gradient descent is. All stages see the same batch.
 *
 * <pre>{@code
 * order 2:  k1 = V(z), k2 = V(z - gamma*k1)                                 g = (k1 + k2)/2
 * order 4:  k1 = V(z), k2 = V(z - gamma/2*k1), k3 = V(z - gamma/2*k2),
 *           k4 = V(z - gamma*k3)                              g = (k1 + 2*k2 + 2*k3 + k4)/6
 * }</pre>
 *
 * <p>It is the scheme proper under {@code Sgd}, with gamma its rate; other updaters take g as a
 * gradient. Fields: {@code order} 2, or 4; {@code gamma} above 0, by default the updater's rate,
 * that of the first layer where rates differ. No state.
 *
 * <p>"Runge-Kutta optimizers for adversarial training", arXiv 2202.05352 (2022).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class RungeKutta extends GradientListener {

  /** How far each stage goes from the start along the last one's field, after the first. */
  private static final double[][] NODES = {{1}, {0.5, 0.5, 1}};

  private static final double[][] WEIGHTS = {{0.5, 0.5}, {1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0}};

  private final int order;
  private final Double gamma;

  /** The scheme of order 2. */
  public RungeKutta() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private RungeKutta(@JsonProperty("order") Integer order, @JsonProperty("gamma") Double gamma) {
    this.order = order == null ? 2 : order;
    Require.check(this.order == 2 || this.order == 4, "order", this.order, "2 or 4");
    this.gamma = gamma == null ? null : Require.positive("gamma", gamma, 1);
  }

  @Override
  protected void transform(GradientTurn turn) {
    double length = Lookaheads.gamma(gamma, turn);
    double[] nodes = NODES[order / 2 - 1];
    double[] weights = WEIGHTS[order / 2 - 1];
    INDArray start = turn.scratch(0).assign(turn.parameters());
    INDArray point = turn.scratch(1);
    INDArray field = turn.scratch(2).assign(turn.gradient());
    INDArray mean = turn.gradient().muli(weights[0]);
    for (int stage = 0; stage < nodes.length; stage++) {
      GradientTurn.axpy(start, -length * nodes[stage], field, point);
      turn.evaluate(point, field);
      GradientTurn.axpy(mean, weights[stage + 1], field, mean);
    }
  }
}

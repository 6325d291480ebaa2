package org.dl4jplus.optim.zeroth.onebyte;

import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;

/**
 * A logical machine: it replays the rounds on its own copy of the parameters, evaluates losses
 * around it and answers with bytes. The same copy, data and header give the same answer wherever
 * and however often it is asked.
 */
public final class Machine {

  private final long id;
  private final LocalLosses losses;
  private final Replica replica;
  private final Perturber perturber;
  // The entries that may move, numbered one after the other.
  private final long[] starts;
  private final int[] numbers;
  private double meanLoss = Double.NaN;

  /**
   * A machine.
   *
   * @param id its number among the machines of the run
   * @param losses of its data
   * @param replica its copy of the entries that may move
   * @throws IllegalArgumentException if the losses have another number of such entries
   */
  public Machine(long id, LocalLosses losses, Replica replica) {
    this.id = id;
    this.losses = losses;
    this.replica = replica;
    ZoProblem problem = losses.problem();
    perturber = new Perturber(problem.parameters(), problem.stretches());
    List<Stretch> stretches = problem.stretches();
    starts = new long[stretches.size()];
    numbers = new int[starts.length];
    long next = 0;
    for (int k = 0; k < starts.length; k++) {
      starts[k] = stretches.get(k).from();
      numbers[k] = Math.toIntExact(next);
      next += stretches.get(k).to() - stretches.get(k).from();
    }
    if (next != replica.live().length) {
      throw new IllegalArgumentException(
          "replica must have "
              + next
              + " entries, as the losses have, got "
              + replica.live().length);
    }
  }

  /**
   * Its number.
   *
   * @return the id
   */
  public long id() {
    return id;
  }

  /**
   * Its copy of the entries that may move.
   *
   * @return the live object
   */
  public Replica replica() {
    return replica;
  }

  /**
   * Mean of the finite losses of the last answer.
   *
   * @return the mean; NaN before, or without any
   */
  public double meanLoss() {
    return meanLoss;
  }

  /**
   * Answers to a round.
   *
   * @param header the round, which must be the next of the replica
   * @return one byte a sample
   */
  public Upload answer(RoundHeader header) {
    ByteCode code = header.code();
    double[] estimates = estimates(header);
    byte[] codes = new byte[estimates.length];
    for (int s = 0; s < codes.length; s++) {
      codes[s] = code.encode(estimates[s]);
    }
    return new Upload(header.round(), id, codes);
  }

  /**
   * What an answer's bytes are rounded from. Afterwards the parameters of the losses are those of
   * the replica.
   *
   * @param header the round, which must be the next of the replica
   * @return one estimate a sample; NaN or infinite where a loss is
   * @throws IllegalArgumentException for another round
   */
  public double[] estimates(RoundHeader header) {
    if (header.round() != replica.version()) {
      throw new IllegalArgumentException(
          "round must be " + replica.version() + ", which comes next, got " + header.round());
    }
    OneByte config = replica.config();
    double eps = config.getEpsilon();
    double[] estimates = new double[config.getSamplesPerRound()];
    double total = 0;
    int finite = 0;
    try {
      for (int s = 0; s < estimates.length; s++) {
        long seed = CounterNoise.deriveSeed(config.getRunSeed(), header.round(), id, s);
        losses.choose(seed);
        double plus = lossAt(seed, eps);
        double minus = lossAt(seed, -eps);
        estimates[s] = (plus - minus) / (2 * eps);
        if (Double.isFinite(estimates[s])) {
          total += (plus + minus) / 2;
          finite++;
        }
      }
    } finally {
      show();
    }
    meanLoss = finite == 0 ? Double.NaN : total / finite;
    return estimates;
  }

  /** The loss away from the replica, which stays as it is: no residue is left by rounding. */
  private double lossAt(long seed, double scale) {
    double[] theta = replica.live();
    perturber.apply(
        (x, from, length, decays, scratch) -> {
          int number = number(from);
          double[] z = scratch[0];
          CounterNoise.fill(replica.config().getDistribution(), seed, number, z, length);
          for (int i = 0; i < length; i++) {
            x[i] = theta[number + i] + scale * z[i];
          }
        });
    return losses.problem().loss();
  }

  /** Writes the replica's entries into the parameters of the losses. */
  public void show() {
    double[] theta = replica.live();
    perturber.apply(
        (x, from, length, decays, scratch) -> System.arraycopy(theta, number(from), x, 0, length));
  }

  private int number(long from) {
    int k = Arrays.binarySearch(starts, from);
    k = k < 0 ? -k - 2 : k;
    return numbers[k] + (int) (from - starts[k]);
  }
}

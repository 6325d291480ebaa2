package org.dl4jplus.privacy;

import java.util.concurrent.CompletableFuture;
import org.dl4jplus.privacy.noise.NoiseSource;

/**
 * Draws the normal numbers of a step on another thread while the records pass the network. Whoever
 * asks for anything else waits for them, so that equal seeds give equal numbers; numbers that
 * nobody asks for are kept for the next step, and none is handed out twice.
 */
final class AheadNoise implements NoiseSource {

  private final NoiseSource source;
  private CompletableFuture<double[]> ahead;

  AheadNoise(NoiseSource source) {
    this.source = source;
  }

  /** Starts drawing, unless numbers are left. */
  void prepare(int count) {
    if (ahead == null) {
      ahead =
          CompletableFuture.supplyAsync(
              () -> {
                double[] numbers = new double[count];
                source.gaussian(numbers);
                return numbers;
              });
    }
  }

  @Override
  public void gaussian(double[] out) {
    double[] numbers = ahead == null ? null : ahead.join();
    if (numbers == null || numbers.length != out.length) {
      source.gaussian(out);
    } else {
      ahead = null;
      System.arraycopy(numbers, 0, out, 0, out.length);
    }
  }

  @Override
  public long bits() {
    if (ahead != null) {
      ahead.join();
    }
    return source.bits();
  }

  @Override
  public boolean secure() {
    return source.secure();
  }
}

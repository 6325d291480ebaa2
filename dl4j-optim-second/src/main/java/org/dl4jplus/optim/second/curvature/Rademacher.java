package org.dl4jplus.optim.second.curvature;

import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.vector.HostView;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Entries 1 and -1 with equal probability. A vector is a function of the seed, the draw and its
 * index only: a resumed run sees the same ones, and the network's random stream is not touched.
 *
 * @param seed the run's seed
 */
public record Rademacher(long seed) implements Probes {

  private static final int CHUNK = 4096;

  @Override
  public void fill(long draw, int index, INDArray out) {
    long stream = CounterNoise.deriveSeed(seed, draw, index);
    HostView view = new HostView(out);
    double[] chunk = new double[(int) Math.min(CHUNK, view.length())];
    for (int from = 0; from < view.length(); from += CHUNK) {
      int length = (int) Math.min(CHUNK, view.length() - from);
      CounterNoise.fill(Distribution.RADEMACHER, stream, from, chunk, length);
      for (int i = 0; i < length; i++) {
        view.set(from + i, chunk[i]);
      }
    }
    view.flush();
  }
}

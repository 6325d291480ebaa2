package org.dl4jplus.optim.zeroth.offload;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Parameters in a store, of which a few blocks at a time are in working memory. Block b comes into
 * array b modulo their number, always the same one, so that layers can be bound to it.
 */
public final class ResidentBlocks implements AutoCloseable {

  private final BlockStore store;
  private final long[] starts;
  private final long seed;
  private final StoredBlock[] stored;
  private final StoredBlock[][] storedMoments;
  private final INDArray[] resident;
  private final INDArray[][] residentMoments;
  private final ExecutorService fetcher;
  private final ExecutorService returner;
  private long fetched;
  private long returned;
  private boolean closed;

  /**
   * Takes the memory.
   *
   * @param store where the parameters lie; closed with this
   * @param type of the parameters, FLOAT or DOUBLE
   * @param compression of the stored parameters
   * @param moments vectors in double precision that go with them
   * @param starts the first parameter of each block, and the end of the last one
   * @param slots blocks in working memory at a time, at least 1
   * @param overlap whether blocks come and go while another is worked on
   * @param seed of random rounding
   */
  public ResidentBlocks(
      BlockStore store,
      DataType type,
      Compression compression,
      int moments,
      long[] starts,
      int slots,
      boolean overlap,
      long seed) {
    this.store = store;
    this.starts = starts.clone();
    this.seed = seed;
    int blocks = starts.length - 1;
    stored = new StoredBlock[blocks];
    storedMoments = new StoredBlock[blocks][moments];
    resident = new INDArray[Math.min(slots, blocks)];
    residentMoments = new INDArray[resident.length][moments];
    int[] sizes = new int[resident.length];
    for (int b = 0; b < blocks; b++) {
      sizes[b % sizes.length] = Math.max(sizes[b % sizes.length], Math.max(1, size(b)));
      stored[b] = new StoredBlock(store, type, compression, size(b));
      for (int k = 0; k < moments; k++) {
        storedMoments[b][k] = new StoredBlock(store, DataType.DOUBLE, Compression.NONE, size(b));
      }
    }
    for (int s = 0; s < resident.length; s++) {
      resident[s] = Nd4j.create(type, sizes[s]);
      for (int k = 0; k < moments; k++) {
        residentMoments[s][k] = Nd4j.create(DataType.DOUBLE, sizes[s]);
      }
    }
    fetcher = overlap ? thread("zo2-fetch") : null;
    returner = overlap ? thread("zo2-return") : null;
  }

  private static ExecutorService thread(String name) {
    return Executors.newSingleThreadExecutor(
        work -> {
          Thread thread = new Thread(work, name);
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * Number of blocks.
   *
   * @return the count
   */
  public int count() {
    return stored.length;
  }

  /**
   * Parameters of a block.
   *
   * @param block its number
   * @return the count
   * @throws ArithmeticException for more than 2^31 - 1
   */
  public int size(int block) {
    return Math.toIntExact(starts[block + 1] - starts[block]);
  }

  /**
   * First parameter of a block.
   *
   * @param block its number, or the number of blocks for the end
   * @return its place among all parameters
   */
  public long start(int block) {
    return starts[block];
  }

  /**
   * Where a block's parameters are when it is in working memory: at the beginning.
   *
   * @param block its number
   * @return the live array, at least as long as the block
   */
  public INDArray array(int block) {
    return resident[block % resident.length];
  }

  /**
   * Where the vectors are that go with a block's parameters.
   *
   * @param block its number
   * @return the live arrays
   */
  public INDArray[] moments(int block) {
    return residentMoments[block % resident.length];
  }

  /**
   * Brings a block into working memory.
   *
   * @param block its number
   * @throws IllegalStateException after {@link #close()}
   */
  public void fetch(int block) {
    checkOpen();
    stored[block].read(array(block));
    for (int k = 0; k < storedMoments[block].length; k++) {
      storedMoments[block][k].read(moments(block)[k]);
    }
  }

  /**
   * Puts a block back.
   *
   * @param block its number
   * @param iteration of the run
   * @param occasion tells random roundings of an iteration apart
   */
  public void putBack(int block, int iteration, int occasion) {
    stored[block].write(
        array(block), Directions.stepSeed(seed, iteration, occasion, -1), starts[block]);
    for (int k = 0; k < storedMoments[block].length; k++) {
      storedMoments[block][k].write(moments(block)[k], 0, 0);
    }
  }

  /**
   * Brings the blocks in, one after another, has them worked on, and puts them back. While one is
   * worked on, the next ones come, as far as there is room, and the last one goes. Everything is
   * done when this returns.
   *
   * @param work gets the number of a block that is in working memory; called by this thread
   * @param changed which blocks are put back
   * @param iteration as in {@link #putBack}
   * @param occasion as in {@link #putBack}
   * @throws IllegalStateException after {@link #close()}
   */
  public void pass(IntConsumer work, IntPredicate changed, int iteration, int occasion) {
    checkOpen();
    int n = stored.length;
    if (fetcher == null) {
      for (int b = 0; b < n; b++) {
        fetched++;
        fetch(b);
        work.accept(b);
        if (changed.test(b)) {
          returned++;
          putBack(b, iteration, occasion);
        }
      }
      return;
    }
    Future<?>[] coming = new Future<?>[n];
    Future<?>[] going = new Future<?>[n];
    int next = 0;
    try {
      for (int b = 0; b < n; b++) {
        // There is room for a block where the one was that is so many blocks before it.
        for (; next < Math.min(n, b + resident.length); next++) {
          coming[next] =
              coming(next, next < resident.length ? null : going[next - resident.length]);
        }
        await(coming[b]);
        work.accept(b);
        if (changed.test(b)) {
          int block = b;
          returned++;
          going[b] = returner.submit(() -> putBack(block, iteration, occasion));
        }
      }
    } finally {
      Arrays.stream(coming).forEach(ResidentBlocks::await);
      Arrays.stream(going).forEach(ResidentBlocks::await);
    }
  }

  private Future<?> coming(int block, Future<?> before) {
    fetched++;
    return fetcher.submit(
        () -> {
          await(before);
          fetch(block);
        });
  }

  private static void await(Future<?> future) {
    if (future == null) {
      return;
    }
    try {
      future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted", e);
    }
  }

  /**
   * Writes what is stored, as it is stored.
   *
   * @param out where to
   * @throws IOException if it cannot be written
   * @throws IllegalStateException after {@link #close()}
   */
  public void save(OutputStream out) throws IOException {
    checkOpen();
    for (int b = 0; b < stored.length; b++) {
      stored[b].save(out);
      for (StoredBlock moment : storedMoments[b]) {
        moment.save(out);
      }
    }
  }

  /**
   * Reads what {@link #save} wrote.
   *
   * @param in where from
   * @throws IOException if it cannot be read, or ends too early
   */
  public void load(InputStream in) throws IOException {
    for (int b = 0; b < stored.length; b++) {
      stored[b].load(in);
      for (StoredBlock moment : storedMoments[b]) {
        moment.load(in);
      }
    }
  }

  /**
   * The working memory for parameters. It is taken once: there is never more.
   *
   * @return bytes
   */
  public long residentBytes() {
    return bytes(resident);
  }

  /**
   * The working memory for what goes with the parameters.
   *
   * @return bytes
   */
  public long residentMomentBytes() {
    return Arrays.stream(residentMoments).mapToLong(ResidentBlocks::bytes).sum();
  }

  private static long bytes(INDArray[] arrays) {
    return Arrays.stream(arrays).mapToLong(a -> a.length() * a.dataType().width()).sum();
  }

  /**
   * What the parameters take in the store.
   *
   * @return bytes
   */
  public long storedBytes() {
    return Arrays.stream(stored).mapToLong(StoredBlock::bytes).sum();
  }

  /**
   * How many blocks passes have brought in.
   *
   * @return the count
   */
  public long fetched() {
    return fetched;
  }

  /**
   * How many blocks passes have put back.
   *
   * @return the count
   */
  public long returned() {
    return returned;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("The network is closed");
    }
  }

  @Override
  public void close() {
    closed = true;
    if (fetcher != null) {
      fetcher.shutdown();
      returner.shutdown();
    }
    store.close();
  }
}

package org.dl4jplus.optim.first.vector;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Runs a rule over blocks of primitive arrays that fit the processor's nearest cache, on the
 * threads of the common fork-join pool. Scratch space is kept, so nothing that grows with the
 * arrays is allocated.
 */
final class BlockExecutor implements VectorExecutor {

  static final BlockExecutor INSTANCE = new BlockExecutor();

  /** Entries in a block. */
  static final int BLOCK = 4096;

  /** Entries of a memory that a {@code java.nio} buffer can show (2 GiB of doubles). */
  static final long MAXIMUM_END = Integer.MAX_VALUE / Double.BYTES;

  /**
   * The arrays are cut into at most this many parts, whatever the number of threads: so sums do not
   * depend on it.
   */
  private static final int PARTS = 64;

  /** Below this length starting another thread costs more than it saves. */
  private static final int PARALLEL_FROM = 8 * BLOCK;

  // Kept here and not by thread: the common pool's threads forget what is theirs after each task.
  private final Queue<BlockLane> floats = new ConcurrentLinkedQueue<>();
  private final Queue<BlockLane> doubles = new ConcurrentLinkedQueue<>();

  private BlockExecutor() {}

  @Override
  public void forEach(Consumer<Lane> rule, Operands operands) {
    sums(0, (lane, none) -> rule.accept(lane), operands);
  }

  @Override
  public double[] sums(int count, BiConsumer<Lane, double[]> quantities, Operands operands) {
    long length = operands.gradient().length();
    long blocks = (length + BLOCK - 1) / BLOCK;
    int parts = (int) Math.min(PARTS, blocks);
    Memories memories = new Memories(operands);
    double[][] partial = new double[parts][count];
    AtomicInteger next = new AtomicInteger();
    boolean single = operands.gradient().dataType() != DataType.DOUBLE;
    Queue<BlockLane> lanes = single ? floats : doubles;
    Runnable worker =
        () -> {
          BlockLane kept = lanes.poll();
          BlockLane lane =
              kept == null ? new BlockLane(single ? FloatBlock::new : DoubleBlock::new) : kept;
          lane.enter(memories);
          try {
            for (int part; (part = next.getAndIncrement()) < parts; ) {
              long from = blocks * part / parts * BLOCK;
              long to = Math.min(length, blocks * (part + 1) / parts * BLOCK);
              lane.run(quantities, from, to, partial[part]);
            }
          } finally {
            lane.leave();
            lanes.add(lane);
          }
        };
    int helpers =
        length < PARALLEL_FROM
            ? 0
            : Math.min(parts - 1, ForkJoinPool.commonPool().getParallelism());
    List<ForkJoinTask<?>> tasks = new ArrayList<>(helpers);
    for (int i = 0; i < helpers; i++) {
      tasks.add(ForkJoinPool.commonPool().submit(worker));
    }
    try {
      worker.run();
    } finally {
      // Also after a failure nobody may touch the arrays once this returns: their memory may be
      // reused.
      tasks.forEach(ForkJoinTask::quietlyJoin);
    }
    for (ForkJoinTask<?> task : tasks) {
      task.join();
    }
    double[] sums = new double[count];
    for (double[] part : partial) {
      add(sums, part);
    }
    return sums;
  }

  private static void add(double[] sums, double[] summands) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += summands[i];
    }
  }

  /** The memory behind the operands. */
  private static final class Memories {

    final Memory gradient;
    final Memory parameters;
    final Memory[] states;

    Memories(Operands operands) {
      gradient = Memory.of(operands.gradient());
      parameters = operands.parameters() == null ? null : Memory.of(operands.parameters());
      states = operands.stateMemory();
    }
  }

  /** One thread's blocks, moved along the arrays. */
  private static final class BlockLane extends Lane {

    private final Supplier<Vector> newBlock;
    private final Vector gradient;
    private final Vector parameters;
    private final List<Vector> states = new ArrayList<>();
    private final List<Vector> temps = new ArrayList<>();
    private Memories memories;
    private int length;

    BlockLane(Supplier<Vector> newBlock) {
      this.newBlock = newBlock;
      gradient = newBlock.get();
      parameters = newBlock.get();
    }

    void enter(Memories newMemories) {
      memories = newMemories;
      while (states.size() < memories.states.length) {
        states.add(newBlock.get());
      }
    }

    void leave() {
      // Hold on to no array beyond the step.
      move(0, 0, null);
      memories = null;
    }

    void run(BiConsumer<Lane, double[]> quantities, long from, long to, double[] sums) {
      double[] summands = new double[sums.length];
      for (long start = from; start < to; start += BLOCK) {
        move(start, (int) Math.min(BLOCK, to - start), memories);
        quantities.accept(this, summands);
        add(sums, summands);
        ((Block) gradient).flush();
        for (int i = 0; i < memories.states.length; i++) {
          ((Block) states.get(i)).flush();
        }
      }
    }

    private void move(long start, int newLength, Memories from) {
      length = newLength;
      ((Block) gradient).bind(from == null ? null : from.gradient, start, newLength);
      ((Block) parameters).bind(from == null ? null : from.parameters, start, newLength);
      for (int i = 0; i < memories.states.length; i++) {
        ((Block) states.get(i)).bind(from == null ? null : from.states[i], start, newLength);
      }
      for (Vector temp : temps) {
        ((Block) temp).bind(null, start, newLength);
      }
    }

    @Override
    public Vector gradient() {
      return gradient;
    }

    @Override
    public Vector parameters() {
      if (memories.parameters == null) {
        throw new IllegalStateException("This rule was given no parameter values");
      }
      return parameters;
    }

    @Override
    public Vector state(int index) {
      return states.get(index);
    }

    @Override
    public Vector temp(int index) {
      while (temps.size() <= index) {
        Vector temp = newBlock.get();
        ((Block) temp).bind(null, 0, length);
        temps.add(temp);
      }
      return temps.get(index);
    }
  }
}

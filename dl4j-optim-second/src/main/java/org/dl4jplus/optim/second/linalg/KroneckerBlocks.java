package org.dl4jplus.optim.second.linalg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.vector.HostView;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Shampoo's preconditioner of one tensor: cut into blocks, it has for each block and axis a
 * statistic (the sum of the gradient's outer products with itself along that axis) and the
 * statistic's inverse root. Both lie in arrays that the caller owns.
 */
public final class KroneckerBlocks {

  private final long[] dimensions;
  private final List<Block> blocks = new ArrayList<>();
  private CompletableFuture<List<InverseRoot>> pending;

  /** One block: where it begins, and for each axis the statistic and its root. */
  private record Block(
      long[] start, long[] shape, List<INDArray> statistics, List<INDArray> roots) {

    long length() {
      return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }
  }

  /**
   * Opens the arrays.
   *
   * @param dimensions the tensor's, row-major
   * @param blockSize longest side of a block, at least 1
   * @param statistics array of {@link #size} entries; null for tensors of rank 1
   * @param roots the same
   */
  public KroneckerBlocks(long[] dimensions, long blockSize, INDArray statistics, INDArray roots) {
    this.dimensions = dimensions.clone();
    long at = 0;
    for (long[][] sides : sides(dimensions, blockSize)) {
      long[] start = new long[dimensions.length];
      long[] shape = new long[dimensions.length];
      Block block = new Block(start, shape, new ArrayList<>(), new ArrayList<>());
      for (int axis = 0; axis < shape.length; axis++) {
        start[axis] = sides[axis][0];
        shape[axis] = sides[axis][1] - sides[axis][0];
        block.statistics.add(square(statistics, at, shape[axis]));
        block.roots.add(square(roots, at, shape[axis]));
        at += shape[axis] * shape[axis];
      }
      blocks.add(block);
    }
  }

  private static INDArray square(INDArray flat, long from, long side) {
    return flat.get(NDArrayIndex.interval(from, from + side * side))
        .reshape('c', new long[] {side, side});
  }

  /** The blocks in the order of their places, each as [from, to) along every axis. */
  private static List<long[][]> sides(long[] dimensions, long blockSize) {
    if (dimensions.length < 2) {
      return List.of();
    }
    List<long[][]> blocks = List.<long[][]>of(new long[dimensions.length][]);
    for (int axis = 0; axis < dimensions.length; axis++) {
      List<long[][]> finer = new ArrayList<>();
      for (long[][] block : blocks) {
        for (long from = 0; from < dimensions[axis]; from += blockSize) {
          long[][] piece = block.clone();
          piece[axis] = new long[] {from, Math.min(from + blockSize, dimensions[axis])};
          finer.add(piece);
        }
      }
      blocks = finer;
    }
    return blocks;
  }

  /**
   * Entries of all statistics.
   *
   * @param dimensions the tensor's
   * @param blockSize longest side of a block, at least 1
   * @return the number; 0 for a tensor of rank 1, which is not preconditioned
   */
  public static long size(long[] dimensions, long blockSize) {
    long size = 0;
    for (long[][] block : sides(dimensions, blockSize)) {
      for (long[] side : block) {
        size += (side[1] - side[0]) * (side[1] - side[0]);
      }
    }
    return size;
  }

  /**
   * Joins neighbouring axes while their product stays in a limit, and drops axes of one entry.
   *
   * @param dimensions a tensor's
   * @param limit largest product
   * @return fewer dimensions with the same product
   */
  public static long[] merged(long[] dimensions, long limit) {
    List<Long> merged = new ArrayList<>();
    long product = 1;
    for (long dimension : dimensions) {
      if (product * dimension <= limit) {
        product *= dimension;
      } else {
        if (product > 1) {
          merged.add(product);
        }
        product = dimension;
      }
    }
    if (product > 1) {
      merged.add(product);
    }
    return merged.stream().mapToLong(Long::longValue).toArray();
  }

  /**
   * Sets the statistics to a multiple of the unit matrix and the roots to the unit matrix.
   *
   * @param epsilon the multiple
   */
  public void start(double epsilon) {
    for (Block block : blocks) {
      for (int axis = 0; axis < block.shape.length; axis++) {
        block.statistics.get(axis).assign(0);
        addToDiagonal(block.statistics.get(axis), epsilon);
        block.roots.get(axis).assign(0);
        addToDiagonal(block.roots.get(axis), 1);
      }
    }
  }

  private static void addToDiagonal(INDArray matrix, double value) {
    for (long i = 0; i < matrix.rows(); i++) {
      matrix.putScalar(i, i, matrix.getDouble(i, i) + value);
    }
  }

  /**
   * Takes a gradient into the statistics.
   *
   * @param gradient flat array, row-major in the tensor's dimensions; not changed
   * @param keep factor of the statistics so far
   * @param add factor of the gradient's part
   */
  public void accumulate(INDArray gradient, double keep, double add) {
    for (Block block : blocks) {
      INDArray x = cut(gradient, block);
      for (int axis = 0; axis < block.shape.length; axis++) {
        x = unfold(x, block.shape[axis]);
        Nd4j.gemm(x, x, block.statistics.get(axis), false, true, add, keep);
        // The next axis comes to the front.
        x = axis + 1 < block.shape.length ? flat(x.dup('f')) : x;
      }
    }
  }

  /**
   * Multiplies every axis by its root.
   *
   * @param gradient flat array, row-major in the tensor's dimensions; changed in place
   */
  public void precondition(INDArray gradient) {
    for (Block block : blocks) {
      INDArray x = cut(gradient, block);
      for (int axis = 0; axis < block.shape.length; axis++) {
        // Column-major, so that the axis goes to the end and the next one comes to the front.
        x = flat(Nd4j.gemm(block.roots.get(axis), unfold(x, block.shape[axis]), false, false));
      }
      if (blocks.size() == 1) {
        gradient.assign(x);
      } else {
        HostView target = new HostView(gradient);
        HostView source = new HostView(x);
        visit(block, (inBlock, inTensor) -> target.set(inTensor, source.get(inBlock)));
        target.flush();
      }
    }
  }

  /** A block's entries, flat and row-major. */
  private INDArray cut(INDArray gradient, Block block) {
    if (blocks.size() == 1) {
      return gradient;
    }
    INDArray entries = Nd4j.createUninitialized(gradient.dataType(), block.length());
    HostView target = new HostView(entries);
    HostView source = new HostView(gradient);
    visit(block, (inBlock, inTensor) -> target.set(inBlock, source.get(inTensor)));
    target.flush();
    return entries;
  }

  /** Takes the places of one entry: in the block and in the tensor. */
  private interface Places {
    void accept(int inBlock, int inTensor);
  }

  /** Goes through a block's entries, row-major. */
  private void visit(Block block, Places places) {
    int last = dimensions.length - 1;
    long[] at = new long[last];
    int inBlock = 0;
    while (inBlock < block.length()) {
      long inTensor = 0;
      for (int axis = 0; axis < last; axis++) {
        inTensor = (inTensor + block.start[axis] + at[axis]) * dimensions[axis + 1];
      }
      inTensor += block.start[last];
      for (int i = 0; i < block.shape[last]; i++) {
        places.accept(inBlock++, (int) inTensor + i);
      }
      for (int axis = last - 1; axis >= 0 && ++at[axis] == block.shape[axis]; axis--) {
        at[axis] = 0;
      }
    }
  }

  private static INDArray unfold(INDArray flat, long rows) {
    return flat.reshape('c', new long[] {rows, flat.length() / rows});
  }

  private static INDArray flat(INDArray columnMajor) {
    return columnMajor.reshape('f', new long[] {columnMajor.length()});
  }

  /**
   * Computes the roots anew. The ridge stays in the statistics. A root that cannot be computed
   * leaves the old one in place.
   *
   * @param p which inverse root
   * @param ridgeEpsilon ridge as a share of the largest eigenvalue
   */
  public void refresh(int p, double ridgeEpsilon) {
    install(
        blocks.stream()
            .flatMap(block -> block.statistics.stream())
            .map(statistic -> InverseRoot.of(statistic, p, ridgeEpsilon))
            .toList());
  }

  /**
   * Starts computing the roots on another thread, unless that is going on already; {@link
   * #collect()} takes them over.
   *
   * @param p which inverse root
   * @param ridgeEpsilon ridge as a share of the largest eigenvalue
   */
  public void refreshLater(int p, double ridgeEpsilon) {
    if (pending != null) {
      return;
    }
    // On the heap: arrays of this thread's workspaces are not to be seen by another.
    List<double[]> copies =
        blocks.stream()
            .flatMap(block -> block.statistics.stream())
            .map(statistic -> flat(statistic.transpose()).toDoubleVector())
            .toList();
    pending =
        CompletableFuture.supplyAsync(
            () ->
                copies.stream()
                    .map(copy -> unfold(Nd4j.createFromArray(copy), (long) Math.sqrt(copy.length)))
                    .map(statistic -> InverseRoot.of(statistic, p, ridgeEpsilon))
                    .toList());
  }

  /** Takes over the roots that another thread has computed, if they are ready. */
  public void collect() {
    if (pending != null && pending.isDone()) {
      CompletableFuture<List<InverseRoot>> done = pending;
      pending = null;
      if (!done.isCompletedExceptionally()) {
        install(done.join());
      }
    }
  }

  private void install(List<InverseRoot> results) {
    int next = 0;
    for (Block block : blocks) {
      for (int axis : IntStream.range(0, block.shape.length).toArray()) {
        InverseRoot result = results.get(next++);
        if (result.root() != null) {
          addToDiagonal(block.statistics.get(axis), result.ridge());
          block.roots.get(axis).assign(result.root());
        }
      }
    }
  }
}

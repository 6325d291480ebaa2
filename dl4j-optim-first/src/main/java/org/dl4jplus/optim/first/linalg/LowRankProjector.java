package org.dl4jplus.optim.first.linalg;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Projects matrices of one shape on a subspace of low rank. The matrix is always seen {@linkplain
 * #tall(INDArray) tall}, with the longer side first; the rank is at most the shorter side.
 *
 * <pre>{@code
 * SVD:                  low = H Q^T,  back = low Q     (Q: rank x shorter, first right singular vectors)
 * TOPK_NORM, UNIFORM:   low = S H,    back = S^T low   (S: picks rank of the longer side's rows)
 * }</pre>
 *
 * <p>All that it remembers is the basis, which lies in an array that the caller owns: Q, or the
 * picked positions.
 */
public final class LowRankProjector {

  /** How the subspace is chosen. */
  public enum Kind {
    /** The leading singular vectors of the matrix on the shorter side. */
    SVD,
    /** The rows of the longer side with the largest norms. */
    TOPK_NORM,
    /** Rows of the longer side at random. */
    UNIFORM
  }

  private final Kind kind;
  private final long longer;
  private final long shorter;
  private final int rank;

  /**
   * Creates a projector.
   *
   * @param kind how the subspace is chosen
   * @param rows rows of the matrices
   * @param columns their columns
   * @param rank dimension of the subspace; cut to the shorter side
   */
  public LowRankProjector(Kind kind, long rows, long columns, int rank) {
    this.kind = kind;
    longer = Math.max(rows, columns);
    shorter = Math.min(rows, columns);
    this.rank = (int) Math.min(rank, shorter);
  }

  /**
   * The matrix with its longer side first.
   *
   * @param matrix a matrix
   * @return a live view
   */
  public static INDArray tall(INDArray matrix) {
    return matrix.rows() >= matrix.columns() ? matrix : matrix.transpose();
  }

  /**
   * Entries that the basis takes.
   *
   * @return the length of the caller's array
   */
  public long basisLength() {
    return kind == Kind.SVD ? rank * shorter : rank;
  }

  /**
   * Shape of a projected matrix.
   *
   * @return rows and columns
   */
  public long[] lowShape() {
    return kind == Kind.SVD ? new long[] {longer, rank} : new long[] {rank, shorter};
  }

  /**
   * Chooses the subspace for a matrix.
   *
   * @param tall the matrix, tall
   * @param basis flat array of {@link #basisLength()} entries that takes the basis
   * @param seed seed of the random choice
   */
  public void fit(INDArray tall, INDArray basis, long seed) {
    switch (kind) {
      case SVD -> basis.reshape('c', new long[] {rank, shorter}).assign(rightVectors(tall, rank));
      case TOPK_NORM -> pick(basis, Largest.of(tall.norm2(1).toDoubleVector(), rank));
      case UNIFORM -> pick(basis, sample((int) longer, rank, new SplittableRandom(seed)));
    }
  }

  /**
   * The first right singular vectors; the first unit vectors for a zero matrix.
   *
   * @param tall matrix with at least as many rows as columns
   * @param rank how many, at most the columns
   * @return rank x columns, orthonormal rows
   */
  public static INDArray rightVectors(INDArray tall, long rank) {
    return tall.amaxNumber().doubleValue() == 0
        ? leading(Nd4j.eye(tall.columns()), rank).castTo(tall.dataType())
        : new ThinSvd(tall).right(rank);
  }

  private static INDArray leading(INDArray matrix, long rows) {
    return matrix.get(NDArrayIndex.interval(0, rows), NDArrayIndex.all());
  }

  private static void pick(INDArray basis, int[] positions) {
    for (int i = 0; i < positions.length; i++) {
      basis.putScalar(i, positions[i]);
    }
  }

  private static int[] sample(int from, int count, SplittableRandom random) {
    int[] all = IntStream.range(0, from).toArray();
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i, from);
      int other = all[i];
      all[i] = all[j];
      all[j] = other;
    }
    return IntStream.of(all).limit(count).sorted().toArray();
  }

  /**
   * The basis as a matrix with orthonormal rows.
   *
   * @param basis the array that {@link #fit} filled
   * @return Q, a live view, or S
   */
  public INDArray matrix(INDArray basis) {
    if (kind == Kind.SVD) {
      return basis.reshape('c', new long[] {rank, shorter});
    }
    INDArray picks = Nd4j.create(basis.dataType(), rank, longer);
    for (int i = 0; i < rank; i++) {
      picks.putScalar(i, Math.round(basis.getDouble(i)), 1);
    }
    return picks;
  }

  /**
   * Projects a matrix.
   *
   * @param tall the matrix, tall
   * @param matrix the basis as a {@linkplain #matrix(INDArray) matrix}
   * @return the projected matrix, row-major
   */
  public INDArray low(INDArray tall, INDArray matrix) {
    INDArray low = Nd4j.createUninitialized(tall.dataType(), lowShape());
    return kind == Kind.SVD
        ? Nd4j.gemm(tall, matrix, low, false, true, 1, 0)
        : Nd4j.gemm(matrix, tall, low, false, false, 1, 0);
  }

  /**
   * Adds a projected matrix in full size: {@code tall = keep*tall + factor*back(low)}.
   *
   * @param low the projected matrix
   * @param matrix the basis as a {@linkplain #matrix(INDArray) matrix}
   * @param factor factor of what is added
   * @param keep factor of what was there
   * @param tall the matrix, tall; changed in place
   */
  public void back(INDArray low, INDArray matrix, double factor, double keep, INDArray tall) {
    if (kind == Kind.SVD) {
      Nd4j.gemm(low, matrix, tall, false, false, factor, keep);
    } else {
      Nd4j.gemm(matrix, low, tall, true, false, factor, keep);
    }
  }
}

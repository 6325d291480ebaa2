package org.dl4jplus.bilevel.linear;

import java.util.function.UnaryOperator;
import org.dl4jplus.optim.first.updater.Require;

/** A square matrix A that is known by its products. */
public interface LinearOperator {

  /**
   * Number of rows and columns.
   *
   * @return at least 1
   */
  int size();

  /**
   * The product A*v.
   *
   * @param v of the matrix's size; not changed
   * @return a new vector
   */
  double[] apply(double[] v);

  /**
   * The product A'*v.
   *
   * @param v of the matrix's size; not changed
   * @return a new vector
   */
  double[] applyTransposed(double[] v);

  /**
   * The transposed matrix.
   *
   * @return a view of this one
   */
  default LinearOperator transposed() {
    return of(size(), this::applyTransposed, this::apply);
  }

  /**
   * A matrix from its two products.
   *
   * @param size rows and columns, at least 1
   * @param product v to A*v
   * @param transposedProduct v to A'*v
   * @return the matrix
   */
  static LinearOperator of(
      int size, UnaryOperator<double[]> product, UnaryOperator<double[]> transposedProduct) {
    return new LinearOperator() {
      @Override
      public int size() {
        return size;
      }

      @Override
      public double[] apply(double[] v) {
        return product.apply(v);
      }

      @Override
      public double[] applyTransposed(double[] v) {
        return transposedProduct.apply(v);
      }
    };
  }

  /**
   * A symmetric matrix from its product.
   *
   * @param size rows and columns, at least 1
   * @param product v to A*v
   * @return the matrix
   * @throws IllegalArgumentException without the product
   */
  static LinearOperator symmetric(int size, UnaryOperator<double[]> product) {
    Require.given("product", product);
    return of(size, product, product);
  }

  /**
   * A matrix from its entries.
   *
   * @param rows the entries; not copied
   * @return the matrix
   * @throws IllegalArgumentException for null, or if it is not square
   */
  static LinearOperator of(double[][] rows) {
    for (double[] row : Require.given("rows", rows)) {
      if (row.length != rows.length) {
        throw new IllegalArgumentException(
            "rows must be square, got " + rows.length + " rows and one of length " + row.length);
      }
    }
    return of(
        rows.length,
        v -> {
          double[] out = new double[rows.length];
          for (int i = 0; i < out.length; i++) {
            out[i] = Vectors.dot(rows[i], v);
          }
          return out;
        },
        v -> {
          double[] out = new double[rows.length];
          for (int i = 0; i < out.length; i++) {
            Vectors.add(out, v[i], rows[i]);
          }
          return out;
        });
  }
}

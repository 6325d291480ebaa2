package org.dl4jplus.optim.first.vector;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** A whole {@code INDArray}; an operation is one or a few ND4J ops. */
final class ArrayVector extends Vector {

  private final INDArray array;

  ArrayVector(INDArray array) {
    this.array = array;
  }

  private static INDArray of(Vector x) {
    return ((ArrayVector) x).array;
  }

  @Override
  public Vector set(Vector x) {
    array.assign(of(x));
    return this;
  }

  @Override
  public Vector fill(double a) {
    array.assign(a);
    return this;
  }

  @Override
  public Vector scale(double a) {
    array.muli(a);
    return this;
  }

  @Override
  public Vector shift(double a) {
    array.addi(a);
    return this;
  }

  @Override
  public Vector add(Vector x) {
    array.addi(of(x));
    return this;
  }

  @Override
  public Vector sub(Vector x) {
    array.subi(of(x));
    return this;
  }

  @Override
  public Vector mul(Vector x) {
    array.muli(of(x));
    return this;
  }

  @Override
  public Vector div(Vector x) {
    array.divi(of(x));
    return this;
  }

  @Override
  public Vector divOrZero(Vector x) {
    // Not by conditions: those call everything below 1e-5 zero.
    INDArray zero = of(x).eq(0).castTo(array.dataType());
    array.divi(of(x).add(zero)).muli(zero.rsubi(1));
    return this;
  }

  @Override
  public Vector combine(double a, double b, Vector x) {
    INDArray scaled = of(x).mul(b);
    array.muli(a).addi(scaled);
    return this;
  }

  @Override
  public Vector blend(double a, Vector x, double b, Vector y) {
    array.assign(of(x).mul(a).addi(of(y).mul(b)));
    return this;
  }

  @Override
  public Vector addScaled(double a, Vector x) {
    array.addi(of(x).mul(a));
    return this;
  }

  @Override
  public Vector combineSquare(double a, double b, Vector x) {
    INDArray scaled = of(x).mul(of(x)).muli(b);
    array.muli(a).addi(scaled);
    return this;
  }

  @Override
  public Vector divSqrt(Vector x, double a, double b) {
    INDArray divisor = Transforms.sqrt(of(x), true).muli(a).addi(b);
    if ((float) b == 0) {
      return divOrZero(new ArrayVector(divisor));
    }
    array.divi(divisor);
    return this;
  }

  @Override
  public Vector sqrt() {
    Transforms.sqrt(array, false);
    return this;
  }

  @Override
  public Vector abs() {
    Transforms.abs(array, false);
    return this;
  }

  @Override
  public Vector sign() {
    // As in the blocks, so that not a number stays not a number.
    array.divi(Transforms.max(Transforms.abs(array, true), smallestNormal(), false));
    return this;
  }

  private double smallestNormal() {
    if (array.dataType() == DataType.FLOAT16) {
      return 0x1p-14;
    }
    return array.dataType() == DataType.DOUBLE ? Double.MIN_NORMAL : Float.MIN_NORMAL;
  }

  @Override
  public Vector tanh() {
    Transforms.tanh(array, false);
    return this;
  }

  @Override
  public Vector exp() {
    Transforms.exp(array, false);
    return this;
  }

  @Override
  public Vector pow(double p) {
    Transforms.pow(array, p, false);
    return this;
  }

  @Override
  public Vector max(Vector x) {
    Transforms.max(array, of(x), false);
    return this;
  }

  @Override
  public Vector clamp(double low, double high) {
    Transforms.min(Transforms.max(array, low, false), high, false);
    return this;
  }

  @Override
  public Vector bySign(double negative, double zero, double positive) {
    INDArray below = array.lt(0).castTo(array.dataType()).muli(negative - zero);
    INDArray above = array.gt(0).castTo(array.dataType()).muli(positive - zero);
    array.assign(below.addi(above).addi(zero));
    return this;
  }

  @Override
  public Vector above(double threshold) {
    array.assign(array.gt(threshold).castTo(array.dataType()));
    return this;
  }

  @Override
  public Vector sigmoidOfAbs() {
    Transforms.sigmoid(Transforms.abs(array, false), false);
    return this;
  }

  @Override
  public double sum() {
    // ND4J accumulates in the array's own type.
    return array.castTo(DataType.DOUBLE).sumNumber().doubleValue();
  }

  @Override
  public double dot(Vector x) {
    return array
        .castTo(DataType.DOUBLE)
        .mul(of(x).castTo(DataType.DOUBLE))
        .sumNumber()
        .doubleValue();
  }

  @Override
  public double zeroIfFinite() {
    return array.sub(array).sumNumber().doubleValue();
  }
}

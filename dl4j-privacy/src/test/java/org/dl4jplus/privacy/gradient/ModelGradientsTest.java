package org.dl4jplus.privacy.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.preprocessor.BaseInputPreProcessor;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class ModelGradientsTest {

  private static final int[] ALL = IntStream.range(0, Nets.RECORDS).toArray();

  private static final List<Nets> DOUBLES = Nets.all(DataType.DOUBLE);
  private static final List<Nets> FLOATS = Nets.all(DataType.FLOAT);

  static List<Nets> all() {
    return DOUBLES;
  }

  static List<Nets> some() {
    List<Nets> nets = new ArrayList<>();
    List<String> names = List.of("convolution NCHW", "masks", "graph", "layer normalization");
    DOUBLES.stream().filter(net -> names.contains(net.name())).forEach(nets::add);
    FLOATS.stream().filter(net -> names.subList(0, 2).contains(net.name())).forEach(nets::add);
    return nets;
  }

  private static List<ClipRule> rules() {
    List<ClipRule> rules = new ArrayList<>();
    for (Clipping clipping : Clipping.values()) {
      rules.add(new ClipRule(clipping, 0.7, 0.01, null));
    }
    return rules;
  }

  private static ModelGradients gradients(Nets net, GradientEngine engine, int maxPiece) {
    return new ModelGradients(
        new ModelOracle(net.model()), PrivateRecords.of(net.data()), engine, maxPiece);
  }

  private static double[] clipped(PrivateGradients records, INDArray point, ClipRule rule) {
    double[] sum = new double[records.coordinates()];
    records.clippedSum(point, rule, sum);
    return sum;
  }

  private static double norm(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(x -> x * x).sum());
  }

  private static double distance(double[] x, double[] y) {
    return norm(IntStream.range(0, x.length).mapToDouble(i -> x[i] - y[i]).toArray());
  }

  private static double tolerance(Model model) {
    return model.params().dataType() == DataType.DOUBLE ? 1e-12 : 1e-6;
  }

  private static INDArray point(Nets net) {
    return new ModelOracle(net.model()).parameters().dup();
  }

  private static void close(double[] expected, double[] actual, double tolerance, String what) {
    assertTrue(norm(expected) > 0, what);
    assertEquals(0, distance(expected, actual) / norm(expected), tolerance, what);
  }

  @ParameterizedTest
  @MethodSource("all")
  void bookKeepingIsTheLoop(Nets net) {
    compareWithLoop(net, List.of(ClipRule.flat(0.7), rules().get(4)));
  }

  @ParameterizedTest
  @MethodSource("some")
  void bookKeepingIsTheLoopUnderAllClippings(Nets net) {
    compareWithLoop(net, rules());
  }

  private static void compareWithLoop(Nets net, List<ClipRule> rules) {
    INDArray point = point(net);
    ModelGradients loop = gradients(net, GradientEngine.LOOP, 4);
    ModelGradients kept = gradients(net, GradientEngine.BOOK_KEEPING, 9);
    ModelGradients inPieces = gradients(net, GradientEngine.AUTO, 4);
    for (ClipRule rule : rules) {
      for (int[] drawn : new int[][] {{1}, {2}}) {
        double[] expected = clipped(loop.of(drawn), point, rule);
        double[] whole = clipped(kept.of(drawn), point, rule);
        if (norm(expected) > 0) {
          close(expected, whole, tolerance(net.model()), net.name());
        } else {
          assertEquals(0, norm(whole), net.name());
        }
      }
      double[] expected = clipped(loop.of(ALL), point, rule);
      for (ModelGradients engine : List.of(kept, inPieces)) {
        assertEquals(
            0,
            distance(expected, clipped(engine.of(ALL), point, rule)),
            tolerance(net.model()) * (1 + norm(expected)),
            net.name());
      }
    }
    assertEquals(point, point(net));
  }

  @ParameterizedTest
  @MethodSource("some")
  void theGhostIsTheLoop(Nets net) {
    INDArray point = point(net);
    double[] expected =
        clipped(gradients(net, GradientEngine.LOOP, 9).of(ALL), point, ClipRule.flat(0.5));
    ModelGradients ghost = gradients(net, GradientEngine.GHOST, 4);
    close(
        expected,
        clipped(ghost.of(ALL), point, ClipRule.flat(0.5)),
        tolerance(net.model()),
        net.name());
    ClipRule byLayer = new ClipRule(Clipping.PER_LAYER, 1, 1, null);
    assertThrows(IllegalArgumentException.class, () -> clipped(ghost.of(ALL), point, byLayer));
  }

  @ParameterizedTest
  @MethodSource("some")
  void noRecordWeighsMoreThanTheClipNorm(Nets net) {
    INDArray point = point(net);
    double margin = net.model().params().dataType() == DataType.DOUBLE ? 1e-12 : 1e-5;
    ModelGradients gradients = gradients(net, GradientEngine.AUTO, 9);
    for (double clip : new double[] {0.3}) {
      for (Clipping clipping : Clipping.values()) {
        ClipRule rule = new ClipRule(clipping, clip, 0.01, null);
        double[] sum = clipped(gradients.of(ALL), point, rule);
        for (int j : new int[] {1}) {
          int[] others = IntStream.of(ALL).filter(i -> i != j).toArray();
          double moved = distance(sum, clipped(gradients.of(others), point, rule));
          assertTrue(moved <= clip * (1 + margin), net.name() + " " + clipping + " " + moved);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("some")
  void bothSums(Nets net) {
    INDArray point = point(net);
    for (GradientEngine engine : List.of(GradientEngine.AUTO, GradientEngine.LOOP)) {
      PrivateGradients records = gradients(net, engine, 4).of(ALL);
      double[] clipped = new double[records.coordinates()];
      double[] plain = new double[records.coordinates()];
      records.clippedAndPlainSum(point, ClipRule.flat(0.4), clipped, plain);
      assertArrayEquals(clipped(records, point, ClipRule.flat(0.4)), clipped);
      close(clipped(records, point, ClipRule.flat(1e9)), plain, tolerance(net.model()), net.name());
    }
  }

  @ParameterizedTest
  @MethodSource("some")
  void anotherPoint(Nets net) {
    INDArray own = net.model().params().dup();
    INDArray elsewhere = point(net).muli(1.3);
    for (GradientEngine engine : List.of(GradientEngine.AUTO, GradientEngine.LOOP)) {
      PrivateGradients records = gradients(net, engine, 4).of(ALL);
      double[] sum = clipped(records, elsewhere, ClipRule.flat(0.4));
      assertEquals(own, net.model().params());
      new ModelOracle(net.model()).writeParameters(elsewhere);
      assertArrayEquals(clipped(records, point(net), ClipRule.flat(0.4)), sum);
      net.model().params().assign(own);
    }
  }

  @ParameterizedTest
  @MethodSource("some")
  void differences(Nets net) {
    boolean exact = net.model().params().dataType() == DataType.DOUBLE;
    INDArray point = point(net);
    INDArray own = net.model().params().dup();
    for (double step : exact ? new double[] {0.1, 1e-8} : new double[] {0.1}) {
      INDArray reference = point.mul(1 - step);
      double[] one = new double[(int) point.length()];
      double length = step * point.norm2Number().doubleValue();
      gradients(net, GradientEngine.LOOP, 9)
          .of(ALL)
          .clippedDifferenceSum(point, reference, 0.3 * length, one);
      PrivateGradients kept = gradients(net, GradientEngine.AUTO, 4).of(ALL);
      double[] two = new double[one.length];
      kept.clippedDifferenceSum(point, reference, 0.3 * length, two);
      // The gradients lose in their difference what the step takes from their digits.
      close(one, two, (exact ? 1e-13 : 1e-6) / step, net.name());
      for (int j : new int[] {1}) {
        double[] others = new double[one.length];
        int[] which = IntStream.of(ALL).filter(i -> i != j).toArray();
        gradients(net, GradientEngine.AUTO, 9)
            .of(which)
            .clippedDifferenceSum(point, reference, 0.3 * length, others);
        assertTrue(distance(two, others) <= 0.3 * length * (1 + (exact ? 1e-7 : 1e-4)));
      }
      double[] nothing = new double[one.length];
      kept.clippedDifferenceSum(point, point, 0, nothing);
      assertEquals(0, norm(nothing));
      assertEquals(own, net.model().params());
    }
  }

  /** In single precision the last digits of a gradient depend on the other records of a piece. */
  @Test
  void smallDifferencesOfFloatsAreNotMadeOfOtherRecords() {
    int count = 256;
    MultiLayerNetwork network =
        (MultiLayerNetwork)
            Nets.flat(
                    "wide",
                    DataType.FLOAT,
                    list ->
                        list.layer(Nets.dense(130).build())
                            .layer(Nets.dense(130).build())
                            .layer(Nets.output()))
                .model();
    Nets net =
        new Nets(
            "wide",
            network,
            new MultiDataSet(
                Nets.normal(DataType.FLOAT, count, 5), Nets.classes(DataType.FLOAT, count, 3)));
    INDArray point = point(net);
    INDArray reference = point.mul(1 - 1e-6);
    double threshold = 1e-9 * point.norm2Number().doubleValue();
    PrivateGradients all = gradients(net, GradientEngine.AUTO, 256).of(range(0, count));
    double[] whole = new double[all.coordinates()];
    all.clippedDifferenceSum(point, reference, threshold, whole);
    double[] others = new double[whole.length];
    gradients(net, GradientEngine.AUTO, 256)
        .of(range(1, count))
        .clippedDifferenceSum(point, reference, threshold, others);
    double moved = distance(whole, others);
    assertTrue(moved <= threshold * (1 + 1e-9), moved + " above " + threshold);
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }

  /** Differences of the same masks vanish with the step, those of others do not. */
  @Test
  void differencesSeeTheSameDropoutMasks() {
    Nets net =
        Nets.flat(
            "dropout",
            DataType.DOUBLE,
            list -> list.layer(Nets.dense(20).dropOut(0.5).build()).layer(Nets.output()));
    INDArray point = point(net);
    for (GradientEngine engine : List.of(GradientEngine.AUTO, GradientEngine.LOOP)) {
      PrivateGradients records = gradients(net, engine, 9).of(ALL);
      double[] sum = new double[records.coordinates()];
      records.clippedDifferenceSum(point, point.mul(1 + 1e-9), 1, sum);
      assertTrue(norm(sum) < 1e-6, engine + " " + norm(sum));
      double[] first = clipped(records, point, ClipRule.flat(9));
      double[] second = clipped(records, point, ClipRule.flat(9));
      assertTrue(distance(first, second) > 0.1);
    }
  }

  @Test
  void theSumUnderDropoutIsThatOfTheSamePass() {
    Nets net =
        Nets.flat(
            "dropout",
            DataType.DOUBLE,
            list ->
                list.layer(Nets.dense(20).dropOut(0.5).build())
                    .layer(Nets.dense(7).weightNoise(new DropConnect(0.5)).build())
                    .layer(Nets.output()));
    PrivateGradients records = gradients(net, GradientEngine.BOOK_KEEPING, 9).of(ALL);
    double[] clipped = new double[records.coordinates()];
    double[] plain = new double[records.coordinates()];
    records.clippedAndPlainSum(point(net), ClipRule.flat(1e6), clipped, plain);
    close(plain, clipped, 1e-12, "dropout");
  }

  @Test
  void recordsThatAreNotFiniteCountAsZero() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
        Nets net = Nets.dense(type);
        net.data().getFeatures(0).putScalar(1, 0, bad);
        net.data().getFeatures(0).putScalar(4, 2, Double.NaN);
        INDArray point = point(net);
        int[] others = {0, 2, 3, 5};
        for (GradientEngine engine : GradientEngine.values()) {
          ModelGradients gradients = gradients(net, engine, 9);
          double[] clipped = new double[gradients.of(ALL).coordinates()];
          double[] plain = new double[clipped.length];
          gradients.of(ALL).clippedAndPlainSum(point, ClipRule.flat(0.3), clipped, plain);
          assertEquals(Nets.RECORDS - others.length, gradients.notFinite());
          assertTrue(Double.isFinite(norm(plain)));
          double[] expected = new double[clipped.length];
          double[] expectedPlain = new double[clipped.length];
          gradients
              .of(others)
              .clippedAndPlainSum(point, ClipRule.flat(0.3), expected, expectedPlain);
          assertArrayEquals(expected, clipped);
          assertArrayEquals(expectedPlain, plain);
          if (engine != GradientEngine.GHOST) {
            assertArrayEquals(
                clipped(gradients.of(others), point, rules().get(4)),
                clipped(gradients.of(ALL), point, rules().get(4)));
          }
          double[] difference = new double[clipped.length];
          gradients.of(ALL).clippedDifferenceSum(point, point.mul(0.9), 0.1, difference);
          double[] same = new double[clipped.length];
          gradients.of(others).clippedDifferenceSum(point, point.mul(0.9), 0.1, same);
          assertArrayEquals(same, difference);
          assertArrayEquals(
              new double[clipped.length],
              clipped(gradients.of(new int[] {4}), point, ClipRule.flat(1)));
        }
      }
    }
  }

  @Test
  void numbersThatCouldOverflow() {
    Precision floats = Precision.of(DataType.FLOAT);
    assertTrue(floats.finite(1e29) && !floats.finite(1e31) && !floats.finite(Double.NaN));
    assertTrue(Precision.of(DataType.DOUBLE).finite(1e31));
    assertEquals(0, floats.factor(1e-31));
    assertEquals(0, floats.factor(1e31));
    assertEquals(0.3, floats.factor(0.3));
  }

  @Test
  void emptyDraws() {
    Nets net = Nets.dense(DataType.DOUBLE);
    for (GradientEngine engine : GradientEngine.values()) {
      PrivateGradients none = gradients(net, engine, 9).of(new int[0]);
      assertEquals(0, norm(clipped(none, point(net), ClipRule.flat(1))));
    }
  }

  /** Rows that cancel each other, as in a layer whose steps have opposite errors. */
  @Test
  void normsAreNotTooSmallWherePositionsCancel() {
    java.util.Random random = new java.util.Random(8);
    for (int trial = 0; trial < 2; trial++) {
      Nets net =
          Nets.sequence(
              "cancelling",
              DataType.FLOAT,
              8,
              list -> list.layer(new LSTM.Builder().nOut(40).build()).layer(Nets.rnnOutput()));
      INDArray x = net.data().getFeatures(0);
      for (int t = 1; t < 8; t++) {
        // The same input at each step; labels that pull one way and the other.
        x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(t))
            .assign(x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(0)));
      }
      x.muli(random.nextDouble());
      INDArray point = point(net);
      ModelGradients gradients = gradients(net, GradientEngine.AUTO, 9);
      for (int i : ALL) {
        double length = norm(clipped(gradients.of(new int[] {i}), point, ClipRule.flat(1e-3)));
        assertTrue(length <= 1e-3 * (1 + 1e-5), "norm " + length);
      }
    }
  }

  @Test
  void whatTheGhostCannotDo() {
    Nets dropout =
        Nets.flat(
            "dropout",
            DataType.DOUBLE,
            list ->
                list.layer(Nets.dense(4).name("first").dropOut(new Dropout(0.5)).build())
                    .layer(Nets.output()));
    Nets noise =
        Nets.flat(
            "noise",
            DataType.DOUBLE,
            list ->
                list.layer(Nets.dense(4).name("first").weightNoise(new DropConnect(0.5)).build())
                    .layer(Nets.output()));
    for (Nets net : List.of(dropout, noise)) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> gradients(net, GradientEngine.GHOST, 9));
      assertTrue(e.getMessage().contains("first has "), e.getMessage());
    }
  }

  /** Its rows are those of one record after the other, not of one place after the other. */
  @Test
  void theGhostRefusesLossesOverVoxels() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(Nets.dense(12).nIn(5).build())
                .layer(
                    new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                        .lossFunction(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build())
                .inputPreProcessor(1, new FeedForwardToCnn3D())
                .build());
    network.init();
    Nets net =
        new Nets(
            "voxels",
            network,
            new MultiDataSet(
                Nets.normal(DataType.DOUBLE, Nets.RECORDS, 5),
                Nets.normal(DataType.DOUBLE, Nets.RECORDS, 1, 2, 2, 3)));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> gradients(net, GradientEngine.GHOST, 9))
            .getMessage()
            .contains("voxels"));
    close(
        clipped(gradients(net, GradientEngine.LOOP, 9).of(ALL), point(net), ClipRule.flat(0.3)),
        clipped(gradients(net, GradientEngine.AUTO, 9).of(ALL), point(net), ClipRule.flat(0.3)),
        1e-12,
        net.name());
  }

  /** A record more moves others from piece to piece, and to other noise on the weights. */
  @Test
  void recordsOfSeveralPiecesDoNotShareWeightNoise() {
    Nets net =
        Nets.flat(
            "noise",
            DataType.DOUBLE,
            list ->
                list.layer(Nets.dense(4).name("first").weightNoise(new DropConnect(0.5)).build())
                    .layer(Nets.output()));
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> gradients(net, GradientEngine.BOOK_KEEPING, Nets.RECORDS - 1))
            .getMessage()
            .contains("first"));
    gradients(net, GradientEngine.BOOK_KEEPING, Nets.RECORDS);
    Random random = Nd4j.getRandom();
    List<double[]> sums = new ArrayList<>();
    for (GradientEngine engine : List.of(GradientEngine.AUTO, GradientEngine.LOOP)) {
      ModelGradients gradients = gradients(net, engine, 4);
      random.setStates(1, 2);
      sums.add(clipped(gradients.of(ALL), point(net), ClipRule.flat(0.3)));
    }
    assertArrayEquals(sums.get(1), sums.get(0));
  }

  @Test
  void layersWithoutARecordTakeTheLoop() {
    Nets net =
        Nets.sequence(
            "bidirectional",
            DataType.DOUBLE,
            4,
            list ->
                list.layer(new Bidirectional(new LSTM.Builder().nOut(3).build()))
                    .layer(Nets.rnnOutput()));
    INDArray point = point(net);
    assertArrayEquals(
        clipped(gradients(net, GradientEngine.LOOP, 9).of(ALL), point, ClipRule.flat(0.1)),
        clipped(gradients(net, GradientEngine.AUTO, 9).of(ALL), point, ClipRule.flat(0.1)));
    for (GradientEngine engine : List.of(GradientEngine.BOOK_KEEPING, GradientEngine.GHOST)) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> gradients(net, engine, 9))
              .getMessage()
              .contains("Bidirectional"));
    }
  }

  @Test
  void normsOfLayersMustBeAsManyAsLayers() {
    Nets net = Nets.dense(DataType.DOUBLE);
    ClipRule two = new ClipRule(Clipping.PER_LAYER, 5, 1, new double[] {3, 4});
    ClipRule three = new ClipRule(Clipping.PER_LAYER, 3, 1, new double[] {1, 2, 2});
    for (GradientEngine engine : List.of(GradientEngine.AUTO, GradientEngine.LOOP)) {
      ModelGradients gradients = gradients(net, engine, 9);
      assertEquals(3, gradients.layers());
      assertThrows(
          IllegalArgumentException.class, () -> clipped(gradients.of(ALL), point(net), two));
      assertTrue(norm(clipped(gradients.of(ALL), point(net), three)) > 0);
    }
    assertThrows(IllegalArgumentException.class, () -> two.requireLayers(3));
  }

  @Test
  void halfPrecisionIsRefused() {
    Nets net = Nets.dense(DataType.FLOAT);
    MultiDataSet data = net.data();
    Nets half =
        new Nets(
            "half",
            ((org.deeplearning4j.nn.multilayer.MultiLayerNetwork) net.model())
                .convertDataType(DataType.FLOAT16),
            data);
    assertThrows(IllegalArgumentException.class, () -> gradients(half, GradientEngine.AUTO, 9));
    assertThrows(IllegalArgumentException.class, () -> ClipRule.difference(-1));
    assertThrows(
        IllegalArgumentException.class, () -> ClipRule.difference(Double.POSITIVE_INFINITY));
    assertEquals(0, ClipRule.difference(0).factor(1));
    assertEquals(1, ClipRule.difference(0).factor(0));
  }

  private static final class FeedForwardToCnn3D extends BaseInputPreProcessor {

    private static final long serialVersionUID = 1L;

    @Override
    public INDArray preProcess(INDArray input, int size, LayerWorkspaceMgr workspaces) {
      return workspaces.leverageTo(
          ArrayType.ACTIVATIONS, input.dup('c').reshape('c', input.size(0), 1, 2, 2, 3));
    }

    @Override
    public INDArray backprop(INDArray output, int size, LayerWorkspaceMgr workspaces) {
      return workspaces.leverageTo(
          ArrayType.ACTIVATION_GRAD, output.dup('c').reshape('c', output.size(0), 12));
    }

    @Override
    public InputType getOutputType(InputType inputType) {
      return InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 2, 2, 3, 1);
    }
  }
}

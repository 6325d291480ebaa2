package org.dl4jplus.privacy.validation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Whether the gradient of a batch is the sum of its records' gradients, and whether a network
 * remembers records that have passed, tried on random ones:
 *
 * <pre>{@code
 * ||g({a, b, c, d}) - g({a}) - ... - g({d})|| <= tolerance * (||g({a})|| + ... + ||g({d})||)
 * }</pre>
 *
 * with tolerance 1e-6, or 1e-4 in single precision, and the same for {a, b}, whose labels are the
 * same. Dropout and weight noise are off meanwhile. The network is left as it was: parameters,
 * updater, iteration and the platform's random stream.
 */
final class CouplingTest {

  private static final int TRIES = 3;

  private final Model model;
  private final ModelAccess access;
  private final RandomRecords records;
  private final double tolerance;

  private CouplingTest(Model model, MultiDataSet shapes) {
    this.model = model;
    access = ModelAccess.of(model);
    records = new RandomRecords(model, shapes);
    tolerance = access.parameters().dataType() == DataType.DOUBLE ? 1e-6 : 1e-4;
  }

  /**
   * @param shapes one record, of which only the shapes are used
   * @throws IllegalArgumentException if the network fails
   */
  static void check(Model model, MultiDataSet shapes) {
    CouplingTest test = new CouplingTest(model, shapes);
    INDArray before = test.access.parameters().dup();
    HeldArrays held = HeldArrays.of(model);
    Random random = Nd4j.getRandom();
    long root = random.rootState();
    long node = random.nodeState();
    try {
      QuietPasses.run(model, () -> test.withoutDropout(test::run));
      String changed = held.changed(HeldArrays.of(model));
      if (changed != null) {
        throw new IllegalArgumentException(
            changed
                + " is not the same after records have passed through the network: it would"
                + " release them without noise");
      }
      if (!before.equals(test.access.parameters())) {
        throw new IllegalArgumentException(
            "A pass through the network changes its parameters, without noise; its layers: "
                + test.suspects());
      }
    } finally {
      test.access.parameters().assign(before);
      random.setStates(root, node);
    }
  }

  private void run() {
    for (int attempt = 0; attempt < TRIES; attempt++) {
      if (decides(new SplittableRandom(attempt))) {
        return;
      }
    }
    if (!own().isEmpty()) {
      throw new IllegalArgumentException(
          "The gradients of random records are 0 or not finite, so that nothing is known about "
              + suspects());
    }
  }

  /** False if the gradients say nothing. */
  private boolean decides(SplittableRandom random) {
    List<MultiDataSet> singles = new ArrayList<>();
    List<double[]> gradients = new ArrayList<>();
    for (int label : new int[] {0, 0, 1, 2}) {
      singles.add(records.draw(random, label));
      gradients.add(gradient(singles.get(singles.size() - 1)));
    }
    double[] all = gradient(RandomRecords.join(singles));
    double[] pair = gradient(RandomRecords.join(singles.subList(0, 2)));
    double[] again = gradient(singles.get(0));
    double norms = gradients.stream().mapToDouble(CouplingTest::norm).sum();
    double deviation =
        Math.max(deviation(all, gradients), deviation(pair, gradients.subList(0, 2)));
    if (!(norms > 0 || deviation > 0) || !Double.isFinite(norms)) {
      return false;
    }
    if (!(deviation <= tolerance * norms)) {
      throw new IllegalArgumentException(
          String.format(
              "The gradient of a batch is not the sum of its records' gradients (relative"
                  + " difference %.2g): something makes records depend on each other. Suspects: %s",
              deviation / norms, suspects()));
    }
    if (!(deviation(again, gradients.subList(0, 1)) <= tolerance * norms)) {
      throw new IllegalArgumentException(
          "A record's gradient is another one after others have passed: something in the network"
              + " remembers them. Suspects: "
              + suspects());
    }
    return true;
  }

  private double[] gradient(MultiDataSet batch) {
    ModelBatch.set(model, batch);
    // Random activations that cannot be switched off draw the same in each pass.
    Nd4j.getRandom().setStates(1, 1);
    try {
      access.computeGradientAndScore();
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "The network does not take random records that are shaped like the data: " + e, e);
    }
    double[] whole = access.gradient().dup().toDoubleVector();
    double[] trained = new double[whole.length];
    access
        .trainableRanges()
        .forEach(
            range ->
                System.arraycopy(
                    whole,
                    (int) range.from(),
                    trained,
                    (int) range.from(),
                    (int) (range.to() - range.from())));
    return trained;
  }

  private static double deviation(double[] sum, List<double[]> parts) {
    double[] rest = sum.clone();
    for (double[] part : parts) {
      for (int i = 0; i < rest.length; i++) {
        rest[i] -= part[i];
      }
    }
    return norm(rest);
  }

  private static double norm(double[] values) {
    double squares = 0;
    for (double value : values) {
      squares += value * value;
    }
    return Math.sqrt(squares);
  }

  private void withoutDropout(Runnable passes) {
    List<Runnable> back = new ArrayList<>();
    for (Part part : Part.of(model)) {
      var conf = part.conf();
      var dropout = conf.getIDropout();
      back.add(() -> conf.setIDropout(dropout));
      conf.setIDropout(null);
      if (conf instanceof BaseLayer base) {
        var noise = base.getWeightNoise();
        var activation = base.getActivationFn();
        back.add(
            () -> {
              base.setWeightNoise(noise);
              base.setActivationFn(activation);
            });
        base.setWeightNoise(null);
        if (activation instanceof ActivationRReLU) {
          base.setActivationFn(new ActivationLReLU());
        }
      }
    }
    try {
      passes.run();
    } finally {
      back.forEach(Runnable::run);
    }
  }

  /** What is not the platform's. */
  private List<String> own() {
    List<String> own = new ArrayList<>();
    for (Part part : Part.of(model)) {
      if (part.custom() || part.loss() != null && !Part.ofPlatform(part.loss())) {
        own.add(part.describe());
      }
    }
    if (model instanceof ComputationGraph graph) {
      graph
          .getConfiguration()
          .getVertices()
          .forEach(
              (name, vertex) -> {
                if (!Part.ofPlatform(vertex)) {
                  own.add(name + " (" + vertex.getClass().getSimpleName() + ")");
                }
              });
    }
    return own;
  }

  private String suspects() {
    List<String> own = own();
    return own.isEmpty()
        ? Part.of(model).stream().map(Part::describe).collect(Collectors.joining(", "))
        : String.join(", ", own);
  }
}

package org.dl4jplus.privacy.gradient;

import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.TrainedPart;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.dl4jplus.optim.first.tape.OutputErrors;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.optim.first.vector.HostView;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Passes of records through a network, at any parameters: afterwards it has its own again. */
final class NetworkPasses {

  private final Model model;
  private final ModelAccess access;
  private final ModelOracle oracle;
  private final PrivateRecords records;
  private final Precision precision;
  private final INDArray sum;

  NetworkPasses(ModelOracle oracle, PrivateRecords records) {
    this.oracle = oracle;
    this.records = records;
    model = oracle.network();
    access = ModelAccess.of(model);
    precision = Precision.of(access.parameters().dataType());
    sum = Nd4j.createUninitialized(access.parameters().dataType(), oracle.size());
  }

  Model model() {
    return model;
  }

  Precision precision() {
    return precision;
  }

  /** First entries of the layers that are trained, among all parameters that are. */
  int[] layers() {
    return access.trainedParts().stream().mapToInt(part -> Math.toIntExact(first(part))).toArray();
  }

  private static long first(TrainedPart part) {
    return part.offsets().values().stream().mapToLong(Long::longValue).min().getAsLong();
  }

  /** A pass that is recorded. */
  Tape record(LayerRecorder recorder, INDArray point, int[] piece) {
    return at(point, () -> record(recorder, records.get(piece)));
  }

  /** A pass at the network's own parameters. */
  Tape record(LayerRecorder recorder, MultiDataSet data) {
    ModelBatch.set(model, data);
    recorder.begin(model, null);
    try {
      access.computeGradientAndScore();
      return recorder.end(model);
    } finally {
      recorder.abandon();
    }
  }

  /** A pass with other errors in the place of the losses' own, or null for these. */
  void pass(INDArray point, int[] piece, OutputErrors errors) {
    at(
        point,
        () -> {
          ModelBatch.set(model, records.get(piece));
          LayerRecorder recorder = new LayerRecorder();
          try {
            if (errors != null) {
              recorder.beginOutputs(model, errors);
            }
            access.computeGradientAndScore();
          } finally {
            recorder.abandon();
          }
          return null;
        });
  }

  /** Two passes that see the same dropout masks. */
  static <T> List<T> alike(Supplier<T> first, Supplier<T> second) {
    Random random = Nd4j.getRandom();
    long root = random.rootState();
    long node = random.nodeState();
    T one = first.get();
    random.setStates(root, node);
    return List.of(one, second.get());
  }

  private <T> T at(INDArray point, Supplier<T> pass) {
    INDArray own = access.parameters();
    // Equal values would do, but comparing arrays has a tolerance.
    if (point.data() == own.data() && point.offset() == own.offset()) {
      return pass.get();
    }
    INDArray saved = own.dup();
    try {
      oracle.writeParameters(point);
      return pass.get();
    } finally {
      own.assign(saved);
    }
  }

  /** The sum of the gradients of the last pass' records. */
  double[] gradientSum() {
    oracle.readGradientSum(sum);
    return sum.toDoubleVector();
  }

  /** Adds what is in the memory for a sum. */
  void addSum(double[] to) {
    HostView view = new HostView(sum);
    for (int i = 0; i < to.length; i++) {
      to[i] += view.get(i);
    }
  }

  /** Memory for a sum, in the network's precision; one at a time. */
  INDArray sum() {
    return sum;
  }

  static void add(double[] values, double factor, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * values[i];
    }
  }
}

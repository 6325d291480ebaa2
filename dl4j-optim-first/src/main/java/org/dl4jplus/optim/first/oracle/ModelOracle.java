package org.dl4jplus.optim.first.oracle;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.Range;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.dl4jplus.optim.first.tape.OutputErrors;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A network on its current batch, restricted to the parameters that training changes: without
 * frozen layers and without batch normalization's running statistics. Gradients are those of the
 * mean loss, whatever scale the network's own view has.
 *
 * <p>All passes of one step see the same dropout masks, other ones than the first pass, and the
 * network's random stream goes on as if they had drawn nothing. The memory is taken once for the
 * network and kept.
 */
public final class ModelOracle implements GradientOracle {

  private final Supplier<Model> network;
  private final List<Range> ranges;
  private final List<VariableShape> variables;
  private final long size;
  private final boolean whole;
  private INDArray savedParameters;
  private INDArray savedGradient;
  private INDArray gathered;
  private INDArray shifted;
  private INDArray other;
  private double savedScore;
  private long root;
  private long node;
  private boolean moved;

  /**
   * Looks at a network.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   */
  public ModelOracle(Model network) {
    this(() -> network);
  }

  /**
   * Looks at a network without keeping it alive: for a listener that serves many.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph; held weakly
   * @return the oracle, of use while the network is held elsewhere
   */
  public static ModelOracle weak(Model network) {
    return new ModelOracle(new WeakReference<>(network)::get);
  }

  private ModelOracle(Supplier<Model> network) {
    this.network = network;
    ModelAccess model = model();
    ranges = model.trainableRanges();
    variables = model.trainableVariables();
    size = ranges.stream().mapToLong(r -> r.to() - r.from()).sum();
    whole = size == model.parameters().length();
  }

  /**
   * The network that is asked.
   *
   * @return the platform's object
   */
  public Model network() {
    return network.get();
  }

  private ModelAccess model() {
    return ModelAccess.of(network.get());
  }

  /** {@inheritDoc} A copy where the network has parameters that are not trained. */
  @Override
  public INDArray parameters() {
    if (whole) {
      return model().parameters();
    }
    if (gathered == null) {
      gathered = Nd4j.createUninitialized(model().parameters().dataType(), size);
    }
    gather(moved ? savedParameters : model().parameters(), gathered);
    return gathered;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public List<VariableShape> variables() {
    return variables;
  }

  /**
   * Copies the gradient of the last pass.
   *
   * @param out takes the gradient of the mean loss, of shape [n]
   */
  public void readGradient(INDArray out) {
    readGradientSum(out);
    double scale = model().gradientScale();
    if (scale != 1) {
      out.divi(scale);
    }
  }

  /**
   * Copies the gradient of the last pass as the network has it.
   *
   * @param out takes the sum of the examples' gradients, of shape [n]
   */
  public void readGradientSum(INDArray out) {
    gather(model().gradient(), out);
  }

  /**
   * Replaces the network's gradient, which its updater will get.
   *
   * @param gradient a gradient on the scale of the mean loss, of shape [n]
   */
  public void writeGradient(INDArray gradient) {
    INDArray view = model().gradient();
    scatter(gradient, view);
    double scale = model().gradientScale();
    if (scale != 1) {
      for (Range range : ranges) {
        view.get(NDArrayIndex.interval(range.from(), range.to())).muli(scale);
      }
    }
  }

  /** What the network's updater makes of a gradient of the mean loss; its state moves on. */
  void update(INDArray gradient, INDArray updateOut) {
    save();
    INDArray view = model().gradient();
    scatter(gradient, view);
    for (UpdaterBlock block : model().updaterBlocks()) {
      if (!(block.getGradientUpdater().getConfig() instanceof NoOp)) {
        block.update(model().iteration(), model().epoch());
      }
    }
    gather(view, updateOut);
  }

  /**
   * Writes trained parameters into the network.
   *
   * @param parameters of shape [n]
   */
  public void writeParameters(INDArray parameters) {
    scatter(parameters, model().parameters());
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    save();
    return pass(point, gradientOut);
  }

  /**
   * {@inheritDoc}
   *
   * <p>The example passes through the network alone, so batch normalization sees a batch of one.
   *
   * @throws IllegalStateException where the batch has masks
   */
  @Override
  public double exampleLossAndGradient(int example, INDArray point, INDArray gradientOut) {
    save();
    if (model().hasMasks()) {
      throw new IllegalStateException("Gradients of single examples are not possible with masks");
    }
    ModelBatch whole = ModelBatch.of(network.get());
    try {
      whole.rows(example, example + 1).set(network.get());
      return pass(point, gradientOut);
    } finally {
      whole.set(network.get());
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Both passes see the same dropout masks and batch statistics. Where activations have kinks
   * (ReLU) the quotient holds those that lie between the two points. L1/L2 terms are not part of
   * the gradient here, so neither are they of the product.
   */
  @Override
  public void hessianVector(INDArray point, INDArray v, INDArray out) {
    if (shifted == null) {
      shifted = out.ulike();
      other = out.ulike();
    }
    CentralDifference.hessianVector(this, point, v, out, shifted, other);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException under truncated backpropagation through time
   */
  @Override
  public Tape record(INDArray point, OutputErrors errors, INDArray gradientOut) {
    save();
    LayerRecorder recorder = new LayerRecorder();
    recorder.begin(network.get(), errors);
    try {
      pass(point, gradientOut);
      return recorder.end(network.get());
    } finally {
      recorder.abandon();
    }
  }

  /** {@inheritDoc} By the layers' constraints. */
  @Override
  public void project(INDArray point) {
    INDArray live = model().parameters();
    if (savedParameters == null) {
      savedParameters = live.ulike();
    }
    if (!moved) {
      savedParameters.assign(live);
    }
    scatter(point, live);
    model().applyConstraints();
    gather(live, point);
    live.assign(savedParameters);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Draws a class for each row under MCXENT with softmax, a coin for each entry under XENT with
   * sigmoid, and the prediction plus standard normal noise under MSE and L2 with identity; masked
   * rows give no gradient.
   *
   * @throws IllegalStateException for other losses, and under truncated backpropagation through
   *     time
   */
  @Override
  public void sampledGradient(INDArray point, long seed, INDArray gradientOut) {
    save();
    LayerRecorder recorder = new LayerRecorder();
    recorder.beginOutputs(network.get(), new SampledLabels(seed));
    try {
      pass(point, gradientOut);
    } finally {
      recorder.abandon();
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>The count of the output that has most. DL4J divides the loss of sequences by the number of
   * examples, not by this.
   */
  @Override
  public long labelCount() {
    return model().labelCount();
  }

  @Override
  public int examples() {
    return model().batchSize();
  }

  @Override
  public double penalty() {
    return model().penalty();
  }

  private double pass(INDArray point, INDArray gradientOut) {
    scatter(point, model().parameters());
    // One stream for all passes of the step, so that differences of gradients mean something.
    Nd4j.getRandom().setStates(root, node ^ 0x5DEECE66DL);
    model().computeGradientAndScore();
    readGradient(gradientOut);
    return model().score();
  }

  private void save() {
    if (moved) {
      return;
    }
    model().requireSecondPass();
    if (savedParameters == null) {
      savedParameters = model().parameters().ulike();
    }
    savedParameters.assign(model().parameters());
    savedScore = model().score();
    // BatchNorm leaves its statistics in the gradient: those of the first pass are to stay.
    if (model().hasGradient()) {
      if (savedGradient == null) {
        savedGradient = model().gradient().ulike();
      }
      savedGradient.assign(model().gradient());
    }
    Random random = Nd4j.getRandom();
    root = random.rootState();
    node = random.nodeState();
    moved = true;
  }

  @Override
  public void restore() {
    if (!moved) {
      return;
    }
    moved = false;
    Nd4j.getRandom().setStates(root, node);
    model().parameters().assign(savedParameters);
    if (savedGradient != null) {
      model().gradient().assign(savedGradient);
    }
    model().setScore(savedScore);
  }

  private void gather(INDArray from, INDArray to) {
    if (whole) {
      to.assign(from);
      return;
    }
    long at = 0;
    for (Range range : ranges) {
      long length = range.to() - range.from();
      to.get(NDArrayIndex.interval(at, at + length))
          .assign(from.get(NDArrayIndex.interval(range.from(), range.to())));
      at += length;
    }
  }

  private void scatter(INDArray from, INDArray to) {
    if (whole) {
      to.assign(from);
      return;
    }
    long at = 0;
    for (Range range : ranges) {
      long length = range.to() - range.from();
      to.get(NDArrayIndex.interval(range.from(), range.to()))
          .assign(from.get(NDArrayIndex.interval(at, at + length)));
      at += length;
    }
  }
}

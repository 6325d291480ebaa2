package org.dl4jplus.optim.zeroth.objective;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.Range;
import org.dl4jplus.optim.first.model.ModelAccess.TrainedPart;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.offload.Chain;
import org.dl4jplus.optim.zeroth.offload.Chain.Link;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * A network on a batch: the score in inference mode, without dropout, with batch normalization's
 * running statistics, with the L1 and L2 terms. No activations are kept, no gradient is allocated.
 * Frozen layers and running statistics do not move; biases and normalization parameters do not
 * decay.
 */
public final class ModelObjective implements ZoProblem, ZoObjective {

  private final Model model;
  private final INDArray parameters;
  private final List<Stretch> stretches;
  private final List<VariableShape> variables;
  private final List<Boolean> quantized = new ArrayList<>();

  /** What a forward pass goes through; null where the platform has to make it. */
  private final List<Link> chain;

  private final ForwardPass.Memory memory;

  private ModelBatch batch;
  private long evaluations;

  /**
   * A network whose batch comes later, by {@link #useCurrentBatch()} or {@link #use}.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   */
  public ModelObjective(Model model) {
    this.model = model;
    ModelAccess access = ModelAccess.of(model);
    parameters = access.parameters();
    variables = access.trainableVariables();
    stretches = stretches(access);
    for (TrainedPart part : access.trainedParts()) {
      boolean layer =
          part.layer() != null && part.layer().conf().getLayer() instanceof QuantizedDenseLayer;
      for (String key : part.offsets().keySet()) {
        quantized.add(layer && key.equals(QuantizedDenseLayer.SCALE_KEY));
      }
    }
    chain = Chain.links(model).orElse(null);
    memory = new ForwardPass.Memory(parameters.dataType());
  }

  private static List<Stretch> stretches(ModelAccess access) {
    List<Stretch> stretches = new ArrayList<>();
    List<VariableShape> variables = access.trainableVariables();
    int next = 0;
    for (Range range : access.trainableRanges()) {
      for (long at = range.from(); at < range.to(); next++) {
        VariableShape variable = variables.get(next);
        stretches.add(stretch(at, variable));
        at += variable.length();
      }
    }
    return stretches;
  }

  /**
   * What of a single layer may move.
   *
   * @param layer the layer
   * @param from place of its first parameter
   * @return stretches in order
   */
  public static List<Stretch> stretches(Trainable layer, long from) {
    return ModelAccess.trainedVariables(layer).stream()
        .map(variable -> stretch(from + variable.range().from(), variable.shape()))
        .toList();
  }

  private static Stretch stretch(long from, VariableShape variable) {
    return new Stretch(
        from, from + variable.length(), variable.getKind() != VariableShape.Kind.VECTOR);
  }

  /** Evaluates on the batch that the network holds now. */
  public void useCurrentBatch() {
    batch = ModelBatch.of(model);
  }

  /**
   * Evaluates on a batch.
   *
   * @param data features, labels and masks; not copied
   * @throws IllegalArgumentException for an empty batch
   */
  public void use(org.nd4j.linalg.dataset.api.MultiDataSet data) {
    Require.given("data", data);
    if (data.getFeatures() == null || data.getFeatures().length == 0) {
      throw new IllegalArgumentException("The batch is empty");
    }
    ModelBatch.set(model, data);
    useCurrentBatch();
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public List<Stretch> stretches() {
    return stretches;
  }

  @Override
  public int rows(int stretch) {
    VariableShape variable = variables.get(stretch);
    return variable.matrix() ? (int) variable.rows() : 1;
  }

  @Override
  public boolean quantized(int stretch) {
    return quantized.get(stretch);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException without a batch
   */
  @Override
  public double loss() {
    if (batch == null) {
      throw new IllegalStateException("There is no batch to evaluate on");
    }
    evaluations++;
    // An evaluation takes masks out of the layers.
    batch.set(model);
    if (chain != null && last() instanceof IOutputLayer) {
      return layerByLayer();
    }
    return model instanceof ComputationGraph graph
        ? graph.score(new MultiDataSet(batch.inputs(), batch.labels()), false)
        : ((MultiLayerNetwork) model)
            .score(new DataSet(batch.inputs()[0], batch.labels()[0]), false);
  }

  private Layer layer(int index) {
    return model instanceof ComputationGraph graph
        ? graph.getLayer(chain.get(index).name())
        : ((MultiLayerNetwork) model).getLayer(index);
  }

  private Layer last() {
    return layer(chain.size() - 1);
  }

  /** The platform's score to the bit, in less memory; the features stay as they are. */
  @SuppressWarnings("try") // The scope is left by closing it.
  private double layerByLayer() {
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      int examples = (int) batch.inputs()[0].size(0);
      int last = chain.size() - 1;
      ForwardPass pass = new ForwardPass(memory, batch.inputs()[0]);
      for (int l = 0; l < last; l++) {
        pass.through(layer(l), chain.get(l).before(), examples);
      }
      return pass.loss(
          last(),
          chain.get(last).before(),
          batch.labels()[0],
          ModelAccess.of(model).penalty(),
          examples);
    }
  }

  @Override
  public double value(INDArray point) {
    INDArray saved = parameters.dup();
    parameters.assign(point);
    try {
      return loss();
    } finally {
      parameters.assign(saved);
    }
  }

  /**
   * The network.
   *
   * @return the live object
   */
  public Model network() {
    return model;
  }

  /**
   * The batch that losses are of.
   *
   * @return the batch; null before there is one
   */
  public ModelBatch batch() {
    return batch;
  }

  /**
   * A copy of the network with an own count of losses, for another thread.
   *
   * @return an objective without a batch; see {@link #follow}
   */
  public ModelObjective copy() {
    INDArray own = model.params().dup();
    if (model instanceof ComputationGraph graph) {
      ComputationGraph copy = new ComputationGraph(graph.getConfiguration().clone());
      copy.init(own, false);
      return new ModelObjective(copy);
    }
    MultiLayerNetwork copy =
        new MultiLayerNetwork(((MultiLayerNetwork) model).getLayerWiseConfigurations().clone());
    copy.init(own, false);
    return new ModelObjective(copy);
  }

  /**
   * Takes the parameters and the batch of the network that this is a copy of.
   *
   * @param original its objective; not held, its batch is shared
   */
  public void follow(ModelObjective original) {
    parameters.assign(original.parameters);
    batch = original.batch;
  }

  /**
   * Adds the gradient of the L1 and L2 terms in the loss.
   *
   * @param gradient of the entries that may move, one after the other
   * @throws IllegalArgumentException for terms of another kind
   */
  public void addPenaltyGradient(double[] gradient) {
    ModelAccess access = ModelAccess.of(model);
    List<List<Regularization>> terms = access.trainableRegularization();
    int at = 0;
    for (int v = 0; v < stretches.size(); v++) {
      Stretch stretch = stretches.get(v);
      double[] x =
          parameters.get(NDArrayIndex.interval(stretch.from(), stretch.to())).toDoubleVector();
      for (Regularization term : terms.get(v)) {
        boolean signs = term instanceof L1Regularization;
        double factor = factor(term, access);
        for (int i = 0; i < x.length; i++) {
          gradient[at + i] += factor * (signs ? Math.signum(x[i]) : x[i]);
        }
      }
      at += x.length;
    }
  }

  private static double factor(Regularization term, ModelAccess access) {
    ISchedule factor;
    if (term instanceof L1Regularization own) {
      factor = own.getL1();
    } else if (term instanceof L2Regularization own) {
      factor = own.getL2();
    } else if (term instanceof WeightDecay own) {
      factor = own.getCoeff();
    } else {
      throw new IllegalArgumentException("No gradient is known of " + term);
    }
    return factor.valueAt(access.iteration(), access.epoch());
  }

  /**
   * Counts losses of this batch that were evaluated elsewhere, on copies of the network.
   *
   * @param losses how many
   */
  public void count(long losses) {
    evaluations += losses;
  }

  @Override
  public long evaluations() {
    return evaluations;
  }
}

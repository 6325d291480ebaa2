package org.dl4jplus.optim.zeroth.onebyte;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.MovableEntries;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a run trains, on the driver: a network, which gets its parameters, its count of iterations,
 * its score and its listeners' calls after each round; or the parameters of plain functions.
 */
public final class Trainee {

  /** Of the parameters in a saved network, and here in a saved function. */
  private static final String PARAMETERS = "coefficients.bin";

  private final Model network;
  private final INDArray parameters;
  private final MovableEntries entries;
  private int iteration;

  private Trainee(Model network, INDArray parameters, MovableEntries entries, int iteration) {
    this.network = network;
    this.parameters = parameters;
    this.entries = entries;
    this.iteration = iteration;
  }

  /**
   * A network.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @return what is trained
   * @throws IllegalArgumentException without parameters that may move, or with constraints, which
   *     replicas could not apply to the same bits
   * @throws IllegalStateException under truncated backpropagation through time
   */
  public static Trainee of(Model network) {
    ModelAccess access = ModelAccess.of(network);
    access.requireWholeSequences("One-byte training is");
    for (Layer layer : access.layers()) {
      var constraints = layer.conf().getLayer().getConstraints();
      if (constraints != null && !constraints.isEmpty()) {
        throw new IllegalArgumentException(
            "Layer "
                + layer.conf().getLayer().getLayerName()
                + " has constraints: machines that replay rounds could not apply them to the same"
                + " bits");
      }
    }
    if (network.numParams() == 0) {
      throw new IllegalArgumentException("The network has no parameters");
    }
    ModelObjective objective = new ModelObjective(network);
    return new Trainee(
        network, objective.parameters(), new MovableEntries(objective), access.iteration());
  }

  /**
   * The parameters of plain functions.
   *
   * @param parameters the live array, of shape [n], FLOAT or DOUBLE
   * @return what is trained
   * @throws IllegalArgumentException without parameters
   */
  public static Trainee of(INDArray parameters) {
    ZoProblem shape = ZoProblem.of(point -> Double.NaN, parameters);
    return new Trainee(null, parameters, new MovableEntries(shape), 0);
  }

  /**
   * The network.
   *
   * @return the live object; null for plain functions
   */
  public Model network() {
    return network;
  }

  /**
   * All parameters.
   *
   * @return the live array, of shape [n]
   */
  public INDArray parameters() {
    return parameters;
  }

  /**
   * The entries that may move.
   *
   * @return a copy
   */
  public double[] theta() {
    return entries.read();
  }

  /**
   * What the parameters are kept in.
   *
   * @return their type
   */
  public DataType type() {
    return parameters.dataType();
  }

  /**
   * The network's iteration, or the number of rounds.
   *
   * @return from 0
   */
  public int iteration() {
    return network == null ? iteration : ModelAccess.of(network).iteration();
  }

  /**
   * The network's epoch.
   *
   * @return from 0; 0 for plain functions
   */
  public int epoch() {
    return network == null ? 0 : ModelAccess.of(network).epoch();
  }

  /**
   * Takes over what a round made of the parameters.
   *
   * @param replica the driver's copy
   */
  public void show(Replica replica) {
    entries.write(replica.live());
  }

  /**
   * Ends a round: parameters, score, count of iterations and listeners, in this order, so that a
   * network that a listener saves goes on with the round that is next.
   *
   * @param replica the driver's copy of the parameters
   * @param losses mean losses that the machines reported, for the score; none, or NaN, where they
   *     did not
   * @param listeners those to call
   */
  public void endRound(
      Replica replica, List<Double> losses, Collection<TrainingListener> listeners) {
    show(replica);
    iteration++;
    if (network == null) {
      return;
    }
    ModelAccess access = ModelAccess.of(network);
    losses.stream()
        .mapToDouble(loss -> loss)
        .filter(loss -> !Double.isNaN(loss))
        .average()
        .ifPresent(access::setScore);
    int round = access.iteration();
    BaseOptimizer.incrementIterationCount(network, 1);
    for (TrainingListener listener : listeners) {
      listener.iterationDone(network, round, access.epoch());
    }
  }

  /** Goes to a later round without telling anybody. */
  void skipTo(Replica replica) {
    show(replica);
    int rounds = replica.version() - iteration();
    iteration += rounds;
    if (network != null && rounds > 0) {
      BaseOptimizer.incrementIterationCount(network, rounds);
    }
  }

  /** Writes a file that the platform reads as a network, where this is one. */
  void write(File file) throws IOException {
    if (network != null) {
      ModelSerializer.writeModel(network, file, false);
      return;
    }
    try (ZipOutputStream zip = new ZipOutputStream(new FileOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(PARAMETERS));
      DataOutputStream out = new DataOutputStream(zip);
      Nd4j.write(parameters, out);
      out.flush();
      zip.closeEntry();
    }
  }

  /** Reads what {@link #write} wrote. */
  static Trainee read(File file, Kind kind, int iteration) throws IOException {
    switch (kind) {
      case NETWORK:
        return of(ModelSerializer.restoreMultiLayerNetwork(file, false));
      case GRAPH:
        return of(ModelSerializer.restoreComputationGraph(file, false));
      default:
        try (ZipFile zip = new ZipFile(file);
            DataInputStream in =
                new DataInputStream(zip.getInputStream(zip.getEntry(PARAMETERS)))) {
          Trainee trainee = of(Nd4j.read(in));
          trainee.iteration = iteration;
          return trainee;
        }
    }
  }

  /** What there is. */
  enum Kind {
    NETWORK,
    GRAPH,
    FUNCTION
  }

  Kind kind() {
    if (network == null) {
      return Kind.FUNCTION;
    }
    return network instanceof MultiLayerNetwork ? Kind.NETWORK : Kind.GRAPH;
  }
}

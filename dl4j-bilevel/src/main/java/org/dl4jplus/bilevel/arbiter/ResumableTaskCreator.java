package org.dl4jplus.bilevel.arbiter;

import java.io.File;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.scoring.util.ScoreUtil;
import org.deeplearning4j.arbiter.task.TaskListener;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.AtomicFile;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains networks piece by piece, for searches that stop a training run and take it up again:
 * successive halving, population based training. A candidate is a {@link TrainingPart}: "go on with
 * that checkpoint for so much more"; its generator says so in {@code
 * Candidate.getDataParameters()}. A candidate without is a new network, trained for the space's
 * number of epochs and saved as {@code candidate-<number>.zip}.
 *
 * <p>After its part of training a network is saved with the state of its updater and of a {@link
 * ListenedSpace listener's} method as {@code trial-<trial>-<rung>.zip}, under a temporary name that
 * is renamed at the end. A part that goes on from another takes over parameters, updater state and
 * counts into a network of the candidate's own configuration. So every setting may change that
 * leaves the shapes as they are: rates and their schedules, decay, dropout, losses. Another shape
 * or another kind of updater fails the candidate; {@link FeedbackGenerator#requireSameShapes}
 * refuses a space in which that would happen.
 *
 * <p>Two parts give the same bits as one of their joint length: dropout masks depend on the
 * network's seed and the number of the epoch (or iteration) alone, and with iterations the data
 * goes on at the batch where the last part ended. The data source has to give the same batches each
 * time. A search leaves a file for each of its candidates, unless a {@link
 * SearchCheckpointListener} deletes those that it is done with.
 */
public final class ResumableTaskCreator extends TrainingTaskCreator {

  private static final String POSITION = "dl4jplus.position";
  private static final String METHOD = "dl4jplus.method";

  /** What a budget counts. */
  public enum Unit {
    /** Passes over the training data. */
    EPOCHS,
    /** Parameter updates. */
    ITERATIONS
  }

  private final File directory;
  private final Unit unit;

  /**
   * Creates tasks with budgets in epochs.
   *
   * @param directory where the networks are kept; made if it is not there
   */
  public ResumableTaskCreator(File directory) {
    this(directory, null, null, null, null, null);
  }

  /**
   * Creates tasks; null stands for the default.
   *
   * @param directory where the networks are kept; made if it is not there; required
   * @param unit what budgets count, epochs by default
   * @param taskListener sees the network before and after its training; none by default
   * @param objectives further objectives beside the score; none by default
   * @param constraints functions whose values are to be at most 0; none by default
   * @param curve whether the network is scored after each epoch of a part, true by default
   * @throws IllegalArgumentException for a directory that cannot be made
   */
  @Builder
  private ResumableTaskCreator(
      File directory,
      Unit unit,
      TaskListener taskListener,
      List<ScoreFunction> objectives,
      List<ScoreFunction> constraints,
      Boolean curve) {
    super(taskListener, objectives, constraints, curve);
    if (directory == null || !directory.isDirectory() && !directory.mkdirs()) {
      throw new IllegalArgumentException(
          "directory must be one that exists or can be made, is " + directory);
    }
    this.directory = directory;
    this.unit = unit == null ? Unit.EPOCHS : unit;
  }

  /**
   * The file of a part of training.
   *
   * @param name {@link TrainingPart#checkpoint}, or {@code candidate-<number>}
   * @return where it is saved
   */
  public File file(String name) {
    return new File(directory, name + ".zip");
  }

  @Override
  NetworkCandidate start(SearchTask task) throws IOException {
    NetworkCandidate network = NetworkCandidate.of(task.candidate().getValue());
    if (network.stopsEarly()) {
      throw new IllegalArgumentException(
          "Early stopping does not go with budgets: take it out of the space");
    }
    TrainingPart part = part(task);
    if (part != null && part.resumeFrom() != null) {
      File file = file(part.resumeFrom());
      network.takeOver(network.with(read(file, network.model())));
      if (network.listener() instanceof GradientListener method) {
        method.restoreState(network.model(), object(file, METHOD));
      }
    }
    return network;
  }

  private static Model read(File file, Model like) throws IOException {
    if (!file.exists()) {
      throw new IllegalArgumentException("There is no " + file + " to go on from");
    }
    return like instanceof ComputationGraph
        ? ModelSerializer.restoreComputationGraph(file, true)
        : ModelSerializer.restoreMultiLayerNetwork(file, true);
  }

  /** What the generator asked for; null for a network that is trained as its space says. */
  private TrainingPart part(SearchTask task) {
    Map<String, Object> data = task.candidate().getDataParameters();
    TrainingPart part = data == null ? null : TrainingPart.of(data);
    if (part == null && unit == Unit.ITERATIONS) {
      throw new IllegalArgumentException(
          "The candidate has no " + TrainingPart.BUDGET + ", which is needed in iterations");
    }
    return part;
  }

  @Override
  Model train(SearchTask task, NetworkCandidate network, List<Double> curve, Runnable epochDone) {
    TrainingPart part = part(task);
    int position = 0;
    if (unit == Unit.EPOCHS) {
      Object source = task.trainingData();
      int epochs = part == null ? network.epochs() : part.budget();
      for (int i = 0; i < epochs; i++) {
        draw(network, network.epochCount());
        network.fit(source);
        epochDone.run();
      }
    } else {
      position = part.resumeFrom() == null ? 0 : object(file(part.resumeFrom()), POSITION);
      position = new Pass(network, task.trainingData(), position).run(part.budget(), epochDone);
    }
    // Networks in parts have numbers of their own, which a candidate's must not meet.
    String name = part == null ? "candidate-" + task.candidate().getIndex() : part.checkpoint();
    save(network, file(name), position);
    return network.model();
  }

  /** What is drawn from here on depends on the network's seed and where its training stands. */
  private static void draw(NetworkCandidate network, int count) {
    Nd4j.getRandom().setSeed(CounterNoise.deriveSeed(network.seed(), count));
  }

  private static <T> T object(File file, String key) {
    if (!ModelSerializer.listObjectsInFile(file).contains(key)) {
      throw new IllegalArgumentException(
          file + " has no " + key + ": it was written by a creator or a method of another kind");
    }
    return ModelSerializer.getObjectFromFile(file, key);
  }

  private void save(NetworkCandidate network, File file, int position) {
    AtomicFile.fill(
        file,
        part -> {
          ModelSerializer.writeModel(network.model(), part, true);
          if (unit == Unit.ITERATIONS) {
            ModelSerializer.addObjectToFile(part, POSITION, position);
          }
          if (network.listener() instanceof GradientListener method) {
            ModelSerializer.addObjectToFile(part, METHOD, method.state(network.model()));
          }
        });
  }

  /** Training batch by batch, over and over the data. */
  private static final class Pass {

    private final NetworkCandidate network;
    private final Iterator<?> data;
    private final Runnable reset;
    private int position;

    Pass(NetworkCandidate network, Object source, int position) {
      this.network = network;
      var batches = ScoreUtil.getMultiIterator(source);
      data = batches;
      reset = batches::reset;
      if (!batches.resetSupported()) {
        throw new IllegalArgumentException("Training data must be resettable for iterations");
      }
      reset.run();
      for (int i = 0; i < position; i++) {
        data.next();
      }
      this.position = position;
    }

    /** Trains; gives the number of batches that the present epoch has had. */
    int run(int iterations, Runnable epochDone) {
      for (int i = 0; i < iterations; i++) {
        if (!data.hasNext()) {
          reset.run();
          position = 0;
          if (!data.hasNext()) {
            throw new IllegalArgumentException("There is no training data");
          }
        }
        if (position == 0) {
          listeners().forEach(listener -> listener.onEpochStart(network.model()));
        }
        draw(network, network.updates());
        fit((MultiDataSet) data.next());
        position++;
        if (!data.hasNext()) {
          listeners().forEach(listener -> listener.onEpochEnd(network.model()));
          countEpoch();
          epochDone.run();
        }
      }
      return position;
    }

    private Iterable<TrainingListener> listeners() {
      return network.model() instanceof ComputationGraph graph
          ? graph.getListeners()
          : ((MultiLayerNetwork) network.model()).getListeners();
    }

    private void countEpoch() {
      if (network.model() instanceof ComputationGraph graph) {
        graph.incrementEpochCount();
      } else {
        ((MultiLayerNetwork) network.model()).incrementEpochCount();
      }
    }

    private void fit(MultiDataSet batch) {
      if (network.model() instanceof ComputationGraph graph) {
        graph.fit(batch);
      } else {
        ((MultiLayerNetwork) network.model()).fit(batch);
      }
    }
  }
}

package org.dl4jplus.privacy;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelStep;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.gradient.ModelGradients;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.noise.GaussianNoise;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.dl4jplus.privacy.noise.SecureNoise;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.dl4jplus.privacy.sampling.BatchSampler;
import org.dl4jplus.privacy.sampling.PoissonSampler;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a network under differential privacy: whoever sees the trained parameters, and those of
 * every step, learns little about any single record.
 *
 * <pre>{@code
 * DpConfig config = DpConfig.builder()
 *     .targetEpsilon(3.0).targetDelta(1e-4).steps(500).expectedBatchSize(256.0).build();
 * try (DpTrainer trainer = DpTrainer.attach(network, config, trainingData)) {
 *   trainer.fit();
 *   System.out.println(trainer.report());
 * }
 * }</pre>
 *
 * <p>Each step charges the ledger, draws records from a secure source, sums their clipped
 * gradients, adds noise, divides by the expected batch size and hands the result to the network's
 * own updater, schedules, regularization and constraints, which are post-processing. An empty draw
 * makes a step of pure noise. Listeners of the network hear {@code iterationDone} and see nothing
 * private: no activations, no raw gradients, and the score is NaN, since the loss of a batch is
 * private ({@link #score}).
 *
 * <p>Guaranteed is what {@link #report()} says, against anyone who sees all released parameters and
 * knows everything but one record, the random draws and the memory of this process. Not hidden: the
 * number of records, the settings, time and memory of a step. Starting twice from one checkpoint
 * releases twice: add both runs up.
 */
public final class DpTrainer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DpTrainer.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Name of the entry in a saved model. */
  private static final String ENTRY = "differentialPrivacy.json";

  /** Steps that the budget is asked for at once where no number is planned. */
  private static final int AHEAD = 1000;

  /** What single precision may add to the sensitivity. */
  private static final double FLOAT_MARGIN = 1 + 1e-3;

  private final Model model;
  private final ModelAccess access;
  private final ModelOracle oracle;
  private final PrivateRecords records;
  private final DpMechanism mechanism;
  private final DpPlan plan;
  private final double noiseMultiplier;
  private final AheadNoise source;
  private final GaussianNoise noise;
  private final PrivacyLedger ledger;
  private final DpBudget budget;
  private final DpListener guard = new DpListener();
  private final ModelGradients gradients;
  private final ModelStep update;
  private final DataType type;
  private int steps;
  private boolean warned;

  private DpTrainer(
      Model model, DpConfig config, DpMechanism mechanism, PrivateRecords records, Saved saved) {
    this.model = model;
    this.records = records;
    this.mechanism = mechanism;
    access = ModelAccess.of(model);
    oracle = new ModelOracle(model);
    type = access.parameters().dataType();
    int n = records.size();
    plan = new DpPlan(config, sampler(config, n), n, Math.toIntExact(oracle.size()));
    ledger = saved == null ? new PrivacyLedger(config.getNeighbours()) : saved.ledger;
    steps = saved == null ? 0 : saved.steps;
    if (saved != null) {
      mechanism.restore(saved.state);
    }
    mechanism.begin(plan);
    noiseMultiplier =
        saved != null
            ? saved.noiseMultiplier
            : config.getNoiseMultiplier() != null ? config.getNoiseMultiplier() : calibrate();
    source =
        new AheadNoise(
            config.seeded()
                ? new SeededNoise(config.getTestSeed() + steps, config.getNoiseSummands())
                : new SecureNoise(config.getNoiseSummands()));
    noise = GaussianNoise.of(source, type == DataType.DOUBLE ? 1 : FLOAT_MARGIN);
    budget =
        config.getTargetEpsilon() == null
            ? null
            : new DpBudget(
                config.getAccountant(),
                config.getTargetEpsilon(),
                config.getTargetDelta(),
                step -> mechanism.event(plan, step, noiseMultiplier));
    gradients =
        quietly(
            () ->
                new ModelGradients(
                    oracle, records, config.getGradientEngine(), config.getMaxPhysicalBatch()));
    config.clipRule().requireLayers(gradients.layers());
    update = new ModelStep(model);
    Collection<TrainingListener> listeners = new ArrayList<>(access.listeners());
    listeners.add(guard);
    setListeners(listeners);
  }

  /**
   * Puts a network under differential privacy.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   * @param config how
   * @param data all records, one in each row
   * @return the trainer, the only one that may train the network until it is closed
   * @throws IllegalArgumentException if something about the network or the configuration would
   *     break the guarantee
   */
  public static DpTrainer attach(Model model, DpConfig config, DataSet data) {
    return attach(model, config, PrivateRecords.of(data));
  }

  /**
   * Puts a network under differential privacy.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   * @param config how
   * @param records all records
   * @return the trainer, the only one that may train the network until it is closed
   * @throws IllegalArgumentException if something about the network or the configuration would
   *     break the guarantee
   */
  public static DpTrainer attach(Model model, DpConfig config, PrivateRecords records) {
    return attach(model, config, new DpSgd(), records);
  }

  /**
   * Puts a network under differential privacy.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   * @param config how
   * @param mechanism what a step releases; one for each run
   * @param records all records
   * @return the trainer, the only one that may train the network until it is closed
   * @throws IllegalArgumentException if something about the network, the configuration or the
   *     mechanism would break the guarantee
   */
  public static DpTrainer attach(
      Model model, DpConfig config, DpMechanism mechanism, PrivateRecords records) {
    return new DpTrainer(model, config, mechanism, records, null);
  }

  /**
   * Goes on with a run that {@link #save} wrote. Its ledger goes on, too; noise and draws are new.
   *
   * @param model the network, as the platform's ModelSerializer has restored it from the file
   * @param file the saved network
   * @param records the same records
   * @return the trainer
   * @throws IllegalArgumentException if the file has no ledger
   */
  public static DpTrainer resume(Model model, File file, PrivateRecords records) {
    String json = ModelSerializer.getObjectFromFile(file, ENTRY);
    try {
      Saved saved = JSON.readValue(json, Saved.class);
      return new DpTrainer(model, saved.config, saved.mechanism, records, saved);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static BatchSampler sampler(DpConfig config, int records) {
    return new PoissonSampler(records, config.rate(records));
  }

  private double calibrate() {
    return 1;
  }

  /**
   * Trains for the planned number of steps.
   *
   * @return how many steps were made now
   * @throws IllegalStateException if the configuration has no number of steps
   */
  public int fit() {
    Integer planned = plan.config().getSteps();
    if (planned == null) {
      throw new IllegalStateException("The configuration has no steps: say how many to fit");
    }
    return fit(Math.max(0, planned - steps));
  }

  /**
   * Trains.
   *
   * @param count steps to make, unless the budget ends first
   * @return how many steps were made
   * @throws IllegalStateException if the network has lost its {@link DpListener}
   */
  public int fit(int count) {
    for (int i = 0; i < count; i++) {
      if (!allowed(count - i)) {
        return i;
      }
      step();
    }
    return count;
  }

  private boolean allowed(int guess) {
    if (budget == null || budget.allows(ledger, steps, Math.min(guess, AHEAD))) {
      return true;
    }
    if (plan.config().getOnBudgetExhausted() == DpConfig.BudgetRule.STOP) {
      return false;
    }
    if (!warned) {
      warned = true;
      LOG.warn(
          "The budget of epsilon = {} is spent; training goes on beyond it",
          plan.config().getTargetEpsilon());
    }
    return true;
  }

  private void step() {
    if (!access.listeners().contains(guard)) {
      throw new IllegalStateException(
          "The network's listeners were replaced, and its guard with them: add listeners by"
              + " addListeners");
    }
    PrivacyEvent event = mechanism.event(plan, steps, noiseMultiplier);
    if (event != null) {
      ledger.add(event, 1);
    }
    BatchSampler sampler = mechanism.sampler(plan, steps);
    int[] drawn = sampler.draw(steps, source);
    if (noiseMultiplier > 0) {
      source.prepare(plan.coordinates());
    }
    double[] direction = new double[plan.coordinates()];
    quietly(
        () -> {
          mechanism.step(
              plan,
              new DpStep(
                  steps,
                  gradients.of(drawn),
                  sampler.expectedSize(),
                  oracle.parameters(),
                  noiseMultiplier,
                  noise,
                  direction));
          return null;
        });
    steps++;
    update.apply(released(direction));
  }

  private INDArray released(double[] direction) {
    if (type == DataType.DOUBLE) {
      return Nd4j.createFromArray(direction);
    }
    float[] floats = new float[direction.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) direction[i];
    }
    return Nd4j.createFromArray(floats);
  }

  /** Runs passes that nobody hears, and leaves nothing of them in the network. */
  private <T> T quietly(Supplier<T> passes) {
    Collection<TrainingListener> listeners = new ArrayList<>(access.listeners());
    setListeners(new ArrayList<>());
    try {
      return passes.get();
    } finally {
      if (model instanceof ComputationGraph graph) {
        graph.clear();
        graph.clearLayersStates();
        graph.clearLayerMaskArrays();
      } else {
        MultiLayerNetwork network = (MultiLayerNetwork) model;
        network.setInput(null);
        network.setLabels(null);
        network.clearLayersStates();
        network.clearLayerMaskArrays();
      }
      if (access.hasGradient()) {
        access.gradient().assign(0);
      }
      access.setScore(Double.NaN);
      setListeners(listeners);
    }
  }

  private void setListeners(Collection<TrainingListener> listeners) {
    if (model instanceof ComputationGraph graph) {
      graph.setListeners(listeners);
    } else {
      ((MultiLayerNetwork) model).setListeners(listeners);
    }
  }

  /**
   * Number of steps made in this run, with those before it was resumed.
   *
   * @return the count
   */
  public int steps() {
    return steps;
  }

  /**
   * The noise's standard deviation over the sensitivity.
   *
   * @return sigma, given or calibrated
   */
  public double noiseMultiplier() {
    return noiseMultiplier;
  }

  /**
   * The epsilon of all that was released so far. As a guarantee quote the target, unless the number
   * of steps was fixed beforehand.
   *
   * @param delta in (0, 1)
   * @return at least 0; infinite with a test seed or without noise
   */
  public double epsilon(double delta) {
    return source.secure()
        ? plan.config().getAccountant().create(ledger).epsilon(delta)
        : Double.POSITIVE_INFINITY;
  }

  /**
   * All releases.
   *
   * @return a copy
   */
  public PrivacyLedger ledger() {
    return ledger.copy();
  }

  /**
   * Charges a release that was made beside the training, such as private statistics of the same
   * records.
   *
   * @param event what was released
   * @param count how many times
   * @throws IllegalArgumentException if the event does not hold under the trainer's relation
   */
  public void charge(PrivacyEvent event, long count) {
    ledger.add(event, count);
    if (budget != null) {
      budget.forget();
    }
  }

  /**
   * What is guaranteed.
   *
   * @return the report, at the configuration's targetDelta or else 1 / (10 N)
   */
  public DpReport report() {
    DpConfig config = plan.config();
    double delta = config.getTargetDelta() != null ? config.getTargetDelta() : 0.1 / plan.records();
    return new DpReport(
        epsilon(delta),
        source.secure() ? config.getTargetEpsilon() : null,
        delta,
        config.getNeighbours(),
        config.getAccountant(),
        steps,
        plan.records(),
        mechanism.assumption());
  }

  /**
   * Releases the mean loss over all records, and charges it:
   *
   * <pre>{@code
   * (1 / N) * sum of min(max(loss_i, 0), bound) + Laplace(bound / (N * epsilon))
   * }</pre>
   *
   * @param epsilon what the release may cost, above 0
   * @param bound what a record's loss is clipped to, above 0; a loss that is not finite counts as
   *     it
   * @return the noisy mean
   * @throws IllegalStateException if the release would exceed the target
   */
  public double score(double epsilon, double bound) {
    Require.check(bound > 0 && Double.isFinite(bound), "bound", bound, "finite and above 0");
    PrivacyEvent event = new PrivacyEvent.PureDp(epsilon, EnumSet.allOf(Neighbours.class));
    if (budget != null
        && plan.config().getOnBudgetExhausted() == DpConfig.BudgetRule.STOP
        && !budget.allows(ledger, event)) {
      throw new IllegalStateException(
          "A score at epsilon = " + epsilon + " would exceed the target");
    }
    charge(event, 1);
    double sum =
        quietly(
            () -> {
              double total = 0;
              int piece = plan.config().getMaxPhysicalBatch();
              for (int from = 0; from < plan.records(); from += piece) {
                int[] which =
                    IntStream.range(from, Math.min(from + piece, plan.records())).toArray();
                for (double loss : losses(records.get(which)).toDoubleVector()) {
                  total += Double.isFinite(loss) ? Math.min(Math.max(loss, 0), bound) : bound;
                }
              }
              return total;
            });
    double[] mean = {sum / plan.records()};
    NoiseGrid.addLaplace(mean, bound / (plan.records() * epsilon), source);
    return mean[0];
  }

  private INDArray losses(MultiDataSet data) {
    return model instanceof ComputationGraph graph
        ? graph.scoreExamples(data, false)
        : ((MultiLayerNetwork) model)
            .scoreExamples(
                new org.nd4j.linalg.dataset.DataSet(
                    data.getFeatures(0),
                    data.getLabels(0),
                    data.getFeaturesMaskArray(0),
                    data.getLabelsMaskArray(0)),
                false);
  }

  /**
   * Writes the network with its updater and its ledger.
   *
   * @param file where; replaced
   */
  public void save(File file) {
    try {
      ModelSerializer.writeModel(model, file, true);
      ModelSerializer.addObjectToFile(
          file,
          ENTRY,
          JSON.writeValueAsString(
              new Saved(
                  plan.config(), mechanism, ledger, steps, noiseMultiplier, mechanism.state())));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes the guard off the network: what it is trained for from now on is not counted. */
  @Override
  public void close() {
    Collection<TrainingListener> listeners = new ArrayList<>(access.listeners());
    listeners.remove(guard);
    setListeners(listeners);
  }

  /** What is saved beside the network. */
  private static final class Saved {
    @JsonProperty private final DpConfig config;
    @JsonProperty private final DpMechanism mechanism;
    @JsonProperty private final PrivacyLedger ledger;
    @JsonProperty private final int steps;
    @JsonProperty private final double noiseMultiplier;
    @JsonProperty private final Map<String, double[]> state;

    @JsonCreator
    Saved(
        @JsonProperty("config") DpConfig config,
        @JsonProperty("mechanism") DpMechanism mechanism,
        @JsonProperty("ledger") PrivacyLedger ledger,
        @JsonProperty("steps") int steps,
        @JsonProperty("noiseMultiplier") double noiseMultiplier,
        @JsonProperty("state") Map<String, double[]> state) {
      this.config = config;
      this.mechanism = mechanism;
      this.ledger = ledger;
      this.steps = steps;
      this.noiseMultiplier = noiseMultiplier;
      this.state = state;
    }
  }
}

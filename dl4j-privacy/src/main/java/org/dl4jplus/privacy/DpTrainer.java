package org.dl4jplus.privacy;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelStep;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.vector.HostView;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Calibration;
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
import org.dl4jplus.privacy.sampling.ShuffledSampler;
import org.dl4jplus.privacy.sampling.WithoutReplacementSampler;
import org.dl4jplus.privacy.validation.AttachChecks;
import org.dl4jplus.privacy.validation.DpListener;
import org.dl4jplus.privacy.validation.QuietPasses;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
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
 * private: no activations, no raw gradients, the expected batch size in place of the drawn one, and
 * the score is NaN, since the loss of a batch is private ({@link #score}). Dropout masks and weight
 * noise come from a stream that the secure source starts anew in each step, not from the network's
 * seed, which others may know.
 *
 * <p>Guaranteed is what {@link #report()} says, against anyone who sees all released parameters and
 * knows everything but one record, the random draws and the memory of this process. Not hidden: the
 * number of records, the settings, time and memory of a step. Starting twice from one saved model
 * releases twice; that is counted where the configuration has a ledgerFile, and cannot be seen from
 * the model alone.
 */
public final class DpTrainer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DpTrainer.class);

  /** Steps that the budget is asked for at once where no number is planned. */
  private static final int AHEAD = 1000;

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
  private final INDArray released;
  private final DataType type;
  private final String run;
  private final LedgerFile file;
  private int steps;
  private List<TrainingListener> known;
  private boolean warned;

  private DpTrainer(
      Model model,
      DpConfig config,
      DpMechanism mechanism,
      PrivateRecords records,
      DpCheckpoint saved) {
    this.model = model;
    this.records = records;
    this.mechanism = mechanism;
    access = ModelAccess.of(model);
    AttachChecks.check(model, config.permissions(), records);
    oracle = new ModelOracle(model);
    type = access.parameters().dataType();
    int n = records.size();
    plan = new DpPlan(config, sampler(config, n), n, Math.toIntExact(oracle.size()));
    run = saved == null ? UUID.randomUUID().toString() : saved.run();
    steps = saved == null ? 0 : saved.steps();
    if (config.getLedgerFile() == null) {
      file = null;
      ledger = saved == null ? new PrivacyLedger(config.getNeighbours()) : saved.ledger();
    } else {
      ledger = new PrivacyLedger(config.getNeighbours());
      file =
          new LedgerFile(
              new File(config.getLedgerFile()), run, saved == null ? null : saved.block(), ledger);
      file.read();
    }
    if (saved != null) {
      mechanism.restore(saved.state());
      if (plan.sampler() != null) {
        plan.sampler().restore(saved.order());
      }
    }
    mechanism.begin(plan);
    noiseMultiplier =
        saved != null
            ? saved.noiseMultiplier()
            : config.getNoiseMultiplier() != null ? config.getNoiseMultiplier() : calibrate();
    source =
        new AheadNoise(
            config.seeded()
                ? new SeededNoise(config.getTestSeed() + steps, config.getNoiseSummands())
                : new SecureNoise(config.getNoiseSummands()));
    noise = GaussianNoise.of(source, GaussianNoise.margin(type));
    budget =
        config.getTargetEpsilon() == null
            ? null
            : new DpBudget(
                config.getAccountant(),
                config.getTargetEpsilon(),
                config.getTargetDelta(),
                step -> mechanism.event(plan, step, noiseMultiplier));
    AttachChecks.noise(n, noiseMultiplier);
    gradients =
        QuietPasses.get(
            model,
            () ->
                new ModelGradients(
                    oracle, records, config.getGradientEngine(), config.getMaxPhysicalBatch()));
    config.clipRule().requireLayers(gradients.layers());
    if (file != null && saved != null) {
      file.requireAll(saved.ledger());
    }
    update = new ModelStep(model);
    released = Nd4j.create(type, plan.coordinates());
    known = new ArrayList<>(access.listeners());
    known.add(guard);
    QuietPasses.setListeners(model, known);
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
    DpCheckpoint saved = DpCheckpoint.read(file);
    return new DpTrainer(model, saved.config(), saved.mechanism(), records, saved);
  }

  /**
   * Puts a network under differential privacy. The records are read into memory.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   * @param config how
   * @param data all records, one in each row, as the iterator's preprocessor makes them
   * @return the trainer, the only one that may train the network until it is closed
   * @throws IllegalArgumentException if something about the network, the configuration or the
   *     preprocessor would break the guarantee
   */
  public static DpTrainer attach(Model model, DpConfig config, DataSetIterator data) {
    return attach(
        model, config, PrivateRecords.of((DataSet) AttachChecks.read(data, config.permissions())));
  }

  private static BatchSampler sampler(DpConfig config, int records) {
    return switch (config.getSampling()) {
      case POISSON -> new PoissonSampler(records, config.rate(records));
      case WITHOUT_REPLACEMENT -> new WithoutReplacementSampler(records, config.batch(records));
      case SHUFFLED_NO_AMPLIFICATION -> new ShuffledSampler(records, config.batch(records));
      // The order of the batches belongs to the mechanism's correlated noise.
      case FIXED_EPOCH -> null;
    };
  }

  private PrivacyEvent lastPaid() {
    for (int step = steps - 1; step >= 0; step--) {
      PrivacyEvent event = mechanism.event(plan, step, noiseMultiplier);
      if (event != null) {
        return event;
      }
    }
    throw new IllegalStateException("No step before this one was paid for");
  }

  private double calibrate() {
    DpConfig config = plan.config();
    return Calibration.noiseMultiplier(
        config.getAccountant(),
        sigma ->
            DpBudget.with(
                new PrivacyLedger(config.getNeighbours()),
                step -> mechanism.event(plan, step, sigma),
                0,
                config.getSteps()),
        config.getSteps(),
        config.getTargetEpsilon(),
        config.getTargetDelta());
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
      boolean made = false;
      try {
        step();
        made = true;
      } finally {
        if (!made && budget != null) {
          // It may have been charged, and will be again when it is tried once more.
          budget.forget();
        }
      }
    }
    return count;
  }

  private boolean allowed(int guess) {
    readOthers();
    if (mustPayAgain() && !affords(lastPaid())) {
      return false;
    }
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

  /** Counts what other continuations of the run have released meanwhile. */
  private void readOthers() {
    if (file != null && file.read() && budget != null) {
      budget.forget();
    }
  }

  /** Whether another continuation has made this step, which an earlier one had paid for. */
  private boolean mustPayAgain() {
    return file != null
        && mechanism.event(plan, steps, noiseMultiplier) == null
        && file.isStarted(steps);
  }

  private boolean affords(PrivacyEvent event) {
    return budget == null
        || plan.config().getOnBudgetExhausted() != DpConfig.BudgetRule.STOP
        || budget.allows(ledger, event);
  }

  private void step() {
    List<TrainingListener> listeners = new ArrayList<>(access.listeners());
    if (!listeners.contains(guard)) {
      throw new IllegalStateException(
          "The network's listeners were replaced, and its guard with them: add listeners by"
              + " addListeners");
    }
    if (!listeners.equals(known)) {
      List<TrainingListener> others = new ArrayList<>(listeners);
      others.remove(guard);
      AttachChecks.listeners(others, records);
      known = listeners;
    }
    PrivacyEvent event = mechanism.event(plan, steps, noiseMultiplier);
    if (file != null) {
      if (file.step(steps, event, this::lastPaid) && budget != null) {
        budget.forget();
      }
    } else if (event != null) {
      ledger.add(event, 1);
    }
    BatchSampler sampler = mechanism.sampler(plan, steps);
    int[] drawn = sampler.draw(steps, source);
    double[] direction = new double[plan.coordinates()];
    Random masks = Nd4j.getRandom();
    long root = masks.rootState();
    long node = masks.nodeState();
    // A record more moves the dropout masks of those that follow it by one: that makes no
    // difference only to someone who does not know the masks.
    masks.setStates(source.bits(), source.bits());
    // Last, since whatever else is drawn would wait for it.
    if (noiseMultiplier > 0) {
      source.prepare(plan.coordinates());
    }
    try {
      QuietPasses.run(
          model,
          () ->
              mechanism.step(
                  plan,
                  new DpStep(
                      steps,
                      gradients.of(drawn),
                      sampler.expectedSize(),
                      oracle.parameters(),
                      noiseMultiplier,
                      noise,
                      direction)));
    } finally {
      // How far dropout has moved the stream would tell how many records were drawn.
      masks.setStates(root, new SplittableRandom(node).nextLong());
    }
    steps++;
    // Listeners that ask for the batch size get the public one.
    setBatch(Nd4j.zeros(type, (long) Math.max(1, Math.rint(sampler.expectedSize())), 1));
    HostView view = new HostView(released);
    for (int i = 0; i < direction.length; i++) {
      view.set(i, direction[i]);
    }
    view.flush();
    update.apply(released);
    setBatch(null);
  }

  private void setBatch(INDArray array) {
    if (model instanceof ComputationGraph graph) {
      INDArray[] inputs = new INDArray[graph.getNumInputArrays()];
      INDArray[] labels = new INDArray[graph.getNumOutputArrays()];
      Arrays.fill(inputs, array);
      Arrays.fill(labels, array);
      access.setBatch(inputs, labels);
    } else {
      access.setBatch(new INDArray[] {array}, new INDArray[] {array});
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
   * @throws IllegalArgumentException if the event does not hold under the trainer's relation, or
   *     its accountant cannot handle it: then nothing was charged, and nothing may be released
   */
  public void charge(PrivacyEvent event, long count) {
    plan.config().getAccountant().create(ledger.neighbours()).compose(event, count);
    if (file != null) {
      file.charge(event, count);
    } else {
      ledger.add(event, count);
    }
    if (budget != null) {
      budget.forget();
    }
  }

  /**
   * What is guaranteed. The target is part of it while training stops at it and releases beside the
   * training have not exceeded it.
   *
   * @return the report, at the configuration's targetDelta or else 1 / (10 N)
   */
  public DpReport report() {
    DpConfig config = plan.config();
    double delta = config.getTargetDelta() != null ? config.getTargetDelta() : 0.1 / plan.records();
    double epsilon = epsilon(delta);
    boolean kept =
        config.getTargetEpsilon() != null
            && config.getOnBudgetExhausted() == DpConfig.BudgetRule.STOP
            && epsilon <= config.getTargetEpsilon();
    return new DpReport(
        epsilon,
        kept ? config.getTargetEpsilon() : null,
        delta,
        config.getNeighbours(),
        config.getAccountant(),
        steps,
        plan.records(),
        assumption());
  }

  private String assumption() {
    if (plan.config().getAccountant() != Accounting.GDP) {
      return mechanism.assumption();
    }
    String limit = "the central limit holds for so few losses; epsilon can be too small";
    return mechanism.assumption() == null ? limit : mechanism.assumption() + "; " + limit;
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
    readOthers();
    if (!affords(event)) {
      throw new IllegalStateException(
          "A score at epsilon = " + epsilon + " would exceed the target");
    }
    charge(event, 1);
    double sum =
        QuietPasses.get(
            model,
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
    double margin = GaussianNoise.margin(type);
    NoiseGrid.addLaplace(mean, margin * bound / (plan.records() * epsilon), source);
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
   * Writes the network with its updater and its ledger, in the entry differentialPrivacy.json. With
   * a test seed it says there {@code "dp": "TEST_ONLY"}, after a simulation {@code "SIMULATION"}.
   *
   * @param file where; replaced
   */
  public void save(File file) {
    new DpCheckpoint(
            run,
            this.file == null ? null : this.file.block(),
            plan.config(),
            mechanism,
            ledger,
            steps,
            noiseMultiplier,
            mechanism.state(),
            plan.sampler() == null ? null : plan.sampler().order())
        .write(model, file);
  }

  /** Takes the guard off the network: what it is trained for from now on is not counted. */
  @Override
  public void close() {
    Collection<TrainingListener> listeners = new ArrayList<>(access.listeners());
    listeners.remove(guard);
    QuietPasses.setListeners(model, listeners);
  }
}

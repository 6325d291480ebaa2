package org.dl4jplus.optim.first;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.order.GradientBalance;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fixed minibatches in an order that is learned from their gradients (GraB), or in one of the usual
 * orders for comparison.
 *
 * <pre>{@code
 * GraBIterator data = new GraBIterator(batches, GraBIterator.Order.GRAB);
 * network.addListeners(data.listener());
 * network.fit(data, epochs);
 * }</pre>
 *
 * <p>While GraB learns, each epoch's order is made from the gradients of the one before, by {@link
 * GradientBalance}; the listener only reads them. It reads the gradient of the mean loss as the
 * listeners before it left it: add it before those that replace the gradient. Without the listener,
 * and after a pass that did not train on every batch (an evaluation, a stop), the order stays.
 *
 * <p>Orders: GRAB balances pairs and is the authors' later default, robust with large steps;
 * GRAB_MEAN is the paper's; both start in the order of the batches and hold 3 or 4 vectors of the
 * size of the trained parameters. RANDOM_RESHUFFLE is a new permutation for each epoch,
 * SHUFFLE_ONCE the same random one, INCREMENTAL the order of the batches, FLIP_FLOP a new
 * permutation in epochs 0, 2, .. and its reverse in the ones after them. Random orders are a
 * function of {@code seed} and the number of the epoch.
 *
 * <p>One network at a time, without prefetching: {@link #asyncSupported()} is false, which the
 * platform's {@code fit} heeds. ParallelWrapper and asynchronous iterators around this one take
 * batches before they are trained on, in another thread: the listener of an order that learns
 * refuses that, the other orders work. A second {@link #reset()} in a row does nothing. With
 * truncated backpropagation through time the gradient of a batch's first segment counts.
 * Serializable with data, order and what was learned in this epoch.
 *
 * <p>Y. Lu, W. Guo, C. De Sa: "GraB: Finding Provably Better Data Permutations than Random
 * Reshuffling", arXiv 2205.10733 (2022); J. Cha, J. Lee, C. Yun: "Tighter Lower Bounds for
 * Shuffling SGD: Random Permutations and Beyond", arXiv 2303.07160 (2023).
 */
public final class GraBIterator implements DataSetIterator {

  /** How an epoch's order is made. */
  public enum Order {
    /** By balancing the differences of neighbours' gradients. */
    GRAB,
    /** By balancing gradients against the last epoch's mean. */
    GRAB_MEAN,
    /** At random for each epoch. */
    RANDOM_RESHUFFLE,
    /** At random once. */
    SHUFFLE_ONCE,
    /** As given. */
    INCREMENTAL,
    /** At random for two epochs, of which the second runs backwards. */
    FLIP_FLOP
  }

  private final ArrayList<DataSet> batches;
  private final Order order;
  private final long seed;
  private final GradientBalance balance;
  private int[] current;
  private int position;
  private int epoch;
  private boolean waiting;
  private boolean skipped;
  private transient volatile long reader;
  private DataSetPreProcessor preProcessor;

  /**
   * Batches in an order, with seed 0.
   *
   * @param batches at least one; the list is copied, its elements are not
   * @param order how an epoch's order is made
   */
  public GraBIterator(List<DataSet> batches, Order order) {
    this(batches, order, 0);
  }

  /**
   * Batches in an order.
   *
   * @param batches at least one; the list is copied, its elements are not
   * @param order how an epoch's order is made
   * @param seed seed of the random orders
   * @throws IllegalArgumentException without batches
   */
  public GraBIterator(List<DataSet> batches, Order order, long seed) {
    if (batches == null || batches.isEmpty()) {
      throw new IllegalArgumentException("batches must be at least one batch, got " + batches);
    }
    if (order == null) {
      throw new IllegalArgumentException("order must be one of Order's values, got null");
    }
    this.batches = new ArrayList<>(batches);
    this.order = order;
    this.seed = seed;
    int[] given = IntStream.range(0, batches.size()).toArray();
    balance =
        switch (order) {
          case GRAB -> new GradientBalance(GradientBalance.Kind.PAIR, given);
          case GRAB_MEAN -> new GradientBalance(GradientBalance.Kind.MEAN, given);
          default -> null;
        };
    current = newOrder();
  }

  /**
   * The batches of another iterator, read once.
   *
   * @param source what gives the batches, from its start on
   * @param order how an epoch's order is made
   * @param seed seed of the random orders
   * @return the iterator
   */
  public static GraBIterator of(DataSetIterator source, Order order, long seed) {
    if (source.resetSupported()) {
      source.reset();
    }
    List<DataSet> batches = new ArrayList<>();
    source.forEachRemaining(batches::add);
    return new GraBIterator(batches, order, seed);
  }

  private int[] newOrder() {
    return switch (order) {
      case GRAB, GRAB_MEAN -> balance.order();
      case INCREMENTAL -> IntStream.range(0, batches.size()).toArray();
      case SHUFFLE_ONCE -> permutation(0);
      case RANDOM_RESHUFFLE -> permutation(epoch);
      case FLIP_FLOP -> {
        int[] permutation = permutation(epoch / 2);
        yield epoch % 2 == 0 ? permutation : reversed(permutation);
      }
    };
  }

  private int[] permutation(int key) {
    int[] permutation = IntStream.range(0, batches.size()).toArray();
    long own = CounterNoise.deriveSeed(seed, key);
    for (int i = permutation.length - 1; i > 0; i--) {
      int j = (int) (CounterNoise.uniform(own, i) * (i + 1));
      int other = permutation[j];
      permutation[j] = permutation[i];
      permutation[i] = other;
    }
    return permutation;
  }

  private static int[] reversed(int[] array) {
    return IntStream.range(0, array.length).map(i -> array[array.length - 1 - i]).toArray();
  }

  /**
   * What shows the iterator the gradients; needed for the orders that learn.
   *
   * @return a listener for the network that trains on this iterator
   */
  public TrainingListener listener() {
    return new Feed(this);
  }

  /**
   * The order of this epoch.
   *
   * @return a copy: positions in the list of batches
   */
  public int[] currentOrder() {
    return current.clone();
  }

  /** Whoever reads ahead does it in a thread of its own. */
  private boolean isToBeShown() {
    if ((waiting || skipped) && reader != 0 && reader != Thread.currentThread().getId()) {
      throw new IllegalStateException(
          "GraBIterator learns from the gradient of the batch that it gave last: train on it without"
              + " ParallelWrapper and without reading ahead, or take an order that is not learnt");
    }
    return waiting;
  }

  private void learn(INDArray gradient) {
    waiting = false;
    balance.visit(gradient);
  }

  @Override
  public boolean hasNext() {
    return position < batches.size();
  }

  @Override
  public DataSet next() {
    if (!hasNext()) {
      throw new NoSuchElementException("The epoch has ended: call reset()");
    }
    DataSet batch = batches.get(current[position]);
    // The gradients are taken in the order of the visits: after a gap there is nothing to learn.
    skipped |= waiting;
    reader = Thread.currentThread().getId();
    waiting = balance != null && !skipped;
    position++;
    if (preProcessor == null) {
      return batch;
    }
    // They change what they are given, and the batch will be used again.
    DataSet copy = batch.copy();
    preProcessor.preProcess(copy);
    return copy;
  }

  @Override
  public void reset() {
    if (position == 0) {
      return;
    }
    if (balance != null) {
      balance.endEpoch();
    }
    position = 0;
    epoch++;
    waiting = false;
    skipped = false;
    current = newOrder();
  }

  /**
   * Not supported: the batches are fixed.
   *
   * @param num not used
   * @return nothing
   */
  @Override
  public DataSet next(int num) {
    throw new UnsupportedOperationException("The batches are fixed; call next()");
  }

  @Override
  public int inputColumns() {
    return batches.get(0).numInputs();
  }

  @Override
  public int totalOutcomes() {
    return batches.get(0).numOutcomes();
  }

  @Override
  public boolean resetSupported() {
    return true;
  }

  @Override
  public boolean asyncSupported() {
    return false;
  }

  @Override
  public int batch() {
    return batches.get(0).numExamples();
  }

  @Override
  public void setPreProcessor(DataSetPreProcessor preProcessor) {
    this.preProcessor = preProcessor;
  }

  @Override
  public DataSetPreProcessor getPreProcessor() {
    return preProcessor;
  }

  @Override
  public List<String> getLabels() {
    List<String> labels = batches.get(0).getLabelNamesList();
    return labels == null ? Collections.emptyList() : labels;
  }

  /** Shows the iterator the gradient of the batch it gave last. */
  private static final class Feed extends BaseTrainingListener {

    private final GraBIterator data;
    // Made for the network that is seen, and anew for another one.
    private WeakReference<Model> network = new WeakReference<>(null);
    private ModelOracle oracle;
    private INDArray gradient;

    Feed(GraBIterator data) {
      this.data = data;
    }

    @Override
    public void onGradientCalculation(Model model) {
      if (!data.isToBeShown()) {
        return;
      }
      if (network.get() != model) {
        network = new WeakReference<>(model);
        oracle = ModelOracle.weak(model);
        gradient = Nd4j.createUninitializedDetached(model.params().dataType(), 'c', oracle.size());
      }
      oracle.readGradient(gradient);
      data.learn(gradient);
    }
  }
}

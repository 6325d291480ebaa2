package org.dl4jplus.privacy.validation;

import java.util.Collection;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * What would break the guarantee, found before training. All of it is refused with an
 * IllegalArgumentException that names the layer or listener and the reason.
 *
 * <ul>
 *   <li>Layers: batch normalization, CenterLossOutputLayer and OCNNOutputLayer, unless they are
 *       frozen. With freezeUnsupported they are, and so are all layers before them.
 *   <li>Losses: LossFMeasure; losses that are not the platform's without lossesPerExample
 *   <li>Any network: the gradient of a batch of random records must be the sum of their gradients,
 *       twice the same, and no layer, loss or vertex that is not the platform's may keep arrays
 *       that change while records pass through. That finds coupling that shows on random records,
 *       and is no proof that there is none.
 *   <li>Training: truncated BPTT, optimization algorithms other than stochastic gradient descent,
 *       minimize = false, step functions, a gradients accumulator, data types other than DOUBLE and
 *       FLOAT. The platform's own gradient normalization is harmless, and warned about.
 *   <li>Records: those that come out different in another batch; preprocessors of an iterator that
 *       mix records, or that were fitted without statisticsArePublic. More records than 4e9 noise
 *       multipliers, where rounding hides nothing.
 * </ul>
 *
 * <p>Listeners hear {@code iterationDone} with released parameters and updates and the score NaN,
 * and nothing else. So score listeners and histograms of parameters and updates are harmless, and
 * no schedule and no early stopping can follow the training loss; a listener that hears passes is
 * warned that it hears none. Refused are:
 *
 * <ul>
 *   <li>EvaluativeListener on records that are trained on: it releases their loss or accuracy
 *   <li>CheckpointListener, which saves the network without its ledger
 *   <li>GradientListener, which would wait in vain
 *   <li>a second DpTrainer on the same network
 * </ul>
 *
 * <p>Whatever trains the network beside the trainer, by {@code fit}, {@code pretrain}, early
 * stopping or ParallelWrapper, is stopped by {@link DpListener}. Copies of the network that do not
 * take its listeners along, such as Spark's, are beyond its reach: give them no private records.
 */
public final class AttachChecks {

  private static final double MOST_RECORDS = 4e9;

  private AttachChecks() {}

  /**
   * Checks a network and its records, and freezes what the configuration allows to be frozen.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph; otherwise left as it is, but
   *     for its gradient, which is 0 afterwards
   * @param permissions what the user has declared
   * @param records what it is to be trained on
   * @throws IllegalArgumentException if something would break the guarantee
   */
  public static void check(Model model, Permissions permissions, PrivateRecords records) {
    listeners(ModelAccess.of(model).listeners(), records);
    TrainingCheck.check(model);
    RecordsCheck.check(records, permissions);
    if (permissions.freezeUnsupported()) {
      Freezing.apply(model);
    }
    LayerCheck.check(model, permissions);
    CouplingTest.check(model, records.get(new int[] {0}));
  }

  /**
   * Checks a network's listeners.
   *
   * @param listeners all but the trainer's own
   * @param records what the network is trained on
   * @throws IllegalArgumentException if one of them must not be there
   */
  public static void listeners(Collection<TrainingListener> listeners, PrivateRecords records) {
    ListenerCheck.check(listeners, records);
  }

  /**
   * Checks that noise covers the low bits of a sum.
   *
   * @param records number of records N
   * @param noiseMultiplier sigma; 0 is not checked
   * @throws IllegalArgumentException if N is above 4e9 sigma
   */
  public static void noise(int records, double noiseMultiplier) {
    if (noiseMultiplier > 0 && records > MOST_RECORDS * noiseMultiplier) {
      throw new IllegalArgumentException(
          "noiseMultiplier = "
              + noiseMultiplier
              + " is so small that the rounding of sums over "
              + records
              + " records shows through the noise: it must be at least N / 4e9");
    }
  }

  /**
   * Reads all records of an iterator, as its preprocessor makes them.
   *
   * @param iterator one row for each record; it is reset first
   * @param permissions say whether fitted statistics are public
   * @return all records in memory
   * @throws IllegalArgumentException if the preprocessor would break the guarantee
   */
  public static DataSet read(DataSetIterator iterator, Permissions permissions) {
    return RecordsCheck.read(iterator, permissions);
  }
}

package org.dl4jplus.privacy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SecureNoise;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.CustomSerializerStrategy;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect.Visibility;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * DPSGD-F: features that were centred and bounded privately, so that DP-SGD spends its noise on
 * what distinguishes the records. A norm of the features that all share costs DP-SGD everything:
 * clipping then removes the rest.
 *
 * <pre>{@code
 * rho1 = meanShare fraction rho / rounds,   rho2 = (1 - meanShare) fraction rho / rounds
 * mean = 0,  radius = maxNorm;  in each round, with d_i = x_i - mean:
 *   mean   += (1/records) (SUM_i d_i min(1, radius/||d_i||) + N(0, (2 radius)^2 / (2 rho1)))
 *   radius  = private quantile of ||x_i - mean|| in [0, 2 radius], epsilon = sqrt(8 rho2)
 * x' = (x - mean) min(1, radius/||x - mean||) / radius
 * }</pre>
 *
 * The norm is over all features of a record, whatever their shape. A layer's bias takes up what the
 * shift changes in a linear model, so the class of models stays the same.
 *
 * <p>Fields: {@code rho}, the zCDP budget of the whole training, above 0; {@code fraction} 0.1, of
 * it for this object, in (0, 1); {@code meanShare} 0.5, of that for the means, in (0, 1); {@code
 * rounds} 1, more of them for a norm that all features share and that is far above what tells them
 * apart; {@code maxNorm}, the public bound R of a record's norm, above 0; {@code records}, the
 * public number n of records, at least 2; {@code quantile} in [0, 1], null for
 *
 * <pre>{@code max(0.9, 1 - max(1/sqrt(records), 2 ln(2^24) / (records epsilon)))}</pre>
 *
 * The paper's 1 - 1/sqrt(records) is lowered, where epsilon is small, because the empty interval
 * between the largest distance and 2 R, up to 2^24 times longer than those between records, is then
 * still unlikely. Lower it further where distances take very few values.
 *
 * <p>Fitting draws from {@link SecureNoise}, is possible once, and takes two passes in each round
 * over data that holds each record once. A mean is charged with sensitivity 2 radius / records, and
 * all releases use {@code records} and not the number of records that came, so their events hold
 * under every relation of neighbours. Noisy sums are rounded to a {@link NoiseGrid}, radii to a
 * grid too. What it cost goes to the trainer, which {@link #trainingRho} is left for:
 *
 * <pre>{@code
 * preprocessor.ledger(config.getNeighbours()).entries()
 *     .forEach(entry -> trainer.charge(entry.event(), entry.count()));
 * }</pre>
 *
 * <p>The fitted mean and radius are private and may be published; {@code
 * ModelSerializer.addNormalizerToModel} saves them with the model as any normalizer's.
 *
 * <p>Ziteng Sun, Ananda Theertha Suresh, Aditya Krishna Menon: "The Importance of Feature
 * Preprocessing for Differentially Private Linear Optimization", arXiv 2307.11106 (2023).
 */
@Getter
@EqualsAndHashCode
@ToString
@JsonAutoDetect(
    fieldVisibility = Visibility.ANY,
    getterVisibility = Visibility.NONE,
    isGetterVisibility = Visibility.NONE)
public final class DpFeaturePreprocessor implements DataNormalization {

  private static final long serialVersionUID = 1;
  private static final double LONGEST = 0x1p24;
  private static final Set<Neighbours> RELATIONS = EnumSet.allOf(Neighbours.class);

  static {
    NormalizerSerializer.getDefault().addStrategy(new Serializer());
  }

  private final double rho;
  private final double fraction;
  private final double meanShare;
  private final int rounds;
  private final double maxNorm;
  private final int records;
  private final double quantile;
  private double[] mean;
  private double radius;

  /** Whether fitting drew noise. */
  private boolean spent;

  /** Whether nobody knows that noise. */
  private boolean secure;

  @Builder
  private DpFeaturePreprocessor(
      Double rho,
      Double fraction,
      Double meanShare,
      Integer rounds,
      Double maxNorm,
      Integer records,
      Double quantile) {
    this.rho = Require.positive("rho", rho, Double.NaN);
    this.fraction = Require.between("fraction", fraction, 0.1, 0, 1);
    this.meanShare = Require.between("meanShare", meanShare, 0.5, 0, 1);
    this.rounds = Require.count("rounds", rounds, 1);
    this.maxNorm = Require.positive("maxNorm", maxNorm, Double.NaN);
    this.records = Require.atLeast("records", records, 0, 2);
    double above = 2 * Math.log(LONGEST) / (this.records * radiusEpsilon());
    double standard = Math.max(0.9, 1 - Math.max(1 / Math.sqrt(this.records), above));
    this.quantile = Require.within("quantile", quantile, standard, 0, 1);
  }

  @JsonCreator
  private DpFeaturePreprocessor(
      @JsonProperty("rho") Double rho,
      @JsonProperty("fraction") Double fraction,
      @JsonProperty("meanShare") Double meanShare,
      @JsonProperty("rounds") Integer rounds,
      @JsonProperty("maxNorm") Double maxNorm,
      @JsonProperty("records") Integer records,
      @JsonProperty("quantile") Double quantile,
      @JsonProperty("mean") double[] mean,
      @JsonProperty("radius") double radius,
      @JsonProperty("spent") boolean spent,
      @JsonProperty("secure") boolean secure) {
    this(rho, fraction, meanShare, rounds, maxNorm, records, quantile);
    this.mean = mean;
    this.radius = radius;
    this.spent = spent;
    this.secure = secure;
  }

  /**
   * The private mean.
   *
   * @return a copy, one number for each feature; null before fitting
   */
  public double[] getMean() {
    return mean == null ? null : mean.clone();
  }

  /**
   * The budget that is left for training.
   *
   * @return (1 - fraction) rho
   */
  public double trainingRho() {
    return (1 - fraction) * rho;
  }

  // Fitting

  @Override
  public void fit(DataSet dataSet) {
    fit(dataSet, new SecureNoise());
  }

  /**
   * Fits to a data set.
   *
   * @param dataSet all records, each once
   * @param noise where the noise comes from; without a secure source epsilon is infinite
   * @throws IllegalArgumentException for features that are not finite, or masked
   * @throws IllegalStateException if this was fitted before
   */
  public void fit(DataSet dataSet, NoiseSource noise) {
    fit(action -> eachRecord(dataSet, action), noise);
  }

  @Override
  public void fit(DataSetIterator iterator) {
    fit(iterator, new SecureNoise());
  }

  /**
   * Fits to the data of an iterator, in two passes for each round.
   *
   * @param iterator of all records, each once; can be reset
   * @param noise where the noise comes from; without a secure source epsilon is infinite
   * @throws IllegalArgumentException for an iterator that cannot be reset, for features that are
   *     not finite, or masked
   * @throws IllegalStateException if this was fitted before
   */
  public void fit(DataSetIterator iterator, NoiseSource noise) {
    if (!iterator.resetSupported()) {
      throw new IllegalArgumentException(
          "iterator must support reset: fitting takes several passes");
    }
    fit(
        action -> {
          iterator.reset();
          while (iterator.hasNext()) {
            eachRecord(iterator.next(), action);
          }
          iterator.reset();
        },
        noise);
  }

  private void fit(Consumer<Consumer<double[]>> pass, NoiseSource noise) {
    if (spent) {
      throw new IllegalStateException("The budget is spent: a new fit needs a new preprocessor");
    }
    double[] center = null;
    double bound = maxNorm;
    for (int round = 0; round < rounds; round++) {
      double[] sum = clippedSum(pass, center, bound);
      spent = true;
      secure = noise.secure();
      NoiseGrid.addGaussian(sum, 2 * bound * meanNoiseMultiplier(), noise);
      for (int j = 0; j < sum.length; j++) {
        sum[j] = sum[j] / records + (center == null ? 0 : center[j]);
      }
      center = sum;
      bound = privateRadius(pass, center, bound, noise);
    }
    mean = center;
    radius = bound;
  }

  private static double[] clippedSum(
      Consumer<Consumer<double[]>> pass, double[] center, double bound) {
    // The first record says how many features there are.
    List<double[]> sum = new ArrayList<>(1);
    pass.accept(
        record -> {
          double[] difference = center == null ? record : minus(record, center);
          double scale = Math.min(1, bound / norm(difference));
          if (sum.isEmpty()) {
            sum.add(new double[record.length]);
          }
          double[] total = sum.get(0);
          checkFeatures(record, total);
          for (int j = 0; j < total.length; j++) {
            total[j] += scale * difference[j];
          }
        });
    if (sum.isEmpty()) {
      throw new IllegalArgumentException("The data must have records");
    }
    return sum.get(0);
  }

  private double privateRadius(
      Consumer<Consumer<double[]>> pass, double[] center, double bound, NoiseSource noise) {
    DoubleStream.Builder distances = DoubleStream.builder();
    pass.accept(record -> distances.add(norm(minus(record, center))));
    return ExponentialQuantile.builder()
        .lower(0.0)
        .upper(2 * bound)
        .epsilon(radiusEpsilon())
        .quantile(quantile)
        .records(records)
        .build()
        .draw(distances.build().toArray(), noise);
  }

  private static void eachRecord(DataSet data, Consumer<double[]> action) {
    checkMask(data.getFeaturesMaskArray());
    for (double[] record : rows(data.getFeatures())) {
      for (int j = 0; j < record.length; j++) {
        if (!Double.isFinite(record[j])) {
          throw new IllegalArgumentException(
              "features must be finite, but column " + j + " is not");
        }
      }
      action.accept(record);
    }
  }

  private double meanNoiseMultiplier() {
    return 1 / Math.sqrt(2 * meanShare * fraction * rho / rounds);
  }

  /** An exponential mechanism is epsilon^2/8-zCDP. */
  private double radiusEpsilon() {
    return Math.sqrt(8 * radiusRho());
  }

  private double radiusRho() {
    return (1 - meanShare) * fraction * rho / rounds;
  }

  // What it cost

  /**
   * What fitting released, for the trainer: in each round a Gaussian mechanism and a pure one.
   *
   * @param neighbours the trainer's relation
   * @return a new ledger: empty before fitting, and one without any guarantee if the source of the
   *     noise was not secure
   */
  public PrivacyLedger ledger(Neighbours neighbours) {
    return ledger(neighbours, new PrivacyEvent.PureDp(radiusEpsilon(), RELATIONS));
  }

  /**
   * The same with the radius as a zCDP mechanism: less for accountants that add up Renyi
   * divergences, and unknown to those that do not.
   *
   * @param neighbours the trainer's relation
   * @return as for {@link #ledger}
   */
  public PrivacyLedger zcdpLedger(Neighbours neighbours) {
    return ledger(neighbours, new PrivacyEvent.ZCdp(radiusRho(), RELATIONS));
  }

  private PrivacyLedger ledger(Neighbours neighbours, PrivacyEvent radiusEvent) {
    PrivacyLedger ledger = new PrivacyLedger(neighbours);
    if (spent) {
      double multiplier = secure ? meanNoiseMultiplier() : 0;
      ledger.add(new PrivacyEvent.Gaussian(multiplier, RELATIONS), rounds);
      ledger.add(radiusEvent, rounds);
    }
    return ledger;
  }

  // The map

  @Override
  public void preProcess(DataSet toPreProcess) {
    transform(toPreProcess);
  }

  @Override
  public void transform(DataSet toPreProcess) {
    transform(toPreProcess.getFeatures(), toPreProcess.getFeaturesMaskArray());
  }

  @Override
  public void transform(INDArray features) {
    map(
        features,
        record -> {
          double[] centred = minus(record, mean);
          double scale = 1 / Math.max(radius, norm(centred));
          return DoubleStream.of(centred).map(x -> x * scale).toArray();
        });
  }

  @Override
  public void transform(INDArray features, INDArray featuresMask) {
    checkMask(featuresMask);
    transform(features);
  }

  @Override
  public void revert(DataSet toRevert) {
    revertFeatures(toRevert.getFeatures(), toRevert.getFeaturesMaskArray());
  }

  /**
   * Undoes the map, except for records that were too long and were clipped.
   *
   * @param features changed in place
   * @throws IllegalStateException before fitting
   */
  @Override
  public void revertFeatures(INDArray features) {
    map(
        features,
        record -> {
          double[] reverted = new double[record.length];
          for (int j = 0; j < reverted.length; j++) {
            reverted[j] = radius * record[j] + mean[j];
          }
          return reverted;
        });
  }

  @Override
  public void revertFeatures(INDArray features, INDArray featuresMask) {
    checkMask(featuresMask);
    revertFeatures(features);
  }

  private void map(INDArray features, UnaryOperator<double[]> map) {
    if (mean == null) {
      throw new IllegalStateException(
          "Not fitted: call fit first, with an iterator that does not have this preprocessor yet");
    }
    double[][] rows = rows(features);
    for (int i = 0; i < rows.length; i++) {
      checkFeatures(rows[i], mean);
      rows[i] = map.apply(rows[i]);
    }
    features.assign(Nd4j.createFromArray(rows).reshape(features.shape()));
  }

  private static double[][] rows(INDArray features) {
    Require.check(features.rank() > 1, "features' rank", features.rank(), "at least 2");
    long count = features.size(0);
    return features
        .castTo(DataType.DOUBLE)
        .dup('c')
        .reshape(new long[] {count, features.length() / count})
        .toDoubleMatrix();
  }

  private static double[] minus(double[] record, double[] center) {
    checkFeatures(record, center);
    double[] difference = new double[record.length];
    for (int j = 0; j < difference.length; j++) {
      difference[j] = record[j] - center[j];
    }
    return difference;
  }

  private static double norm(double[] vector) {
    double squares = 0;
    for (double x : vector) {
      squares += x * x;
    }
    return Math.sqrt(squares);
  }

  private static void checkFeatures(double[] record, double[] expected) {
    Require.check(
        record.length == expected.length,
        "features",
        record.length,
        expected.length + " for each record");
  }

  private static void checkMask(INDArray mask) {
    if (mask != null) {
      throw new IllegalArgumentException(
          "featuresMask must be null: a record's norm is over all its features");
    }
  }

  // Labels stay as they are

  @Override
  public void transformLabel(INDArray labels) {
    // Only features are bounded.
  }

  @Override
  public void transformLabel(INDArray labels, INDArray labelsMask) {
    // Only features are bounded.
  }

  @Override
  public void revertLabels(INDArray labels) {
    // They were not changed.
  }

  @Override
  public void revertLabels(INDArray labels, INDArray labelsMask) {
    // They were not changed.
  }

  @Override
  public void fitLabel(boolean fitLabels) {
    if (fitLabels) {
      throw new IllegalArgumentException("fitLabels must be false: labels are not preprocessed");
    }
  }

  @Override
  public boolean isFitLabel() {
    return false;
  }

  // With the model

  @Override
  public NormalizerType getType() {
    return NormalizerType.CUSTOM;
  }

  /** Saves one as JSON; {@code ModelSerializer} finds this class by its name in the file. */
  public static final class Serializer extends CustomSerializerStrategy<DpFeaturePreprocessor> {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** For the platform, which makes one to read a file. */
    public Serializer() {}

    @Override
    public Class<DpFeaturePreprocessor> getSupportedClass() {
      return DpFeaturePreprocessor.class;
    }

    @Override
    public void write(DpFeaturePreprocessor normalizer, OutputStream stream) throws IOException {
      stream.write(MAPPER.writeValueAsBytes(normalizer));
    }

    @Override
    public DpFeaturePreprocessor restore(InputStream stream) throws IOException {
      return MAPPER.readValue(stream.readAllBytes(), DpFeaturePreprocessor.class);
    }
  }
}

package org.dl4jplus.optim.zeroth;

import java.io.Serializable;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.MeZO.PerturbationMode;
import org.dl4jplus.optim.zeroth.MeZO.UpdateRule;
import org.dl4jplus.optim.zeroth.offload.Compression;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * ZO2: MeZO for networks that are larger than the memory they are trained in. The parameters lie in
 * a store, and a few blocks of layers at a time are brought into working memory. Both losses of a
 * step go through the network side by side, block by block:
 *
 * <pre>{@code
 * for each block i:                                       t: this step
 *   bring in x_i
 *   x_i <- x_i - lr' (g' z' + wd x_i)                     the update of step t - 1
 *   x_i <- x_i + eps z      h1 <- block_i(h1)
 *   x_i <- x_i - 2 eps z    h2 <- block_i(h2)
 *   x_i <- x_i + eps z
 *   put x_i back
 * g = (loss(h1) - loss(h2)) / (2 eps)                     is applied in step t + 1, or by a flush
 * }</pre>
 *
 * so that every block comes and goes once a step. The parameters take the path of {@link MeZO} to
 * the same bits; {@link OffloadedNetwork} is what trains.
 *
 * <ul>
 *   <li>learningRate, learningRateSchedule, epsilon, epsilonSchedule, weightDecay, queries,
 *       perturbationMode, noise, updateRule, seed: as in {@link MeZO}, with its defaults. What
 *       MOMENTUM and ADAM remember lies in the store too, uncompressed
 *   <li>blocks: how many layers, one after another, make up each block; default: a block for each
 *       layer with parameters, which takes in the layers without that follow it
 *   <li>store: HEAP, memory of the JVM; MAPPED_FILE, a file; HOST, memory outside of the heap,
 *       which is where a network on a GPU is to be kept; default HEAP
 *   <li>path: the file of MAPPED_FILE, which must not exist yet and is deleted when the network is
 *       closed or the JVM exits; default: a temporary file, zo2*.parameters. It is working memory
 *       and no saved network: what a run that was killed leaves of it can only be deleted, and has
 *       to be before another one takes the same path
 *   <li>overlap: brings in the next block and puts the last one back while one computes, on two
 *       threads; default true. It does not change any bit
 *   <li>compression: of what is stored; default NONE. All others change the path: see {@link
 *       Compression}
 *   <li>residentBlocks: blocks in working memory, at least 1; default 3, the fewest with which
 *       bringing in, computing and putting back can happen at once
 * </ul>
 *
 * <p>Where this differs from the authors' code: the last update is not lost ({@link
 * OffloadedNetwork#flush()}), an estimate of 0 is applied like any other, the learning rate is that
 * of the step that made the estimate, and no block stays in working memory. Source: Liangyu Wang,
 * Jie Ren, Hang Xu, Junxiao Wang, Huanyi Xie, David E. Keyes, Di Wang, "ZO2: Scalable Zeroth-Order
 * Fine-Tuning for Extremely Large Language Models with Limited GPU Memory", arXiv 2503.12668, 2025.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class ZO2 implements Serializable {

  /** Where the parameters lie. */
  public enum Store {
    /** In memory of the JVM. */
    HEAP,
    /** In a file that is mapped into memory, of which the system keeps what there is room for. */
    MAPPED_FILE,
    /** In memory outside of the JVM's heap. */
    HOST
  }

  private final double learningRate;
  private final ISchedule learningRateSchedule;
  private final double epsilon;
  private final ISchedule epsilonSchedule;
  private final double weightDecay;
  private final int queries;
  private final PerturbationMode perturbationMode;
  private final Distribution noise;
  private final UpdateRule updateRule;
  private final long seed;
  private final List<Integer> blocks;
  private final Store store;
  private final String path;
  private final boolean overlap;
  private final Compression compression;
  private final int residentBlocks;

  @Builder(toBuilder = true)
  @JsonCreator
  private ZO2(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("epsilonSchedule") ISchedule epsilonSchedule,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("queries") Integer queries,
      @JsonProperty("perturbationMode") PerturbationMode perturbationMode,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("updateRule") UpdateRule updateRule,
      @JsonProperty("seed") Long seed,
      @JsonProperty("blocks") List<Integer> blocks,
      @JsonProperty("store") Store store,
      @JsonProperty("path") String path,
      @JsonProperty("overlap") Boolean overlap,
      @JsonProperty("compression") Compression compression,
      @JsonProperty("residentBlocks") Integer residentBlocks) {
    MeZO method =
        MeZO.builder()
            .learningRate(learningRate)
            .learningRateSchedule(learningRateSchedule)
            .epsilon(epsilon)
            .epsilonSchedule(epsilonSchedule)
            .weightDecay(weightDecay)
            .queries(queries)
            .perturbationMode(perturbationMode)
            .noise(noise)
            .updateRule(updateRule)
            .seed(seed)
            .build();
    this.learningRate = method.getLearningRate();
    this.learningRateSchedule = method.getLearningRateSchedule();
    this.epsilon = method.getEpsilon();
    this.epsilonSchedule = method.getEpsilonSchedule();
    this.weightDecay = method.getWeightDecay();
    this.queries = method.getQueries();
    this.perturbationMode = method.getPerturbationMode();
    this.noise = method.getNoise();
    this.updateRule = method.getUpdateRule();
    this.seed = method.getSeed();
    if (blocks != null) {
      blocks.forEach(layers -> Require.count("blocks", layers, 0));
    }
    this.blocks = blocks == null || blocks.isEmpty() ? null : List.copyOf(blocks);
    this.store = store == null ? Store.HEAP : store;
    if (path != null && this.store != Store.MAPPED_FILE) {
      throw new IllegalArgumentException(
          "path = " + path + " is for store = MAPPED_FILE, got " + this.store);
    }
    this.path = path;
    this.overlap = overlap == null || overlap;
    this.compression = compression == null ? Compression.NONE : compression;
    this.residentBlocks = Require.count("residentBlocks", residentBlocks, 3);
  }

  /**
   * The method whose path the parameters take.
   *
   * @return MeZO with the same fields
   */
  public MeZO method() {
    return MeZO.builder()
        .learningRate(learningRate)
        .learningRateSchedule(learningRateSchedule)
        .epsilon(epsilon)
        .epsilonSchedule(epsilonSchedule)
        .weightDecay(weightDecay)
        .queries(queries)
        .perturbationMode(perturbationMode)
        .noise(noise)
        .updateRule(updateRule)
        .seed(seed)
        .build();
  }
}

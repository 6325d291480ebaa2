package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.positive;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Learning rate and batch size for pre-training a language model with an Adam-like updater, from
 * its size and the amount of data alone.
 *
 * <pre>{@code
 * learning rate   = 1.79 * N^-0.713 * D^0.307       N: parameters without the embeddings
 * tokens a batch  = 0.58 * D^0.571                  D: training tokens
 * }</pre>
 *
 * <p>How to use it: the rate is the peak of a warmup and cosine schedule whose last value is {@link
 * #FINAL_LEARNING_RATE}, whatever the peak; divide the tokens of a batch by the length of a
 * sequence to have DL4J's batch size. The law was fitted for N between 6e7 and 1e9 and D between
 * 2e9 and 1e11; outside this range the helpers warn in the log and answer all the same. It says
 * nothing about other models: for a network on images or tables use a learning-rate search.
 *
 * <p>H. Li and others: "Predictable Scale: Part I, Step Law - Optimal Hyperparameter Scaling Law in
 * Large Language Model Pretraining", arXiv 2503.04715 (2025).
 */
public final class StepLaw {

  /** Where the schedule of the rate ends. */
  public static final double FINAL_LEARNING_RATE = 1e-5;

  private static final Logger LOG = LoggerFactory.getLogger(StepLaw.class);

  private StepLaw() {}

  /**
   * The peak learning rate.
   *
   * @param nonEmbeddingParameters N, above 0
   * @param tokens D, above 0
   * @return the rate
   */
  public static double learningRate(double nonEmbeddingParameters, double tokens) {
    double n = fitted("nonEmbeddingParameters", nonEmbeddingParameters, 6e7, 1e9);
    return 1.79 * Math.pow(n, -0.713) * Math.pow(fittedTokens(tokens), 0.307);
  }

  /**
   * The batch size.
   *
   * @param tokens D, above 0
   * @return tokens in a batch
   */
  public static double batchTokens(double tokens) {
    return 0.58 * Math.pow(fittedTokens(tokens), 0.571);
  }

  private static double fittedTokens(double tokens) {
    return fitted("tokens", tokens, 2e9, 1e11);
  }

  private static double fitted(String field, double value, double low, double high) {
    positive(field, value, 0);
    if (value < low || value > high) {
      LOG.warn(
          "{} = {} is outside of what the step law was fitted on, {} to {}",
          field,
          value,
          low,
          high);
    }
    return value;
  }
}

package org.dl4jplus.bilevel.arbiter;

import java.util.List;
import java.util.Properties;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.data.DataProvider;
import org.deeplearning4j.arbiter.optimize.api.data.DataSource;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener;

/**
 * What Arbiter's runner gives for the evaluation of a candidate.
 *
 * @param candidate what to evaluate
 * @param dataProvider data as older configurations give it; null with a data source
 * @param dataSource class that the data comes from; null with a data provider
 * @param dataSourceProperties what its instances are configured with; null for nothing
 * @param scoreFunction gives the score
 * @param listeners hear of the candidate
 * @param runner runs the search
 */
@SuppressWarnings("deprecation")
public record SearchTask(
    Candidate<?> candidate,
    DataProvider dataProvider,
    Class<? extends DataSource> dataSource,
    Properties dataSourceProperties,
    ScoreFunction scoreFunction,
    List<StatusListener> listeners,
    IOptimizationRunner runner) {

  /**
   * Takes null for no listeners.
   *
   * @param candidate what to evaluate
   * @param dataProvider data as older configurations give it; null with a data source
   * @param dataSource class that the data comes from; null with a data provider
   * @param dataSourceProperties what its instances are configured with; null for nothing
   * @param scoreFunction gives the score
   * @param listeners hear of the candidate
   * @param runner runs the search
   */
  public SearchTask {
    listeners = listeners == null ? List.of() : listeners;
  }

  /**
   * Makes the data source.
   *
   * @return a new instance, configured
   * @throws IllegalStateException where there is none, or no constructor without arguments
   */
  public DataSource source() {
    if (dataSource == null) {
      throw new IllegalStateException("The configuration has no data source");
    }
    try {
      DataSource source = dataSource.getConstructor().newInstance();
      if (dataSourceProperties != null) {
        source.configure(dataSourceProperties);
      }
      return source;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "The data source " + dataSource.getName() + " could not be made", e);
    }
  }

  /**
   * The training data.
   *
   * @return an iterator or a factory of iterators
   * @throws IllegalStateException where the configuration gives none
   */
  public Object trainingData() {
    if (dataSource != null) {
      return source().trainData();
    }
    if (dataProvider == null) {
      throw new IllegalStateException(
          "The configuration has neither a data source nor a data provider");
    }
    return dataProvider.trainData(candidate.getDataParameters());
  }

  /**
   * Scores a model by a function.
   *
   * @param function the function
   * @param model what to score
   * @return the score
   */
  public double score(ScoreFunction function, Object model) {
    return dataSource != null
        ? function.score(model, dataSource, dataSourceProperties)
        : function.score(model, dataProvider, candidate.getDataParameters());
  }
}

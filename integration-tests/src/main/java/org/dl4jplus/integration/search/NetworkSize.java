package org.dl4jplus.integration.search;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.deeplearning4j.arbiter.optimize.api.data.DataProvider;
import org.deeplearning4j.arbiter.optimize.api.data.DataSource;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.nn.api.Model;

/** A second goal: few parameters. */
public final class NetworkSize implements ScoreFunction {

  private static final long serialVersionUID = 1L;

  /** Creates the goal. */
  public NetworkSize() {}

  @Override
  @SuppressWarnings("deprecation")
  public double score(Object model, DataProvider provider, Map<String, Object> parameters) {
    return ((Model) model).numParams();
  }

  @Override
  public double score(Object model, Class<? extends DataSource> source, Properties properties) {
    return ((Model) model).numParams();
  }

  @Override
  public boolean minimize() {
    return true;
  }

  @Override
  public List<Class<?>> getSupportedModelTypes() {
    return List.of(Model.class);
  }

  @Override
  public List<Class<?>> getSupportedDataTypes() {
    return List.of(Object.class);
  }
}

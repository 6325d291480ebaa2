package org.dl4jplus.integration.search;

import java.util.List;
import java.util.Properties;
import org.deeplearning4j.arbiter.optimize.api.data.DataSource;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.integration.data.Split;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * UCI digits for a search: it trains on three fifths and scores on one; the last fifth is for the
 * network that it finds.
 */
public final class DigitsSource implements DataSource {

  private static final long serialVersionUID = 1L;
  private static final int BATCH = 32;
  private static final Split OUTER = Split.stratified(BundledData.digits(), 0.2, 0);
  private static final Split INNER = Split.stratified(OUTER.train(), 0.25, 0);

  /** For Arbiter. */
  public DigitsSource() {}

  @Override
  public void configure(Properties properties) {
    // Nothing to configure.
  }

  @Override
  public DataSetIterator trainData() {
    return new ExistingDataSetIterator(INNER.batches(BATCH, 1));
  }

  @Override
  public DataSetIterator testData() {
    return new ExistingDataSetIterator(List.of(INNER.test()));
  }

  @Override
  public Class<?> getDataType() {
    return DataSetIterator.class;
  }

  /** What no candidate has seen. */
  static DataSet unseen() {
    return OUTER.test();
  }
}

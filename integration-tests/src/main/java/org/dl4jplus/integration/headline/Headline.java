package org.dl4jplus.integration.headline;

import java.util.List;

/** An experiment that shows what a method claims. */
interface Headline {

  /** The name that {@code -Dheadline} takes. */
  String name();

  /** Runs it; takes up to a few minutes on two cores. */
  List<Row> measure();
}

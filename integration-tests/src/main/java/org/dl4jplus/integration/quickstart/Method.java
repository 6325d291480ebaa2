package org.dl4jplus.integration.quickstart;

import java.util.List;
import java.util.function.DoubleFunction;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * A method of the comparison.
 *
 * @param name what it is called in the table
 * @param rates learning rates that are tried
 * @param updater makes the updater for a rate
 * @param listeners listeners that the method asks for
 */
record Method(
    String name,
    List<Double> rates,
    DoubleFunction<IUpdater> updater,
    TrainingListener... listeners) {}

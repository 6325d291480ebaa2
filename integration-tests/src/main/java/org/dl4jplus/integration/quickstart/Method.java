package org.dl4jplus.integration.quickstart;

import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * A method of the comparison.
 *
 * @param name what it is called in the table
 * @param rates learning rates that are tried
 * @param updater makes the updater for a rate
 * @param solution parameters at which the network is evaluated
 */
record Method(
    String name,
    List<Double> rates,
    DoubleFunction<IUpdater> updater,
    Function<MultiLayerNetwork, INDArray> solution) {

  Method(String name, List<Double> rates, DoubleFunction<IUpdater> updater) {
    this(name, rates, updater, MultiLayerNetwork::params);
  }
}

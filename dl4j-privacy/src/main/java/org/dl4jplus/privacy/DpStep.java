package org.dl4jplus.privacy;

import org.dl4jplus.privacy.gradient.PrivateGradients;
import org.dl4jplus.privacy.noise.GaussianNoise;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One step as a mechanism sees it.
 *
 * @param index number of the step, from 0
 * @param records the records that were drawn for it
 * @param expectedSize what sums are divided by: a public constant
 * @param parameters where the step starts, of shape [n]; not to be changed
 * @param noiseMultiplier the plan's, or the one that was calibrated
 * @param noise makes values ready for release
 * @param direction takes what is released, n entries, zero at first: the network's updater gets it
 *     as the gradient
 */
public record DpStep(
    int index,
    PrivateGradients records,
    double expectedSize,
    INDArray parameters,
    double noiseMultiplier,
    GaussianNoise noise,
    double[] direction) {}

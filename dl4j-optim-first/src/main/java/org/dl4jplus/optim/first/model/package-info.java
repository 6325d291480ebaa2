/**
 * One view of MultiLayerNetwork and ComputationGraph for methods that act on the whole model:
 * flattened parameters and gradient, the current batch, gradients at moved parameters.
 */
package org.dl4jplus.optim.first.model;

/**
 * What choosing a batch size needs of a network: gradients of parts of the current batch, and how
 * far they scatter.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.batchsize;

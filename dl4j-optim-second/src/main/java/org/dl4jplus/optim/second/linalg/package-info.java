/**
 * Matrices that second-order methods need: inverse roots, and preconditioners of tensors in blocks.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.second.linalg;

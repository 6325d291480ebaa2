/**
 * What each layer saw in one backward pass: its inputs and the gradients at its pre-activations.
 * Everything about single examples follows from that: their gradients, norms, weighted sums,
 * products and Kronecker factors.
 */
package org.dl4jplus.optim.first.tape;

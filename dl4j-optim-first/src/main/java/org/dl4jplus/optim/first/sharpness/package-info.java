/**
 * What the sharpness-aware methods share: the climb, the Hessian's top eigenvalue.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.sharpness;

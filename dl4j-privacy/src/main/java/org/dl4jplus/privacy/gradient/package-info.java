/**
 * Sums of clipped gradients of single records: the private side of a step.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.gradient;

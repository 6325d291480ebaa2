/**
 * Training, fine-tuning and attacks by function values alone.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth;

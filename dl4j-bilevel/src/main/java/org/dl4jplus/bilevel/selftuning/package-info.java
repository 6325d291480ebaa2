/**
 * Self-tuning networks: layers that learn how their weights respond to hyperparameters, and the
 * trainer that moves both.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.selftuning;

/**
 * Searches over hyperparameters: candidate generators that take the place of Arbiter's {@code
 * RandomSearchGenerator}.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.search;

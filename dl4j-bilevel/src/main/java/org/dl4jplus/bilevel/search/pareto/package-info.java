/**
 * Several goals at once: fronts, hypervolumes, and searches for them.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.search.pareto;

/**
 * The parts of CARBS: scales without bounds, fronts of cost and quality, the outputs that its
 * processes model.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.search.carbs;

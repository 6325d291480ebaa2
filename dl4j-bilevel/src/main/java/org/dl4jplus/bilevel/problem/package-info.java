/**
 * Two nested minimisations: as an interface, and over a network's parameters.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.problem;

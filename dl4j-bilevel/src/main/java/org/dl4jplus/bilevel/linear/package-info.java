/**
 * Linear systems that are known by products alone, as a network's Hessian is: {@link
 * org.dl4jplus.bilevel.linear.LinearSolver} and its kinds, and {@link
 * org.dl4jplus.bilevel.linear.InverseHessian}, what a hypergradient asks of them. In double
 * precision whatever a network's type is.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.linear;

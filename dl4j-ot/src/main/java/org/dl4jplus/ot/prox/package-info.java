/** Learned proximal operators: the gradients of convex networks. */
package org.dl4jplus.ot.prox;

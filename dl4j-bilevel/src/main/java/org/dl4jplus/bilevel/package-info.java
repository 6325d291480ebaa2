/** Hypergradients, bilevel training, and search generators that Arbiter hosts. */
package org.dl4jplus.bilevel;

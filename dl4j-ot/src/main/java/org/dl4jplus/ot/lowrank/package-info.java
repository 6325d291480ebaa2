/** Low-rank forms of weights, on arrays, with their derivatives. */
package org.dl4jplus.ot.lowrank;

/** Generalised sum pooling: pooling by a partial transport, on arrays, with its derivatives. */
package org.dl4jplus.ot.pooling;

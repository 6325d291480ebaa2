/** Mixtures of experts: who gets which token, and what becomes of it, on arrays. */
package org.dl4jplus.ot.experts;

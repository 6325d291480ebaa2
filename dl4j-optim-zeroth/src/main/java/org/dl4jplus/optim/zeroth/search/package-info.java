/**
 * Searches over vectors that are asked for points and told their values: by hand, from an
 * optimizer, or through the methods of the root package.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.search;

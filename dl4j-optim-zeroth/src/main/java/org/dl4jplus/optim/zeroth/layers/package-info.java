/**
 * Parts of networks that have no useful derivative and need none here.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.layers;

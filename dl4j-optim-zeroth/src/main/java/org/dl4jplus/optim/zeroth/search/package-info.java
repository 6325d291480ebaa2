/**
 * Searches that hand out points and are told values, and what they are made of.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.search;

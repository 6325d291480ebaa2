/**
 * What methods that search by values alone are built of.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.search;

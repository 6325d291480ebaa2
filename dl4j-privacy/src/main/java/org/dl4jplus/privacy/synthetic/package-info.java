/**
 * Synthetic tables that have the statistics of a private one.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.synthetic;

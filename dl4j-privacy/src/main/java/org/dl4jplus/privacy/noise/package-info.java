/**
 * Random numbers that an adversary cannot predict, and the mechanisms' distributions.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.noise;

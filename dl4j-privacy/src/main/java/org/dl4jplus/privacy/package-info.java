/**
 * Differential privacy for Deeplearning4j networks.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy;

/** Differential privacy for Deeplearning4j networks. */
package org.dl4jplus.privacy;

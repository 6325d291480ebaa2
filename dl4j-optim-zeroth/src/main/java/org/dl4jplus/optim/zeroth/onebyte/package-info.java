/**
 * Training by one byte a loss difference: the byte's scale, the messages, the replicas that replay
 * them, and a runner in one process. What runs it on Spark is in the package {@code spark}.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.onebyte;

/**
 * One-byte training on Spark, which is an optional dependency: {@code dl4j-spark_2.12} and {@code
 * spark-core_2.12}. Nothing else in this module needs it.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.spark;

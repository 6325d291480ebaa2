/**
 * The benchmark command: what a step of each updater costs. {@code mvn -B -Pbench verify} runs it.
 */
package org.dl4jplus.integration.bench;

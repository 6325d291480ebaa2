/**
 * A real search: Arbiter over updaters, their rates and the size of a network on digits. {@code mvn
 * -B -Psearch verify} runs it and writes its report.
 *
 * @serial exclude
 */
package org.dl4jplus.integration.search;

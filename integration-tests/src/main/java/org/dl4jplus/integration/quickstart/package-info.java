/**
 * The quickstart: one small network on real data with several updaters from the same start, a table
 * and a page with the curves. {@code mvn -B -Pquickstart verify} runs it.
 */
package org.dl4jplus.integration.quickstart;

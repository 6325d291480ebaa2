/** Tables and pages that the quickstart and the benchmarks print. */
package org.dl4jplus.integration.report;

/** What runs on everything together: the real data, the quickstart, the benchmarks. */
package org.dl4jplus.integration;

/**
 * What the papers claim, measured: {@code mvn -B -Pheadlines verify}. One class an experiment; each
 * gives rows of claim, baseline, ours and bar. Every module's headlines belong here.
 */
package org.dl4jplus.integration.headline;

/**
 * Finds the project's classes, so that tests and benchmarks meet a new one the day it is written.
 */
package org.dl4jplus.integration.classpath;

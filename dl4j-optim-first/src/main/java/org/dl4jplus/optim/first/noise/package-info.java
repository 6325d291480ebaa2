/**
 * Random numbers that are a function of (seed, index): any slice of a random vector can be made
 * again, on any thread or machine. Stands on nothing here.
 */
package org.dl4jplus.optim.first.noise;

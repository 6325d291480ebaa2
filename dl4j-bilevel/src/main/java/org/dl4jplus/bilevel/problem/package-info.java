/** Two nested minimisations: as an interface, and over a network's parameters. */
package org.dl4jplus.bilevel.problem;

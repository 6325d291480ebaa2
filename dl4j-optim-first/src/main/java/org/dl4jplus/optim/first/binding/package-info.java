/**
 * The pass over a built configuration that tells updaters the shapes and values of their
 * parameters; called through {@code Optim.bind}. Stands on the updater base and DL4J's
 * configuration classes.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.binding;

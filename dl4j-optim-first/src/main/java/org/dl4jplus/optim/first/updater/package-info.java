/**
 * What every updater is made of: the base class with learning rate, JSON, equality and state
 * layout, the {@link org.dl4jplus.optim.first.updater.Step} that a rule is written against, and the
 * binding that tells an updater the shapes and values of its parameters. Knows no single method.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.updater;

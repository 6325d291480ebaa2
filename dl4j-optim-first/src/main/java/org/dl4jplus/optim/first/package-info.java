/**
 * First-order updaters for Deeplearning4j: {@code .updater(new Adan(1e-3))}. Here lie the updaters,
 * the steps that go around them (weight decays, trust ratios), {@link
 * org.dl4jplus.optim.first.Optim} that binds those which need shapes or values, and {@link
 * org.dl4jplus.optim.first.ArrayOptimizer}.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first;

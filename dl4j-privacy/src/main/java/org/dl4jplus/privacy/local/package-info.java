/**
 * Local differential privacy: every user perturbs their own value, and the server, which is not
 * trusted, estimates how often each value occurs.
 *
 * <p>To choose: {@link org.dl4jplus.privacy.local.SubsetSelection} has the smallest error, {@link
 * org.dl4jplus.privacy.local.LocalHashing} the smallest reports where there are many values, {@link
 * org.dl4jplus.privacy.local.RandomizedResponse} is enough for few. Their adaptive forms give away
 * some accuracy for reports from which a value is harder to guess.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.local;

/**
 * Which records a step sees, and what that does for their privacy.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.sampling;

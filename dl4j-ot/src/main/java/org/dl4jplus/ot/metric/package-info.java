/** Losses of metric learning on arrays of numbers, with their gradients. */
package org.dl4jplus.ot.metric;

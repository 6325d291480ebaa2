/** Training, fine-tuning and attacks by function values alone. */
package org.dl4jplus.optim.zeroth;

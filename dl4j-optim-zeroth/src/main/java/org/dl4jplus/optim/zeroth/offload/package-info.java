/**
 * Parameters that lie outside of a network and are brought into it block by block.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.offload;

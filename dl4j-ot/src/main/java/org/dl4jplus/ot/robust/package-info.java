/** Robustness against shifts of the data within a transport distance. */
package org.dl4jplus.ot.robust;

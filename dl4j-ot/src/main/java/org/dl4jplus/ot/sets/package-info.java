/** Maps of sets, on arrays of numbers, with their derivatives. */
package org.dl4jplus.ot.sets;

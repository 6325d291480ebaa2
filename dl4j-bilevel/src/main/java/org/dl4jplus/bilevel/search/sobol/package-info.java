/** Points that fill the unit cube evenly. */
package org.dl4jplus.bilevel.search.sobol;

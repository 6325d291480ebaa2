/** Ready-made bilevel problems on a user's own network and data. */
package org.dl4jplus.bilevel.task;

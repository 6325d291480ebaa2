/**
 * Ready-made bilevel problems on a user's own network and data.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.task;

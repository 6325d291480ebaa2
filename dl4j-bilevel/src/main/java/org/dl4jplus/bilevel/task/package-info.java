/**
 * Bilevel problems that are ready to run on a user's network and data.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.task;

/**
 * What connects searches and bilevel runs to Arbiter: tasks that report and resume, spaces,
 * conditions, reports.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel.arbiter;

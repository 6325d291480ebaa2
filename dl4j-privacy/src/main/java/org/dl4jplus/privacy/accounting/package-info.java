/**
 * What was released, and the epsilon that it comes to.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.accounting;

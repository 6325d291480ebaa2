/**
 * Attacks on trained models and lower bounds on epsilon. They find leaks; they never show that
 * there are none.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.audit;

/**
 * What a network, its listeners and its records must be like for private training, checked before
 * it starts: {@link org.dl4jplus.privacy.validation.AttachChecks} has the table.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.validation;

/** How features are hashed into tables of embeddings. */
package org.dl4jplus.ot.embedding;

/** The small real data sets that come with the project, and their division for training. */
package org.dl4jplus.integration.data;

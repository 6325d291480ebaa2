/** The arithmetic behind the schedules that are made from a recorded run. */
package org.dl4jplus.optim.first.schedule;

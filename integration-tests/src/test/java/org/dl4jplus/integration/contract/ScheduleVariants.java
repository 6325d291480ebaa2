package org.dl4jplus.integration.contract;

import java.util.Map;

/**
 * Settings of schedules: what a class without defaults needs, and those that take another path
 * through a class. Class name, label, JSON fields (with single quotes).
 */
final class ScheduleVariants {

  static final Map<String, Map<String, String>> JSON =
      Map.of(
          "AnnealingSchedule",
          Map.of(
              "cosine", "{'decay': 0.05}",
              "line", "{'kind': 'LINEAR', 'decay': 0.05}",
              "restarts", "{'totalSteps': 3, 'restartMult': 1.5}",
              "up", "{'init': 0.1, 'target': 0.5}"),
          "SpsaSchedule",
          Map.of(
              "rate", "{'initial': 0.1, 'offset': 100}",
              "step", "{'initial': 0.01, 'exponent': 0.101}"),
          "LastIterateSchedule",
          Map.of(
              "anytime", "{'setting': 'CONVEX_ANYTIME', 'eta': 0.1}",
              "constant", "{'setting': 'CONVEX_CONSTANT', 'totalSteps': 12}",
              "linear", "{'totalSteps': 12, 'eta': 0.5, 'scheduleType': 'EPOCH'}",
              "strong", "{'setting': 'STRONGLY_CONVEX', 'strongConvexity': 10}",
              "strong, smooth",
                  "{'setting': 'STRONGLY_CONVEX_TWO', 'strongConvexity': 10, 'smoothness': 5}",
              "strong, half",
                  "{'setting': 'STRONGLY_CONVEX_HALF', 'strongConvexity': 10, 'totalSteps': 7}"),
          "LinearDecaySchedule",
          Map.of(
              "plain", "{'peak': 0.1, 'totalSteps': 12}",
              "warm", "{'peak': 0.1, 'warmupSteps': 3, 'totalSteps': 5}",
              "warm to the end", "{'peak': 0.1, 'warmupSteps': 12, 'totalSteps': 12}",
              "epochs", "{'peak': 0.1, 'totalSteps': 12, 'scheduleType': 'EPOCH'}",
              "long", "{'peak': 0.1, 'warmupSteps': 2000000000, 'totalSteps': 2147483647}"),
          "RefinedSchedule",
          Map.of(
              "as long", "{'peak': 0.1, 'factors': [0.5, 1, 0.7, 0.3, 0.2, 0]}",
              "longer", "{'peak': 0.1, 'factors': [0.5, 1, 0], 'totalSteps': 12}",
              "shorter", "{'peak': 0.1, 'factors': [0.5, 1, 0.7, 0.3, 0], 'totalSteps': 3}",
              "one step", "{'factors': [1, 0.5, 0], 'totalSteps': 1, 'scheduleType': 'EPOCH'}",
              "longest", "{'peak': 0.1, 'factors': [1, 0.5, 0], 'totalSteps': 2147483647}"),
          "SampleSchedule",
          Map.of(
              "of ours",
                  "{'delegate': {'@class': 'org.dl4jplus.optim.first.LinearDecaySchedule',"
                      + " 'peak': 0.1, 'totalSteps': 20}, 'samplesPerUnit': 6}",
              "of the platform's",
                  "{'delegate': {'@class': 'org.nd4j.linalg.schedule.StepSchedule',"
                      + " 'scheduleType': 'ITERATION', 'initialValue': 0.1, 'decayRate': 0.5,"
                      + " 'step': 30}}"));

  private ScheduleVariants() {}
}

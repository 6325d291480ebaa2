package org.dl4jplus.optim.first.multiobjective;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dl4jplus.optim.first.oracle.GradientTurn;

/**
 * What the objectives of a step are. The ready ones work on networks and their current batch, and
 * each runs a forward and a backward pass; whatever they set is set back. Each row is the gradient
 * of the mean loss over the examples that belong to the objective, so that the sizes of groups do
 * not count. Batch normalization sees an objective's examples only, except in {@link #perOutput()}
 * and {@link #relabeled}, and refuses {@link #perExample()}.
 */
@FunctionalInterface
public interface Objectives extends Serializable {

  /**
   * The objectives.
   *
   * @param turn the step; {@link GradientTurn#oracle()} must not be moved by the caller
   * @return one or more objectives, to be asked during the turn
   */
  List<Objective> of(GradientTurn turn);

  /**
   * Whether the objectives are the losses of the examples, in their order.
   *
   * @return false by default
   */
  default boolean singleExamples() {
    return false;
  }

  /**
   * The loss of each output of a ComputationGraph is an objective.
   *
   * @return objectives in the order of the outputs
   */
  static Objectives perOutput() {
    return turn -> {
      Batch batch = new Batch(turn);
      List<Objective> objectives = new ArrayList<>();
      for (int k = 0; k < batch.labels().length; k++) {
        int output = k;
        objectives.add(out -> batch.gradientOfOutput(output, out));
      }
      return objectives;
    };
  }

  /**
   * The mean loss of the examples of each class is an objective; the class is the largest label of
   * the first output, of shape [examples, classes].
   *
   * @return objectives in the order of the classes that occur in the batch
   */
  static Objectives perClass() {
    return perGroup((inputs, labels) -> labels[0].argMax(1).toIntVector());
  }

  /**
   * The mean loss of each group of examples is an objective.
   *
   * @param grouping sorts the examples
   * @return objectives in the order of the numbers of the groups that occur in the batch
   */
  static Objectives perGroup(Grouping grouping) {
    return turn -> {
      Batch batch = new Batch(turn);
      int[] groups = grouping.groups(batch.inputs(), batch.labels());
      Map<Integer, List<Integer>> members = new TreeMap<>();
      for (int i = 0; i < groups.length; i++) {
        members.computeIfAbsent(groups[i], g -> new ArrayList<>()).add(i);
      }
      List<Objective> objectives = new ArrayList<>();
      for (List<Integer> group : members.values()) {
        int[] examples = group.stream().mapToInt(i -> i).toArray();
        objectives.add(out -> batch.gradientOfExamples(examples, out));
      }
      return objectives;
    };
  }

  /**
   * The loss of each example is an objective: instance-wise risk minimization. All gradients come
   * out of the one pass of a plain step where the kinds of layers allow it; otherwise each example
   * costs a pass of its own.
   *
   * @return objectives in the order of the examples
   */
  static Objectives perExample() {
    return new PerExample();
  }

  /**
   * The loss with each of several sets of labels is an objective.
   *
   * @param sets makes the labels of each objective
   * @return objectives in the order of the sets
   */
  static Objectives relabeled(Relabeling... sets) {
    Relabeling[] copy = sets.clone();
    return turn -> {
      Batch batch = new Batch(turn);
      List<Objective> objectives = new ArrayList<>();
      for (Relabeling set : copy) {
        objectives.add(out -> batch.gradientWithLabels(set.labels(batch.labels()), out));
      }
      return objectives;
    };
  }
}

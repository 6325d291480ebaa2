package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;

/**
 * The spaces of several searches as one: the first coordinate chooses among them, and behind it
 * each has its own coordinates. The leaves keep the indices that their searches gave them, so to
 * Arbiter all of this is a single leaf.
 */
final class ArmsSpace extends AbstractParameterSpace<Object> {

  private final List<FeedbackGenerator> arms;
  private final Map<String, SpaceModel> models = new LinkedHashMap<>();
  private final DiscreteParameterSpace<String> choice;

  ArmsSpace(Map<String, FeedbackGenerator> arms) {
    if (arms == null || arms.size() < 2) {
      throw new IllegalArgumentException(
          "arms must be at least 2, got " + (arms == null ? null : arms.keySet()));
    }
    Set<Object> leaves = Collections.newSetFromMap(new IdentityHashMap<>());
    arms.forEach(
        (name, arm) -> {
          if (name == null || arm == null) {
            throw new IllegalArgumentException("An arm must have a name and a generator");
          }
          Set<Object> own = Collections.newSetFromMap(new IdentityHashMap<>());
          own.addAll(arm.getParameterSpace().collectLeaves());
          if (own.stream().anyMatch(leaf -> !leaves.add(leaf))) {
            throw new IllegalArgumentException(
                "Arm "
                    + name
                    + " shares a parameter space object with an arm before it; each arm needs"
                    + " objects of its own");
          }
          models.put(name, arm.space());
        });
    this.arms = List.copyOf(arms.values());
    choice = new DiscreteParameterSpace<>(arms.keySet());
    choice.setIndices(0);
  }

  DiscreteParameterSpace<String> choice() {
    return choice;
  }

  Map<String, SpaceModel> models() {
    return models;
  }

  private int offset(int arm) {
    return 1 + arms.subList(0, arm).stream().mapToInt(a -> a.space().size()).sum();
  }

  /** A point of an arm as one of all; the coordinates of the others are in the middle. */
  double[] join(int arm, double[] point) {
    double[] joined = new double[numParameters()];
    Arrays.fill(joined, 0.5);
    joined[0] = (arm + 0.5) / arms.size();
    System.arraycopy(point, 0, joined, offset(arm), point.length);
    return joined;
  }

  @Override
  public Object getValue(double[] point) {
    int arm = Math.min((int) (point[0] * arms.size()), arms.size() - 1);
    int offset = offset(arm);
    FeedbackGenerator generator = arms.get(arm);
    return generator
        .getParameterSpace()
        .getValue(Arrays.copyOfRange(point, offset, offset + generator.space().size()));
  }

  @Override
  public int numParameters() {
    return offset(arms.size());
  }

  @Override
  @SuppressWarnings("rawtypes")
  public List<ParameterSpace> collectLeaves() {
    return new ArrayList<>(List.of(this));
  }

  @Override
  public boolean isLeaf() {
    return true;
  }

  @Override
  public void setIndices(int... indices) {
    // A search with this space has no other leaf: the coordinates are all of a point.
  }
}

package org.dl4jplus.bilevel.arbiter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;

/** A space that is made of the spaces that {@code getNestedSpaces} names. */
@SuppressWarnings("rawtypes")
abstract class CompositeSpace<T> implements ParameterSpace<T> {

  @Override
  public int numParameters() {
    return collectLeaves().stream().mapToInt(ParameterSpace::numParameters).sum();
  }

  @Override
  @SuppressWarnings("unchecked")
  public List<ParameterSpace> collectLeaves() {
    List<ParameterSpace> leaves = new ArrayList<>();
    getNestedSpaces().values().forEach(space -> leaves.addAll(space.collectLeaves()));
    return leaves;
  }

  @Override
  public boolean isLeaf() {
    return false;
  }

  @Override
  public void setIndices(int... indices) {
    int at = 0;
    for (ParameterSpace leaf : collectLeaves()) {
      leaf.setIndices(Arrays.copyOfRange(indices, at, at += leaf.numParameters()));
    }
  }
}

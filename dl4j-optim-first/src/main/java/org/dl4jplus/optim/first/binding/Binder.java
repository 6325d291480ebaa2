package org.dl4jplus.optim.first.binding;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Binding;
import org.dl4jplus.optim.first.updater.ParameterTap;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/** Binds one updater to its variables; what all kinds of models share. */
public final class Binder {

  private Binder() {}

  /**
   * Binds an updater.
   *
   * @param updater the updater
   * @param key what sets its blocks apart, usually the layer's name
   * @param runs the variables of each of its blocks, in order
   * @return the bound copy
   */
  public static AbstractUpdater bind(
      AbstractUpdater updater, String key, List<List<VariableShape>> runs) {
    if (!updater.needsShapes()) {
      return updater.bound(Binding.WITHOUT_SHAPES);
    }
    requireDistinct(key, runs);
    return updater.bound(new Binding(key, false, runs));
  }

  /**
   * Binds an updater to the variables of a SameDiff graph, each a block of its own that is told
   * apart by its shape.
   *
   * @param updater the updater
   * @param variables the variables
   * @return the bound copy
   */
  public static AbstractUpdater bindShaped(AbstractUpdater updater, List<VariableShape> variables) {
    return updater.bound(
        updater.needsShapes()
            ? new Binding("graph", true, variables.stream().map(List::of).toList())
            : Binding.WITHOUT_SHAPES);
  }

  /** The platform tells an updater the length of its block and nothing else. */
  private static void requireDistinct(String key, List<List<VariableShape>> runs) {
    Map<Long, List<long[]>> byLength = new HashMap<>();
    for (List<VariableShape> run : runs) {
      long length = run.stream().mapToLong(VariableShape::length).sum();
      List<long[]> shapes = run.stream().map(VariableShape::getDimensions).toList();
      List<long[]> other = byLength.putIfAbsent(length, shapes);
      if (other != null && !java.util.Arrays.deepEquals(other.toArray(), shapes.toArray())) {
        throw new DL4JInvalidConfigException(
            "Layer '"
                + key
                + "' has two groups of "
                + length
                + " parameters with different shapes under one updater, which cannot be told apart;"
                + " remove the bias updater or give the layer an updater that needs no shapes");
      }
    }
  }

  /**
   * A regularization list with what an updater needs in it, once.
   *
   * @param steps the list so far, or null
   * @param updater the updater of these variables
   * @param kind what they are
   * @return a new list: the updater's steps first, then the others
   */
  public static List<Regularization> withSteps(
      List<Regularization> steps, IUpdater updater, Kind kind) {
    List<Regularization> result = new ArrayList<>();
    if (updater instanceof AbstractUpdater own) {
      result.addAll(own.steps(kind));
      if (own.needsParameters()) {
        result.add(new ParameterTap());
      }
    }
    if (steps != null) {
      for (Regularization step : steps) {
        // Binding again replaces what binding added before.
        boolean ours = result.stream().anyMatch(r -> r.equals(step) || isOurs(r, step));
        if (!ours) {
          result.add(step);
        }
      }
    }
    return result;
  }

  private static boolean isOurs(Regularization added, Regularization step) {
    return added.getClass() == step.getClass()
        && added.getClass().getName().startsWith("org.dl4jplus.");
  }
}

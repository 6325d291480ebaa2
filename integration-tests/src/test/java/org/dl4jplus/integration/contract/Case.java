package org.dl4jplus.integration.contract;

import java.lang.reflect.Field;
import java.util.List;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * An updater in one configuration.
 *
 * @param name how messages call it
 * @param prototype the configured updater
 * @param first whether it is the class's first case
 */
record Case(String name, IUpdater prototype, boolean first) {

  /** A fresh updater. */
  IUpdater updater() {
    return prototype.clone();
  }

  boolean hasRate() {
    return prototype.hasLearningRate();
  }

  boolean needsShapes() {
    return prototype instanceof AbstractUpdater own && own.needsShapes();
  }

  boolean needsParameters() {
    return prototype instanceof AbstractUpdater own && own.needsParameters();
  }

  boolean needsSteps() {
    return prototype instanceof AbstractUpdater own && !own.steps(Kind.WEIGHT).isEmpty();
  }

  /** Whether it works around another updater. */
  boolean wraps() {
    for (Class<?> type = prototype.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (IUpdater.class.isAssignableFrom(field.getType())) {
          return true;
        }
      }
    }
    return false;
  }

  boolean needsBinding() {
    return prototype instanceof AbstractUpdater own && own.needsBinding();
  }

  /** The data types to train long runs in: a class's further configurations share its rounding. */
  List<DataType> types() {
    return first ? List.of(DataType.FLOAT, DataType.DOUBLE) : List.of(DataType.DOUBLE);
  }

  /** Whether a contract does not hold for this class, for a reason that the table gives. */
  boolean exempt(Limits.Contract contract) {
    return Limits.exempt(contract, prototype.getClass().getSimpleName(), name);
  }

  /** The start of a message. */
  String in(String contract) {
    return prototype.getClass().getName() + " (" + name + "), contract '" + contract + "': ";
  }

  @Override
  public String toString() {
    return name;
  }
}

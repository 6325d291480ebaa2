package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.dl4jplus.optim.first.Optim;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** JSON, equality, cloning and bad values. */
class ConfigurationContractTest {

  private static final StepSchedule SCHEDULE =
      new StepSchedule(ScheduleType.ITERATION, 0.01, 0.5, 3);

  @EveryUpdater
  void jsonKeepsTheUpdater(Case c) {
    for (IUpdater updater : withAndWithoutSchedule(c)) {
      String json = Updaters.write(updater);
      IUpdater copy = Updaters.read(json);
      assertEquals(updater, copy, c.in("JSON") + json);
      assertEquals(updater.hashCode(), copy.hashCode(), c.in("JSON, hash code") + json);
      assertEquals(json, Updaters.write(copy), c.in("JSON, written again"));
    }
  }

  @EveryUpdater
  void jsonKeepsConfigurations(Case c) {
    for (IUpdater updater : withAndWithoutSchedule(c)) {
      for (Topology topology : Topology.values()) {
        String in = c.in("JSON of the configuration, " + topology);
        if (topology.isGraph()) {
          ComputationGraphConfiguration plain = topology.graph(updater, DataType.FLOAT);
          for (ComputationGraphConfiguration conf : List.of(plain, Optim.bind(plain))) {
            ComputationGraphConfiguration copy =
                ComputationGraphConfiguration.fromJson(conf.toJson());
            assertEquals(conf, copy, in);
            assertEquals(conf.hashCode(), copy.hashCode(), in);
            assertEquals(conf, conf.clone(), in + "clone");
          }
        } else {
          MultiLayerConfiguration plain = topology.layers(updater, DataType.FLOAT);
          for (MultiLayerConfiguration conf : List.of(plain, Optim.bind(plain))) {
            MultiLayerConfiguration copy = MultiLayerConfiguration.fromJson(conf.toJson());
            assertEquals(conf, copy, in);
            assertEquals(conf.hashCode(), copy.hashCode(), in);
            assertEquals(conf, conf.clone(), in + "clone");
          }
        }
      }
    }
  }

  @EveryUpdater
  void bindingTwiceIsBindingOnce(Case c) {
    for (Topology topology : Topology.values()) {
      if (!topology.isGraph()) {
        MultiLayerConfiguration once = Optim.bind(topology.layers(c.updater(), DataType.FLOAT));
        assertEquals(once, Optim.bind(once), c.in("binding again, " + topology));
      }
    }
  }

  @EveryUpdater
  void javaSerializationKeepsTheUpdater(Case c) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(c.updater());
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(c.updater(), in.readObject(), c.in("Java serialization (Spark)"));
    }
  }

  @EveryUpdater
  void cloneIsEqualAndDeep(Case c) throws IllegalAccessException {
    for (IUpdater updater : withAndWithoutSchedule(c)) {
      IUpdater copy = updater.clone();
      String in = c.in("clone");
      assertEquals(updater, copy, in);
      assertEquals(updater.hashCode(), copy.hashCode(), in + "hash code");
      assertNotSame(updater, copy, in);
      assertNoSharedUpdater(updater, copy, in);
      if (c.hasRate()) {
        copy.setLrAndSchedule(0.75, null);
        assertEquals(0.75, copy.getLearningRate(0, 0), in + "the rate that was set");
        assertNotEquals(0.75, updater.getLearningRate(0, 0), in + "the original's rate changed");
        assertNotEquals(updater, copy, in + "updaters with different rates are equal");
        copy = updater.clone();
        copy.setLrAndSchedule(Double.NaN, new StepSchedule(ScheduleType.ITERATION, 0.75, 0.5, 1));
        assertEquals(0.375, copy.getLearningRate(1, 0), in + "the schedule that was set");
        assertNotEquals(updater, copy, in + "updaters with different schedules are equal");
      }
    }
  }

  private static void assertNoSharedUpdater(IUpdater updater, IUpdater copy, String in)
      throws IllegalAccessException {
    for (Field field : fields(updater.getClass())) {
      if (IUpdater.class.isAssignableFrom(field.getType())) {
        assertNotSame(field.get(updater), field.get(copy), in + field.getName() + " is shared");
      }
    }
  }

  @EveryUpdater
  void unknownEnumValuesAreRejected(Case c) throws IOException {
    String json = Updaters.write(c.updater());
    for (Field field : fields(c.prototype().getClass())) {
      if (field.getType().isEnum()) {
        requireRejected(c, json, field.getName(), "\"NO_SUCH_VALUE\"");
      }
    }
  }

  @EveryUpdater
  void badNumbersAreRejected(Case c) throws IOException {
    String json = Updaters.write(c.updater());
    for (Field field : fields(c.prototype().getClass())) {
      String name = field.getName();
      boolean whole =
          List.of(int.class, long.class, Integer.class, Long.class).contains(field.getType());
      boolean real = List.of(double.class, Double.class).contains(field.getType());
      if (name.equals("learningRate") && (!c.hasRate() || c.wraps())) {
        // Not this object's.
        continue;
      }
      List<String> bad = new ArrayList<>();
      if (real) {
        bad.addAll(List.of("\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "-0.5", "-2.0"));
        if (name.matches("beta\\d?(Initial|Final)?") || name.equals("momentum")) {
          bad.addAll(List.of("1.0", "1.5"));
        }
      }
      if (whole) {
        bad.addAll(List.of("-1", "-3"));
        if (name.matches("rank|window.*|history|.*Interval|.*Frequency|.*Size|.*Period")) {
          bad.add("0");
        }
      }
      for (String value : bad) {
        requireRejected(c, json, name, value);
      }
    }
  }

  /** Replaces one field by a bad value; the message has to name the field. */
  private static void requireRejected(Case c, String json, String field, String value)
      throws IOException {
    if (Limits.takes(c.prototype().getClass().getSimpleName(), field, value)) {
      return;
    }
    ObjectNode tree = (ObjectNode) Updaters.MAPPER.readTree(json);
    String in = c.in("bad value " + field + " = " + value);
    JsonNode bad = Updaters.MAPPER.readTree(value);
    tree.set(field, bad);
    IUpdater accepted;
    try {
      accepted =
          Updaters.MAPPER.readValue(Updaters.MAPPER.writeValueAsString(tree), IUpdater.class);
    } catch (IOException | IllegalArgumentException e) {
      StringBuilder messages = new StringBuilder();
      for (Throwable t = e; t != null; t = t.getCause()) {
        messages.append(t.getMessage()).append('\n');
      }
      assertTrue(messages.toString().contains(field), in + "not named in: " + messages);
      return;
    }
    fail(in + "accepted as " + accepted);
  }

  private static List<IUpdater> withAndWithoutSchedule(Case c) {
    List<IUpdater> updaters = new ArrayList<>(List.of(c.updater()));
    if (c.hasRate()) {
      IUpdater scheduled = c.updater();
      scheduled.setLrAndSchedule(Double.NaN, SCHEDULE);
      updaters.add(scheduled);
    }
    return updaters;
  }

  private static List<Field> fields(Class<?> type) {
    List<Field> fields = new ArrayList<>();
    for (Class<?> k = type; k != null && k != Object.class; k = k.getSuperclass()) {
      for (Field field : k.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
          field.setAccessible(true);
          fields.add(field);
        }
      }
    }
    return fields;
  }
}

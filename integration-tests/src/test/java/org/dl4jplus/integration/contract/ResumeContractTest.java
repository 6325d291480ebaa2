package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** Save, load, go on: the same as never having stopped, to the last bit. */
class ResumeContractTest {

  private static final int BEFORE = 4;
  private static final int AFTER = 9;

  @TempDir Path directory;

  /** A rate that depends on the iteration, where there is one: it has to go on too. */
  private static IUpdater scheduled(Case c) {
    IUpdater updater = c.updater();
    if (c.hasRate()) {
      updater.setLrAndSchedule(
          Double.NaN,
          new StepSchedule(ScheduleType.ITERATION, updater.getLearningRate(0, 0), 0.5, BEFORE - 1));
    }
    return updater;
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#onNetworks")
  void networkGoesOn(Case c, Topology topology) throws IOException {
    for (DataType type : c.types()) {
      String in = c.in("save, load, go on, " + topology + ", " + type);
      Net net = Net.bound(c, scheduled(c), topology, type);
      net.fit(0, BEFORE);
      File file = directory.resolve(type + ".zip").toFile();
      net.save(file);
      Net loaded = net.load(file);
      Numbers.assertSameBits(net.parameters(), loaded.parameters(), in + "parameters as loaded");
      Numbers.assertSameBits(net.state(), loaded.state(), in + "state as loaded");
      net.fit(BEFORE, AFTER);
      loaded.fit(BEFORE, AFTER);
      Numbers.assertSameBits(net.parameters(), loaded.parameters(), in + "parameters");
      Numbers.assertSameBits(net.state(), loaded.state(), in + "state");
    }
  }

  @EveryUpdater
  void stateOfAnotherLengthIsRejected(Case c) throws IOException {
    for (Topology topology : List.of(Topology.DENSE, Topology.GRAPH)) {
      String in = c.in("state of another length, " + topology);
      Net net = Net.bound(c, topology, DataType.FLOAT);
      net.fit(0, 1);
      long length = net.state().length;
      if (length == 0) {
        // A wrapper around an updater without state.
        continue;
      }
      File file = directory.resolve("model.zip").toFile();
      net.save(file);
      for (long other : new long[] {length + 1, 1}) {
        replaceState(file, Nd4j.zeros(DataType.FLOAT, 1, other));
        Exception failure =
            assertThrows(
                Exception.class,
                () -> {
                  Net loaded = net.load(file);
                  loaded.fit(1);
                },
                in + "loaded with " + other + " entries instead of " + length);
        String message = String.valueOf(failure.getMessage());
        assertTrue(
            message.contains("length") && message.contains("" + length), in + "message " + message);
      }
    }
  }

  private static void replaceState(File file, INDArray state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      Nd4j.write(state, out);
    }
    try (FileSystem zip =
        FileSystems.newFileSystem(URI.create("jar:" + file.toURI()), Map.<String, Object>of())) {
      Files.write(zip.getPath(ModelSerializer.UPDATER_BIN), bytes.toByteArray());
    }
  }

  @EveryUpdater
  void arraysGoOn(Case c) {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      String in = c.in("arrays go on, " + type);
      Arrays first = new Arrays(c, type);
      ArrayOptimizer optimizer = new ArrayOptimizer(scheduled(c), List.of(), first.parameters());
      for (int i = 0; i < BEFORE; i++) {
        optimizer.step(first.gradients(i));
      }
      Arrays second = new Arrays(c, type);
      second.assign(first);
      ArrayOptimizer resumed = new ArrayOptimizer(scheduled(c), List.of(), second.parameters());
      if (optimizer.state() != null) {
        resumed.state().assign(optimizer.state());
      }
      resumed.setIteration(optimizer.getIteration());
      for (int i = BEFORE; i < AFTER; i++) {
        optimizer.step(first.gradients(i));
        resumed.step(second.gradients(i));
      }
      Numbers.assertSameBits(first.numbers(), second.numbers(), in + "parameters");
      Numbers.assertSameBits(
          Numbers.of(optimizer.state()), Numbers.of(resumed.state()), in + "state");
    }
  }
}

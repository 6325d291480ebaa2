package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.dl4jplus.integration.contract.Limits.Contract;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** Training in MultiLayerNetwork and ComputationGraph. */
class NetworkContractTest {

  private static final int STEPS = 12;
  private static final List<DataType> TYPES = List.of(DataType.FLOAT, DataType.DOUBLE);

  static Stream<Arguments> boundEverywhere() {
    return Updaters.bound().stream()
        .flatMap(c -> Stream.of(Topology.values()).map(topology -> Arguments.of(c, topology)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#onNetworks")
  void trains(Case c, Topology topology) {
    for (DataType type : c.types()) {
      String in = c.in("trains, " + topology + ", " + type);
      Net net = Net.bound(c, topology, type);
      double[] start = net.parameters();
      double first = net.fit(0);
      double last = first;
      for (int i = 1; i < STEPS; i++) {
        last = net.fit(0);
        double loss = last;
        int step = i;
        assertTrue(Double.isFinite(loss), () -> in + "loss " + loss + " at step " + step);
      }
      Numbers.assertFinite(net.parameters(), in);
      assertFalse(Numbers.same(start, net.parameters()), in + "no parameter moved");
      // In single precision a cautious start can be lost in rounding.
      if (type == DataType.DOUBLE && !c.exempt(Contract.LOSS_FALLS)) {
        assertTrue(last < first, in + "loss was " + first + " and is " + last);
      }
    }
  }

  @EveryUpdater
  void sameSeedSameRun(Case c) {
    for (Topology topology : List.of(Topology.CONVOLUTION, Topology.GRAPH)) {
      Net first = Net.bound(c, topology, DataType.FLOAT);
      Net second = Net.bound(c, topology, DataType.FLOAT);
      first.fit(0, 5);
      second.fit(0, 5);
      String in = c.in("same seed, same run, " + topology);
      Numbers.assertSameBits(first.parameters(), second.parameters(), in + "parameters");
      Numbers.assertSameBits(first.state(), second.state(), in + "state");
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("boundEverywhere")
  void unboundFailsWithAdvice(Case c, Topology topology) {
    String in = c.in("unbound, " + topology);
    Throwable failure =
        assertThrows(Exception.class, () -> Net.initAndFitUnbound(c, topology, DataType.FLOAT), in);
    assertTrue(messages(failure).contains("Optim.bind"), in + messages(failure));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#rated")
  void rateZeroMovesNothing(Case c) {
    if (c.exempt(Contract.ZERO_RATE)) {
      return;
    }
    for (DataType type : TYPES) {
      for (boolean scheduled : new boolean[] {false, true}) {
        String in = c.in("rate 0" + (scheduled ? " by schedule" : "") + ", " + type);
        IUpdater updater = c.updater();
        if (scheduled) {
          updater.setLrAndSchedule(Double.NaN, new StepSchedule(ScheduleType.ITERATION, 0, 0.5, 1));
        }
        Net net = Net.bound(c, updater, Topology.DENSE, type);
        if (!scheduled) {
          net.setLearningRate(0);
        }
        double[] start = net.parameters();
        net.fit(0, 4);
        Numbers.assertSameBits(start, net.parameters(), in + "parameters");
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#rated")
  void scheduleIsFollowed(Case c) {
    if (c.exempt(Contract.SCHEDULE)) {
      return;
    }
    // Half the rate from the second step on: the first step is the constant rate's, later ones not.
    double rate = c.prototype().getLearningRate(0, 0);
    IUpdater scheduled = c.updater();
    scheduled.setLrAndSchedule(Double.NaN, new StepSchedule(ScheduleType.ITERATION, rate, 0.5, 1));
    Net constant = Net.bound(c, Topology.DENSE, DataType.DOUBLE);
    Net falling = Net.bound(c, scheduled, Topology.DENSE, DataType.DOUBLE);
    String in = c.in("schedule");
    constant.fit(0, 1);
    falling.fit(0, 1);
    Numbers.assertSameBits(constant.parameters(), falling.parameters(), in + "first step");
    constant.fit(1, 4);
    falling.fit(1, 4);
    assertFalse(
        Numbers.same(constant.parameters(), falling.parameters()),
        in + "half the rate and half of that again changed nothing");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#rated")
  void newRateKeepsTheState(Case c) {
    for (Topology topology : List.of(Topology.DENSE, Topology.GRAPH)) {
      String in = c.in("new rate, " + topology);
      Net net = Net.bound(c, topology, DataType.FLOAT);
      net.fit(0, 3);
      double[] state = net.state();
      net.setLearningRate(0.5 * c.prototype().getLearningRate(0, 0));
      Numbers.assertSameBits(state, net.state(), in + "state");
      net.fit(3, 6);
      Numbers.assertFinite(net.parameters(), in);
    }
  }

  private static String messages(Throwable failure) {
    StringBuilder all = new StringBuilder();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      all.append(t).append('\n');
    }
    return all.toString();
  }
}

package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.dl4jplus.integration.contract.Limits.Contract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/** Two workers whose parameters and updater states are averaged. */
class ParallelWrapperContractTest {

  private static PrintStream before;

  /** A worker's exception reaches the caller of fit, and is printed by its thread at some time. */
  @BeforeAll
  static void silenceWorkers() {
    before = System.err;
    System.setErr(new PrintStream(OutputStream.nullOutputStream()));
  }

  @AfterAll
  static void restore() {
    System.setErr(before);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("org.dl4jplus.integration.contract.Updaters#classes")
  void trains(Case c) {
    for (Topology topology : List.of(Topology.CONVOLUTION, Topology.GRAPH)) {
      String in = c.in("ParallelWrapper, " + topology);
      Net net = Net.bound(c, topology, DataType.FLOAT);
      double[] start = net.parameters();
      fit(net, topology, !c.exempt(Contract.AVERAGING));
      Numbers.assertFinite(net.parameters(), in + "parameters");
      Numbers.assertFinite(net.state(), in + "state");
      assertFalse(Numbers.same(start, net.parameters()), in + "no parameter moved");
      net.fit(8, 10);
      Numbers.assertFinite(net.parameters(), in + "parameters after it");
    }
  }

  @EveryUpdater
  void stateWithoutMeanIsNotAveraged(Case c) {
    if (c.exempt(Contract.AVERAGING)) {
      String in = c.in("averaging refused");
      Net net = Net.bound(c, Topology.DENSE, DataType.FLOAT);
      Throwable failure =
          assertThrows(
              RuntimeException.class,
              () -> Console.quietly(() -> fit(net, Topology.DENSE, true)),
              in);
      assertTrue(failure.getMessage().contains("averageUpdaters(false)"), in + failure);
    }
  }

  private static void fit(Net net, Topology topology, boolean averageUpdaters) {
    ParallelWrapper wrapper =
        new ParallelWrapper.Builder<>(net.model())
            .workers(2)
            .averagingFrequency(2)
            .averageUpdaters(averageUpdaters)
            .prefetchBuffer(0)
            .build();
    try {
      List<DataSet> data =
          IntStream.range(0, 8).mapToObj(i -> topology.data(DataType.FLOAT, i)).toList();
      wrapper.fit(new ExistingDataSetIterator(data));
    } finally {
      wrapper.shutdown();
    }
  }
}

package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.first.order.GradientBalance;
import org.dl4jplus.optim.first.order.GradientBalance.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Orders learned from gradients. Always in double precision: a sign that rounding decides would
 * give another order.
 */
final class OrderAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("GraB", new OrderAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode expected = file.json().get("expectedOrders");
    expected
        .fieldNames()
        .forEachRemaining(
            name -> {
              switch (name) {
                case "meanBalance" -> run(file, Kind.MEAN, expected.get(name), deviation);
                case "pairBalance" -> run(file, Kind.PAIR, expected.get(name), deviation);
                default -> throw new IllegalArgumentException("unknown balance " + name);
              }
            });
  }

  private static void run(GoldenFile file, Kind kind, JsonNode expected, Deviation deviation) {
    int dim = file.json().get("dim").asInt();
    double[] values = GoldenFile.numbers(file.json().get("gradients").get("values"));
    int[] start =
        Arrays.stream(file.numbers("initialOrder")).mapToInt(item -> (int) item).toArray();
    GradientBalance balance = new GradientBalance(kind, start);
    for (int epoch = 0; epoch < expected.size(); epoch++) {
      for (int item : balance.order()) {
        int at = (epoch * start.length + item) * dim;
        balance.visit(Nd4j.createFromArray(Arrays.copyOfRange(values, at, at + dim)));
      }
      balance.endEpoch();
      deviation.compare(
          kind + "[" + epoch + "]",
          GoldenFile.numbers(expected.get(epoch)),
          Arrays.stream(balance.order()).asDoubleStream().toArray());
    }
  }
}

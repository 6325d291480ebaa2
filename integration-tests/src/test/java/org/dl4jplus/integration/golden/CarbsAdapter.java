package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.carbs.CarbsScale;
import org.dl4jplus.bilevel.search.carbs.CarbsScale.Form;
import org.dl4jplus.bilevel.search.carbs.CostFront;
import org.dl4jplus.bilevel.search.carbs.SurrogateOutputs;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The parts of CARBS. */
final class CarbsAdapter implements GoldenAdapter {

  /** Kind, base of a logarithm; the settings follow. */
  private static final Pattern NAME = Pattern.compile("(linear|logit|log)(\\d*)(Int)?(.*)");

  private static final Pattern SETTING = Pattern.compile("_(scale|base|round)([0-9.]+)");

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("CARBS parts", new CarbsAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (var spaces = file.json().path("spaces").fields(); spaces.hasNext(); ) {
      var space = spaces.next();
      scale(space.getKey(), space.getValue(), deviation);
    }
    for (JsonNode one : file.json().path("cases")) {
      front(one, deviation);
    }
  }

  private static void scale(String name, JsonNode expected, Deviation deviation) {
    Matcher kind = NAME.matcher(name);
    if (!kind.matches()) {
      throw new IllegalArgumentException("No scale is named " + name);
    }
    double scale = 1;
    double base = kind.group(2).isEmpty() ? 10 : Double.parseDouble(kind.group(2));
    int roundTo = kind.group(3) == null ? 0 : 1;
    Matcher settings = SETTING.matcher(kind.group(4));
    while (settings.find()) {
      double value = Double.parseDouble(settings.group(2));
      switch (settings.group(1)) {
        case "scale" -> scale = value;
        case "base" -> base = value;
        default -> roundTo = (int) value;
      }
    }
    CarbsScale own =
        new CarbsScale(Form.valueOf(kind.group(1).toUpperCase(Locale.ROOT)), scale, base, roundTo);
    double[] basic = GoldenFile.numbers(expected.get("basic"));
    deviation.compare(
        name + " basic",
        basic,
        Arrays.stream(GoldenFile.numbers(expected.get("param"))).map(own::basic).toArray());
    deviation.compare(
        name + " back",
        GoldenFile.numbers(expected.get("back")),
        Arrays.stream(basic).map(own::parameter).toArray());
    deviation.compare(
        name + " plus 0.1",
        GoldenFile.numbers(expected.get("plus0.1")),
        Arrays.stream(basic).map(b -> own.parameter(b + 0.1)).toArray());
  }

  private static void front(JsonNode one, Deviation deviation) {
    double[] flat = GoldenFile.numbers(one.get("inputs").get("data"));
    int width = one.get("inputs").get("shape").get(1).asInt();
    double[][] inputs =
        IntStream.range(0, flat.length / width)
            .mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width))
            .toArray(double[][]::new);
    double[] cost = GoldenFile.numbers(one.get("cost").get("data"));
    double[] output = GoldenFile.numbers(one.get("output").get("data"));
    int sign = one.get("betterDirectionSign").asInt();
    double fraction = one.get("minParetoCostFraction").asDouble();
    CostFront front = CostFront.of(inputs, cost, output, sign, fraction, false);
    groups("groups", one.path("paretoGroups"), front, deviation);
    groups(
        "conservative groups",
        one.path("paretoGroupsConservative"),
        CostFront.of(inputs, cost, output, sign, fraction, true),
        deviation);
    deviation.compare(one, "paretoArea", () -> new double[] {front.area(output)});
    deviation.compare(
        one, "nQuantiles", () -> new double[] {SurrogateOutputs.quantiles(output.length)});
    deviation.compare(one, "surrogateOutputs", () -> SurrogateOutputs.normal(output, sign));
    deviation.compare(one, "scaledLogCost", () -> SurrogateOutputs.logCosts(cost));
    if (!one.has("ei")) {
      return;
    }
    double[] mean = GoldenFile.numbers(one.get("eiMean").get("data"));
    double[] variance = GoldenFile.numbers(one.get("eiVariance").get("data"));
    double[] best = GoldenFile.numbers(one.get("eiBest").get("data"));
    double bias = one.get("explorationBias").asDouble();
    deviation.compare(
        "expected improvement",
        GoldenFile.numbers(one.get("ei").get("data")),
        IntStream.range(0, mean.length)
            .mapToDouble(
                i ->
                    Acquisitions.expectedImprovement(
                        mean[i] - bias, Math.sqrt(variance[i]), best[i]))
            .toArray());
  }

  private static void groups(String what, JsonNode expected, CostFront front, Deviation deviation) {
    if (expected.isMissingNode()) {
      return;
    }
    List<CostFront.Group> groups = front.groups();
    deviation.compare(what, new double[] {expected.size()}, new double[] {groups.size()});
    for (int g = 0; g < Math.min(expected.size(), groups.size()); g++) {
      deviation.compare(
          what + " " + g,
          GoldenFile.numbers(expected.get(g)),
          Arrays.stream(groups.get(g).members()).asDoubleStream().toArray());
    }
  }
}

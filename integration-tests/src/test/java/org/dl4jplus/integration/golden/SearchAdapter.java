package org.dl4jplus.integration.golden;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.DoubleUnaryOperator;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.dl4jplus.bilevel.search.AshaGenerator;
import org.dl4jplus.bilevel.search.Dimension;
import org.dl4jplus.bilevel.search.HyperbandGenerator;
import org.dl4jplus.bilevel.search.ParzenEstimator;
import org.dl4jplus.bilevel.search.RisingBanditGenerator;
import org.dl4jplus.bilevel.search.SobolGenerator;
import org.dl4jplus.bilevel.search.TpeGenerator;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.bilevel.search.pareto.Hypervolume;
import org.dl4jplus.bilevel.search.pareto.ParetoFronts;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Searches over hyperparameters, always in double precision. */
final class SearchAdapter {

  private SearchAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Sobol", SearchAdapter::sobol);
    adapters.put("Hyperband brackets / ASHA promotions", SearchAdapter::halving);
    adapters.put("TPE Parzen estimator", SearchAdapter::parzen);
    adapters.put("Pareto tools", SearchAdapter::pareto);
    adapters.put("RisingBandits", SearchAdapter::bandits);
  }

  private static double[] data(JsonNode array) {
    return GoldenFile.numbers(array.has("data") ? array.get("data") : array);
  }

  private static void sobol(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      int dimension = one.get("dimension").asInt();
      SobolPoints points = SobolPoints.plain(dimension);
      double[] actual = new double[one.get("count").asInt() * dimension];
      for (int i = 0; i < actual.length; i += dimension) {
        System.arraycopy(points.point(i / dimension), 0, actual, i, dimension);
      }
      deviation.compare("points", data(one.get("points")), actual);
    }
  }

  private static void halving(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().path("hyperband")) {
      int most = one.get("R").asInt();
      int eta = one.get("eta").asInt();
      for (boolean table : new boolean[] {false, true}) {
        List<HyperbandGenerator.Bracket> own = HyperbandGenerator.brackets(1, most, eta, table);
        String field = table ? "tableBrackets" : "formulaBrackets";
        if (one.has(field)) {
          deviation.compare(field, brackets(one.get(field)), brackets(own));
        }
        deviation.compare(one, "sMax", () -> new double[] {own.get(0).s()});
      }
    }
    for (JsonNode one : file.json().path("asha")) {
      asha(one, deviation);
    }
  }

  private static double[] brackets(JsonNode brackets) {
    List<Double> numbers = new ArrayList<>();
    for (JsonNode bracket : brackets) {
      numbers.add(bracket.get("s").asDouble());
      for (JsonNode rung : bracket.get("rungs")) {
        numbers.add(rung.get(0).asDouble());
        numbers.add(rung.get(1).asDouble());
      }
    }
    return numbers.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double[] brackets(List<HyperbandGenerator.Bracket> brackets) {
    List<Double> numbers = new ArrayList<>();
    for (HyperbandGenerator.Bracket bracket : brackets) {
      numbers.add((double) bracket.s());
      for (HyperbandGenerator.Rung rung : bracket.rungs()) {
        numbers.add((double) rung.configurations());
        numbers.add(rung.resource());
      }
    }
    return numbers.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Workers end in the order in which they began; each event is one end and what follows. */
  private static void asha(JsonNode one, Deviation deviation) {
    AshaGenerator generator =
        AshaGenerator.builder()
            .parameterSpace(new ContinuousParameterSpace(0, 1))
            .minimize(true)
            .minResource(one.get("minResource").asInt())
            .maxResource(one.get("maxResource").asInt())
            .eta(one.get("eta").asInt())
            .build();
    int[] resources = generator.resources();
    deviation.compare(
        one, "resourceOfRung", () -> Arrays.stream(resources).asDoubleStream().toArray());
    Queue<Candidate<?>> running = new ArrayDeque<>();
    for (int i = 0; i < one.get("workers").asInt(); i++) {
      running.add(generator.getCandidate());
    }
    int number = 0;
    for (JsonNode event : one.get("events")) {
      Candidate<?> ended = running.remove();
      TrainingPart before = TrainingPart.of(ended.getDataParameters());
      double score = event.get(2).asDouble();
      generator.reportResults(
          new OptimizationResult(ended, score, ended.getIndex(), null, null, null));
      Candidate<?> next = generator.getCandidate();
      running.add(next);
      TrainingPart after = TrainingPart.of(next.getDataParameters());
      deviation.compare(
          "event " + number++,
          GoldenFile.numbers(event),
          new double[] {before.trial(), before.rung(), score, after.trial(), after.rung()});
      int whole = after.rung() == 0 ? 0 : resources[after.rung() - 1];
      deviation.compare(
          "epochs so far",
          new double[] {resources[after.rung()]},
          new double[] {whole + after.budget()});
    }
  }

  private static void parzen(GoldenFile file, DataType type, Deviation deviation) {
    file.json()
        .path("gamma")
        .fields()
        .forEachRemaining(
            e ->
                deviation.compare(
                    "gamma of " + e.getKey(),
                    new double[] {e.getValue().asDouble()},
                    new double[] {TpeGenerator.below(Integer.parseInt(e.getKey()))}));
    file.json()
        .fields()
        .forEachRemaining(
            e -> {
              if (e.getKey().matches("weights[0-9]+")) {
                int n = Integer.parseInt(e.getKey().substring("weights".length()));
                deviation.compare(e.getKey(), data(e.getValue()), ParzenEstimator.ageWeights(n));
              }
            });
    for (JsonNode one : file.json().path("cases")) {
      mixture(one, deviation);
    }
  }

  /** The unit cube is the range of the numbers, after the logarithm where there is one. */
  private static void mixture(JsonNode one, Deviation deviation) {
    DoubleUnaryOperator scale = one.get("logScale").asBoolean() ? Math::log : v -> v;
    double low = scale.applyAsDouble(one.get("low").asDouble());
    double range = scale.applyAsDouble(one.get("high").asDouble()) - low;
    int categories = one.get("categories").asInt();
    Dimension category = new Dimension("category", Dimension.Kind.CATEGORICAL, categories);
    DoubleUnaryOperator unit = v -> (scale.applyAsDouble(v) - low) / range;
    double[] observations = data(one.get("observations"));
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < observations.length; i++) {
      points.add(
          new double[] {
            unit.applyAsDouble(observations[i]),
            category.centre(one.get("categorical").get(i).asInt())
          });
    }
    ParzenEstimator estimator =
        new ParzenEstimator(
            List.of(new Dimension("number", Dimension.Kind.CONTINUOUS, 0), category),
            points,
            one.get("multivariate").asBoolean());
    deviation.compare(one, "weights", estimator::weights);
    deviation.compare(
        one, "mus", () -> Arrays.stream(estimator.means(0)).map(m -> low + m * range).toArray());
    deviation.compare(
        one, "sigmas", () -> Arrays.stream(estimator.sigmas(0)).map(s -> s * range).toArray());
    deviation.compare(
        one,
        "categoricalWeights",
        () -> Arrays.stream(estimator.probabilities(1)).flatMapToDouble(Arrays::stream).toArray());
    double[] query = data(one.get("query"));
    double[] logs = new double[query.length];
    for (int i = 0; i < query.length; i++) {
      double[] point = {
        unit.applyAsDouble(query[i]), category.centre(one.get("queryCategorical").get(i).asInt())
      };
      logs[i] = estimator.logDensity(point) - Math.log(range);
    }
    deviation.compare(one, "logPdf", () -> logs);
  }

  private static void pareto(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      double[] flat = data(one.get("minimise"));
      int objectives = one.get("minimise").get("shape").get(1).asInt();
      double[][] points = new double[flat.length / objectives][];
      Arrays.setAll(points, i -> Arrays.copyOfRange(flat, i * objectives, (i + 1) * objectives));
      double[] reference = data(one.get("referencePoint"));
      deviation.compare(one, "hypervolume", () -> new double[] {Hypervolume.of(points, reference)});
      deviation.compare(
          one, "exclusiveContributions", () -> Hypervolume.exclusive(points, reference));
      deviation.compare(
          one, "rank", () -> Arrays.stream(ParetoFronts.ranks(points)).asDoubleStream().toArray());
      int[] order = ParetoFronts.netOrder(points);
      double[] scores = new double[order.length];
      for (int i = 0; i < order.length; i++) {
        scores[order[i]] = order.length - i;
      }
      deviation.compare(one, "epsNetScore", () -> scores);
    }
  }

  private static void bandits(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      int arms = one.get("arms").asInt();
      int total = one.get("T").asInt();
      double[] rewards = data(one.get("rewards"));
      int columns = rewards.length / arms;
      RisingBanditGenerator.RisingBanditGeneratorBuilder builder =
          RisingBanditGenerator.builder()
              .minimize(false)
              .totalPulls(total)
              .window(one.get("C").asInt());
      for (int k = 0; k < arms; k++) {
        builder.arm(
            Integer.toString(k),
            SobolGenerator.builder()
                .parameterSpace(new ContinuousParameterSpace(0, 1))
                .minimize(false)
                .build());
      }
      RisingBanditGenerator generator = builder.build();
      int[] counts = new int[arms];
      double[] last = new double[arms];
      List<Double> pulls = new ArrayList<>();
      while (generator.hasMoreCandidates()) {
        Candidate<?> candidate = generator.getCandidate();
        int k =
            Integer.parseInt((String) candidate.getDataParameters().get(RisingBanditGenerator.ARM));
        pulls.add((double) k);
        last[k] = rewards[k * columns + counts[k]++];
        generator.reportResults(
            new OptimizationResult(candidate, last[k], candidate.getIndex(), null, null, null));
      }
      deviation.compare(
          "pulls", data(one.get("pulls")), pulls.stream().mapToDouble(k -> k).toArray());
      deviation.compare(
          "remaining",
          data(one.get("remaining")),
          generator.live().stream().mapToDouble(Double::parseDouble).toArray());
      JsonNode gone = one.get("eliminatedAtPull");
      deviation.compare(
          "number of arms that went",
          new double[] {gone.size()},
          new double[] {generator.gone().size()});
      gone.fields()
          .forEachRemaining(
              e ->
                  deviation.compare(
                      "when arm " + e.getKey() + " went",
                      new double[] {e.getValue().asDouble()},
                      new double[] {generator.gone().getOrDefault(e.getKey(), -1)}));
      int best = 0;
      for (int k = 1; k < arms; k++) {
        best = last[k] > last[best] ? k : best;
      }
      deviation.compare("best", new double[] {one.get("best").asDouble()}, new double[] {best});
    }
  }
}

package org.dl4jplus.integration.headline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dl4jplus.integration.report.Table;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** The command: runs the experiments and writes what they showed as Markdown and as JSON. */
public final class Headlines {

  /** Every experiment; a module adds its own here. */
  private static final List<Headline> ALL =
      List.of(
          new CarbsHeadline(),
          new SelfTuningHeadline(),
          new SharpnessHeadline(),
          new SharpnessCostHeadline(),
          new ObjectivesHeadline(),
          new ConflictHeadline(),
          new BatchGrowthHeadline(),
          new DataOrderHeadline(),
          new SurrogateHeadline(),
          new GamesHeadline(),
          new ScheduleHeadline(),
          new HybridHeadline(),
          new GaussNewtonHeadline(),
          new CurvatureHeadline(),
          new CurvatureCostHeadline(),
          new KroneckerHeadline(),
          new KroneckerCostHeadline(),
          new OasisHeadline(),
          new SaniaHeadline(),
          new DiagonalCostHeadline(),
          new LanguageHeadline(),
          new TransportHeadline(),
          new PoolingHeadline(),
          new PoolingCostHeadline(),
          new PrivateDifferencesHeadline(),
          new ErrorFeedbackHeadline(),
          new MatrixFactorizationHeadline(),
          new DeepSetsHeadline(),
          new ProximalHeadline(),
          new ExpertsHeadline(),
          new ShampooHeadline(),
          new PruningHeadline(),
          new MfacCostHeadline(),
          new TransportMapHeadline(),
          new SyntheticDataHeadline(),
          new LocalPrivacyHeadline(),
          new PrivateFeaturesHeadline(),
          new TanHeadline(),
          new PrivateDigitsHeadline(),
          new PrivacyAccountantsHeadline(),
          new MembershipHeadline(),
          new AuditHeadline(),
          new PrivateStepCostHeadline(),
          new EstimatorHeadline(),
          new DeepZeroHeadline(),
          new QzoHeadline(),
          new ConsensusHeadline(),
          new FrankWolfeHeadline(),
          new RankingHeadline(),
          new PersistentHeadline(),
          new TreeHeadline(),
          new DeepZeroCostHeadline(),
          new HyperCleaningHeadline(),
          new PenaltyBiasHeadline(),
          new LvHbaHeadline(),
          new ScaleBiOHeadline(),
          new BoRepHeadline(),
          new PerParameterDecayHeadline(),
          new ImplicitRidgeHeadline(),
          new OneByteHeadline(),
          new TpeHeadline(),
          new HalvingHeadline(),
          new PopulationHeadline(),
          new RisingBanditHeadline(),
          new BayesianSearchHeadline(),
          new ConfigSearchHeadline(),
          new ColaBoHeadline(),
          new MezoStepCostHeadline(),
          new MezoMemoryHeadline(),
          new OffloadHeadline());

  private Headlines() {}

  /**
   * Runs one experiment, or all.
   *
   * @param args where the Markdown goes, where the JSON goes, an experiment's name or "all"
   * @throws IOException if a report cannot be written
   * @throws IllegalArgumentException for a name that no experiment has
   */
  public static void main(String[] args) throws IOException {
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    Table table =
        new Table(
            "experiment: claim", "baseline", "", "ours", "", "compared by", "", "bar", "holds");
    List<Map<String, Object>> json = new ArrayList<>();
    int missed = 0;
    for (Headline headline : chosen(args[2])) {
      long start = System.nanoTime();
      for (Row row : headline.measure()) {
        table.add(
            headline.name() + ": " + row.claim(),
            row.baseline(),
            Row.number(row.baselineValue()),
            row.ours(),
            Row.number(row.oursValue()),
            row.comparison(),
            Row.number(row.figure()),
            row.bar().text(),
            row.bar() == Bar.NONE ? "-" : row.holds() ? "yes" : "NO");
        json.add(fields(headline.name(), row));
        missed += row.bar() == Bar.NONE || row.holds() ? 0 : 1;
      }
      System.out.printf("%s: %.0f s%n", headline.name(), (System.nanoTime() - start) / 1e9);
    }
    System.out.printf("%n%s%n%d rows, %d below their bar%n", table.text(), json.size(), missed);
    Files.writeString(Path.of(args[0]), "# Headlines\n\n" + table.markdown());
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(Path.of(args[1]).toFile(), json);
  }

  private static List<Headline> chosen(String name) {
    if (name.equals("all")) {
      return ALL;
    }
    List<Headline> chosen = ALL.stream().filter(h -> h.name().equals(name)).toList();
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException(
          "headline must be one of all, "
              + ALL.stream().map(Headline::name).collect(Collectors.joining(", "))
              + "; got "
              + name);
    }
    return chosen;
  }

  private static Map<String, Object> fields(String experiment, Row row) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("experiment", experiment);
    fields.put("claim", row.claim());
    fields.put("baseline", row.baseline());
    fields.put("baselineValue", row.baselineValue());
    fields.put("ours", row.ours());
    fields.put("oursValue", row.oursValue());
    fields.put("comparison", row.comparison());
    fields.put("figure", row.figure());
    fields.put("bar", row.bar().text());
    fields.put("holds", row.holds());
    return fields;
  }
}

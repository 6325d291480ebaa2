package org.dl4jplus.integration.golden;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Every recorded run against the project. {@code -Dgolden.dir=DIR} runs other files of the same
 * forms: DIR holds one directory for each module. {@code -Dgolden.unknown=skip} passes over
 * algorithms that have no adapter.
 */
class GoldenFilesTest {

  /** The rounding of some twenty steps, with a margin: the specification's bound. */
  private static final double SINGLE_PRECISION = 1e-4;

  private static final Map<String, GoldenAdapter> ADAPTERS = adapters();

  private static Map<String, GoldenAdapter> adapters() {
    Map<String, GoldenAdapter> adapters = new HashMap<>();
    UpdaterAdapter.register(adapters);
    OrderAdapter.register(adapters);
    BatchSizeAdapter.register(adapters);
    AggregatorAdapter.register(adapters);
    TranscriptAdapter.register(adapters);
    SharpnessAdapter.register(adapters);
    GameAdapter.register(adapters);
    FishAdapter.register(adapters);
    SurrogateAdapter.register(adapters);
    InverseAdapter.register(adapters);
    CurvatureAdapter.register(adapters);
    CurvatureProductsAdapter.register(adapters);
    SpectrumAdapter.register(adapters);
    KroneckerAdapter.register(adapters);
    LayerAdapter.register(adapters);
    TransportAdapter.register(adapters);
    PerExampleAdapter.register(adapters);
    MapAdapter.register(adapters);
    SyntheticDataAdapter.register(adapters);
    FactorizationAdapter.register(adapters);
    MechanismAdapter.register(adapters);
    MeZoAdapter.register(adapters);
    SelfTuningAdapter.register(adapters);
    CarbsAdapter.register(adapters);
    QzoAdapter.register(adapters);
    DeepZeroAdapter.register(adapters);
    EstimatorAdapter.register(adapters);
    UnrolledAdapter.register(adapters);
    RankAdapter.register(adapters);
    FrankWolfeAdapter.register(adapters);
    ConsensusAdapter.register(adapters);
    PolyStepAdapter.register(adapters);
    NoiseAdapter.register(adapters);
    OneByteAdapter.register(adapters);
    AuditAdapter.register(adapters);
    AccountantAdapter.register(adapters);
    LocalPrivacyAdapter.register(adapters);
    QuantileAdapter.register(adapters);
    TanAdapter.register(adapters);
    GaussianProcessAdapter.register(adapters);
    BilevelTrajectoryAdapter.register(adapters);
    ScaleBiOAdapter.register(adapters);
    HypergradientAdapter.register(adapters);
    ImplicitDiffAdapter.register(adapters);
    SearchAdapter.register(adapters);
    return adapters;
  }

  static List<Named<Path>> files() throws IOException, URISyntaxException {
    String directory = System.getProperty("golden.dir");
    return directory == null ? bundled() : below(Path.of(directory));
  }

  static List<Named<Path>> bundled() throws IOException, URISyntaxException {
    return below(Path.of(GoldenFilesTest.class.getResource("/golden").toURI()));
  }

  private static List<Named<Path>> below(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths
          .filter(p -> p.toString().endsWith(".json"))
          .sorted()
          .map(p -> Named.of(GoldenFile.name(p), p))
          .toList();
    }
  }

  @Test
  void filesAreFound() throws IOException, URISyntaxException {
    assertFalse(files().isEmpty(), "no *.json under the golden directory");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void agrees(Path path) {
    GoldenFile file = GoldenFile.read(path);
    check(file, DataType.DOUBLE, file.tolerance());
  }

  /** Only the bundled files: in others a sign may hang on the last bit. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("bundled")
  void agreesInSinglePrecision(Path path) {
    check(GoldenFile.read(path), DataType.FLOAT, SINGLE_PRECISION);
  }

  private static void check(GoldenFile file, DataType type, double tolerance) {
    GoldenAdapter adapter = ADAPTERS.get(file.algorithm());
    if (adapter == null) {
      Assumptions.assumeFalse("skip".equals(System.getProperty("golden.unknown")));
      throw new AssertionError("no adapter for " + file.algorithm() + " (" + file.name() + ")");
    }
    Deviation deviation = new Deviation();
    adapter.run(file, type, deviation);
    assertFalse(deviation.isEmpty(), () -> "nothing to compare in " + file.name());
    assertTrue(
        deviation.worst() <= tolerance,
        () ->
            file.name()
                + ", case "
                + file.json().path("case").asText()
                + ": worst deviation "
                + deviation
                + ", tolerance "
                + tolerance);
  }
}

package org.dl4jplus.privacy;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What is saved beside a network that is under differential privacy. All of it was released or is
 * public.
 *
 * @param run name of the run
 * @param block of the ledger file, or null
 * @param config of the trainer
 * @param mechanism its configuration
 * @param ledger all releases
 * @param steps that were made
 * @param noiseMultiplier given or calibrated
 * @param state of the mechanism
 * @param order of the sampler, or null
 */
record DpCheckpoint(
    @JsonProperty("run") String run,
    @JsonProperty("block") String block,
    @JsonProperty("config") DpConfig config,
    @JsonProperty("mechanism") DpMechanism mechanism,
    @JsonProperty("ledger") PrivacyLedger ledger,
    @JsonProperty("steps") int steps,
    @JsonProperty("noiseMultiplier") double noiseMultiplier,
    @JsonProperty("state") Map<String, double[]> state,
    @JsonProperty("order") int[] order) {

  private static final ObjectMapper JSON =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

  /** Name of the entry in a saved network. */
  private static final String ENTRY = "differentialPrivacy.json";

  /** What a reader of the file is told who does not know this class; null where all is well. */
  @JsonProperty("dp")
  String mark() {
    if (config.seeded()) {
      return "TEST_ONLY";
    }
    return config.isSimulation() ? "SIMULATION" : null;
  }

  /** Writes the network, its updater and this. */
  void write(Model model, File file) {
    try {
      ModelSerializer.writeModel(model, file, true);
      ModelSerializer.addObjectToFile(file, ENTRY, JSON.writeValueAsString(this));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads what {@link #write} wrote beside the network. */
  static DpCheckpoint read(File file) {
    if (!ModelSerializer.listObjectsInFile(file).contains(ENTRY)) {
      throw new IllegalArgumentException(
          file + " has no ledger: it was not saved by DpTrainer.save");
    }
    try {
      String json = ModelSerializer.getObjectFromFile(file, ENTRY);
      return JSON.readValue(json, DpCheckpoint.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

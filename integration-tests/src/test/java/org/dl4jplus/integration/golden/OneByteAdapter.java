package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.onebyte.ByteCode;
import org.dl4jplus.optim.zeroth.onebyte.LocalLosses;
import org.dl4jplus.optim.zeroth.onebyte.Machine;
import org.dl4jplus.optim.zeroth.onebyte.Replica;
import org.dl4jplus.optim.zeroth.onebyte.RoundHeader;
import org.dl4jplus.optim.zeroth.onebyte.RoundRecord;
import org.dl4jplus.optim.zeroth.onebyte.Upload;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** The byte code, and the replay of a log, always in double precision. */
final class OneByteAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
  private static final int NO_RESULT = -128;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("OneByteCode", new OneByteAdapter());
    adapters.put("OneByteReplay", new OneByteAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    if (file.algorithm().equals("OneByteCode")) {
      code(file, deviation);
    } else {
      replay(file, deviation);
    }
  }

  private static void code(GoldenFile file, Deviation deviation) {
    JsonNode config = file.config();
    ByteCode code =
        new ByteCode(config.get("maxMagnitude").asDouble(), config.get("levelsPerE").asDouble());
    JsonNode values = file.json().get("values");
    double[] codes = new double[values.size()];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = code.encode(Double.parseDouble(values.get(i).asText()));
    }
    deviation.compare("bytes", file.numbers("expectedBytes"), codes);
    double[] decoded = new double[256];
    for (int i = 0; i < decoded.length; i++) {
      decoded[i] = code.decode((byte) (i - 128));
    }
    deviation.compare("values", file.numbers("expectedDecodedAllBytes"), decoded);
  }

  private static void replay(GoldenFile file, Deviation deviation) {
    OneByte config = config(file);
    double[] theta = file.numbers("theta0");
    Replica replica =
        new Replica(
            config, theta, DataType.DOUBLE, file.json().get("log").get(0).get("round").asInt());
    // Without an objective there are no bytes to find again.
    LocalLosses losses =
        file.has("objective") ? losses(file.json().get("objective"), theta.length) : null;
    for (int t = 0; t < file.rows("log"); t++) {
      RoundRecord record = record(file, config, t);
      for (Upload upload : losses == null ? List.<Upload>of() : record.uploads()) {
        Upload again = new Machine(upload.machine(), losses, replica).answer(record.header());
        double[] expected = new double[upload.count()];
        double[] actual = new double[upload.count()];
        for (int s = 0; s < expected.length; s++) {
          expected[s] = upload.code(s);
          // One level is a tie of rounding; what has no result was planted.
          boolean tie = Math.abs(again.code(s) - upload.code(s)) <= 1;
          actual[s] = tie || upload.code(s) == NO_RESULT ? expected[s] : again.code(s);
        }
        deviation.compare("bytes of machine " + upload.machine() + ", " + t, expected, actual);
      }
      replica.apply(record);
      deviation.compare("theta " + t, file.numbers("expectedTheta", t), replica.theta());
    }
  }

  private static OneByte config(GoldenFile file) {
    int samples = 1;
    for (JsonNode record : file.json().get("log")) {
      for (JsonNode bytes : record.get("bytes")) {
        samples = Math.max(samples, bytes.size());
      }
    }
    try {
      return JSON.readValue(
          file.config().put("samplesPerRound", samples).toString(), OneByte.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RoundRecord record(GoldenFile file, OneByte config, int t) {
    JsonNode record = file.json().get("log").get(t);
    int round = record.get("round").asInt();
    List<Upload> uploads = new ArrayList<>();
    for (int m = 0; m < record.get("machines").size(); m++) {
      double[] codes = GoldenFile.numbers(record.get("bytes").get(m));
      byte[] bytes = new byte[codes.length];
      for (int s = 0; s < bytes.length; s++) {
        bytes[s] = (byte) codes[s];
      }
      // A machine without samples is none.
      if (bytes.length > 0) {
        uploads.add(new Upload(round, record.get("machines").get(m).asLong(), bytes));
      }
    }
    RoundHeader header =
        new RoundHeader(
            round,
            record.path("learningRate").asDouble(config.getLearningRate()),
            record.path("maxMagnitude").asDouble(config.getMaxMagnitude()),
            (float) record.path("levelsPerE").asDouble(config.getLevelsPerE()));
    return new RoundRecord(header, uploads);
  }

  private static LocalLosses losses(JsonNode objective, int n) {
    double[] h = GoldenFile.numbers(objective.get("h"));
    double[] c = GoldenFile.numbers(objective.get("c"));
    return LocalLosses.of(
        ZoProblem.of(
            point -> {
              double[] x = point.toDoubleVector();
              double total = 0;
              for (int i = 0; i < x.length; i++) {
                total += 0.5 * h[i] * (x[i] - c[i]) * (x[i] - c[i]);
              }
              return total;
            },
            Nd4j.zeros(DataType.DOUBLE, n)));
  }
}

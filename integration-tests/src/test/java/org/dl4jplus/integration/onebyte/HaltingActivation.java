package org.dl4jplus.integration.onebyte;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkEnv;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The hyperbolic tangent, which ends the JVM of an executor at one of its forward passes: once, by
 * whichever executor makes the file first.
 */
public final class HaltingActivation extends ActivationTanH {

  private static final AtomicInteger PASSES = new AtomicInteger();

  private final String file;
  private final int pass;

  /** The activation; executors read it from JSON. */
  public HaltingActivation(@JsonProperty("file") String file, @JsonProperty("pass") int pass) {
    this.file = file;
    this.pass = pass;
  }

  public String getFile() {
    return file;
  }

  public int getPass() {
    return pass;
  }

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    SparkEnv spark = SparkEnv.get();
    if (spark != null && !spark.executorId().equals("driver") && PASSES.incrementAndGet() == pass) {
      try {
        Files.createFile(Path.of(file));
        Runtime.getRuntime().halt(137);
      } catch (FileAlreadyExistsException e) {
        return super.getActivation(in, training);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return super.getActivation(in, training);
  }
}

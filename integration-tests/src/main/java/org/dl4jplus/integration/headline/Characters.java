package org.dl4jplus.integration.headline;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The next character of a licence's 24 kB from the six before it, in single precision. */
final class Characters {

  private static final int CONTEXT = 6;
  private static final int HIDDEN = 64;

  private final String text;
  private final List<Integer> alphabet;

  private Characters(String text) {
    this.text = text;
    alphabet = text.chars().distinct().sorted().boxed().toList();
  }

  /** The licence that lies in the archive of Commons Math. */
  static Characters licence() {
    try {
      for (URL url :
          Collections.list(
              Characters.class.getClassLoader().getResources("META-INF/LICENSE.txt"))) {
        if (url.toString().contains("commons-math3")) {
          try (InputStream in = url.openStream()) {
            return new Characters(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("Commons Math and its licence are not on the class path");
  }

  DataSet batch(int size, Random random) {
    int places = text.length() - CONTEXT;
    return examples(IntStream.generate(() -> random.nextInt(places)).limit(size).toArray());
  }

  /** Every eighth place of the text. */
  DataSet sample() {
    return examples(IntStream.range(0, (text.length() - CONTEXT) / 8).map(i -> 8 * i).toArray());
  }

  private DataSet examples(int[] starts) {
    int letters = alphabet.size();
    float[][] features = new float[starts.length][CONTEXT * letters];
    float[][] labels = new float[starts.length][letters];
    for (int row = 0; row < starts.length; row++) {
      for (int i = 0; i < CONTEXT; i++) {
        features[row][i * letters + letter(starts[row] + i)] = 1;
      }
      labels[row][letter(starts[row] + CONTEXT)] = 1;
    }
    return new DataSet(Nd4j.createFromArray(features), Nd4j.createFromArray(labels));
  }

  private int letter(int place) {
    return Collections.binarySearch(alphabet, (int) text.charAt(place));
  }

  MultiLayerNetwork network(int seed, IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(DataType.FLOAT)
                .updater(updater)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(CONTEXT * alphabet.size())
                        .nOut(HIDDEN)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(HIDDEN)
                        .nOut(alphabet.size())
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return network;
  }
}

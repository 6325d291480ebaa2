package org.dl4jplus.integration.data;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Real data that needs no network: the platform's own iterators for such sets download them at
 * first use. Features are {@code float}, one row an example; classes are one-hot. Where the data
 * comes from is in {@code README.txt} beside the files.
 */
public final class BundledData {

  private static final float DIGITS_BRIGHTEST = 16;

  private BundledData() {}

  /**
   * UCI digits: 1797 images of 8x8 pixels, 10 classes.
   *
   * @return the images, pixels in [0, 1], and their digits
   */
  public static DataSet digits() {
    DataSet digits = classes(numbers("digits.csv.gz", 0), 10);
    digits.getFeatures().divi(DIGITS_BRIGHTEST);
    return digits;
  }

  /**
   * Breast cancer: 569 tumours with 30 measurements, 2 classes.
   *
   * @return the measurements as they are (scales differ widely) and the classes
   */
  public static DataSet breastCancer() {
    return classes(numbers("breast_cancer.csv", 1), 2);
  }

  /**
   * Wine: 178 wines with 13 measurements, 3 classes.
   *
   * @return the measurements as they are (scales differ widely) and the classes
   */
  public static DataSet wine() {
    return classes(numbers("wine_data.csv", 1), 3);
  }

  /**
   * Iris: 150 flowers with 4 measurements, 3 classes.
   *
   * @return the measurements in centimetres and the classes
   */
  public static DataSet iris() {
    return classes(numbers("iris.csv", 1), 3);
  }

  /**
   * Diabetes: 442 patients with 10 measurements and the disease's progression after one year.
   *
   * @return the measurements as they are and the progression, 25 to 346
   */
  public static DataSet diabetes() {
    return new DataSet(
        Nd4j.createFromArray(numbers("diabetes_data_raw.csv.gz", 0)),
        Nd4j.createFromArray(numbers("diabetes_target.csv.gz", 0)));
  }

  private static DataSet classes(float[][] rows, int count) {
    float[][] features = new float[rows.length][];
    float[][] labels = new float[rows.length][count];
    for (int i = 0; i < rows.length; i++) {
      int last = rows[i].length - 1;
      features[i] = Arrays.copyOf(rows[i], last);
      labels[i][(int) rows[i][last]] = 1;
    }
    return new DataSet(Nd4j.createFromArray(features), Nd4j.createFromArray(labels));
  }

  private static float[][] numbers(String file, int headerLines) {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(open(file), StandardCharsets.US_ASCII))) {
      return reader
          .lines()
          .skip(headerLines)
          .filter(line -> !line.isBlank())
          .map(BundledData::row)
          .toArray(float[][]::new);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static float[] row(String line) {
    String[] fields = line.strip().split("[,\\s]+");
    float[] row = new float[fields.length];
    for (int i = 0; i < row.length; i++) {
      row[i] = Float.parseFloat(fields[i]);
    }
    return row;
  }

  private static InputStream open(String file) throws IOException {
    InputStream stream = BundledData.class.getResourceAsStream("/data/" + file);
    if (stream == null) {
      throw new FileNotFoundException("/data/" + file + " is not on the classpath");
    }
    return file.endsWith(".gz") ? new GZIPInputStream(stream) : stream;
  }
}

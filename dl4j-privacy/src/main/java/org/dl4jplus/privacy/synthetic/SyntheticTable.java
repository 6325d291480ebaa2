package org.dl4jplus.privacy.synthetic;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.collection.CollectionRecordReader;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.writable.NullWritable;
import org.datavec.api.writable.Writable;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.PrivacyLedger;

/** Rows that nobody owns, and what was released about the private ones to make them. */
public final class SyntheticTable {

  private final Schema schema;
  private final List<List<Writable>> rows;
  private final PrivacyLedger ledger;
  private final double fitness;

  SyntheticTable(Schema schema, List<List<Writable>> rows, PrivacyLedger ledger, double fitness) {
    this.schema = schema;
    this.rows = rows;
    this.ledger = ledger;
    this.fitness = fitness;
  }

  /**
   * The columns.
   *
   * @return the schema of the private table
   */
  public Schema schema() {
    return schema;
  }

  /**
   * The rows, with values of the schema's types; missing ones are empty.
   *
   * @return cannot be changed
   */
  public List<List<Writable>> rows() {
    return Collections.unmodifiableList(rows);
  }

  /**
   * Everything that was released. Further tables drawn from this one cost nothing.
   *
   * @return of the private records
   */
  public PrivacyLedger ledger() {
    return ledger;
  }

  /**
   * How far the rows are from the noisy marginals; of no use to compare tables with different
   * noise.
   *
   * @return the sum of squared differences, at least 0
   */
  public double fitness() {
    return fitness;
  }

  /**
   * Another number of rows: each as often as any other, but for one.
   *
   * @param count of rows, at least 1
   * @param seed of their order and choice
   * @return a table with the same ledger
   * @throws IllegalArgumentException if count is below 1
   */
  public SyntheticTable sample(int count, long seed) {
    Require.count("count", count, 1);
    Random random = new Random(seed);
    List<List<Writable>> drawn = new ArrayList<>(count);
    while (drawn.size() < count) {
      List<List<Writable>> shuffled = new ArrayList<>(rows);
      Collections.shuffle(shuffled, random);
      drawn.addAll(shuffled.subList(0, Math.min(rows.size(), count - drawn.size())));
    }
    return new SyntheticTable(schema, drawn, ledger, fitness);
  }

  /**
   * The rows for DataVec and its iterators.
   *
   * @return a new reader
   */
  public RecordReader reader() {
    return new CollectionRecordReader(rows);
  }

  /**
   * Writes the rows as CSV with a line of column names, in UTF-8. Values with commas, quotes or
   * line breaks are quoted.
   *
   * @param file is overwritten
   * @throws IOException if the file cannot be written
   */
  public void writeCsv(Path file) throws IOException {
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      writer.write(line(schema.getColumnNames().stream()));
      for (List<Writable> row : rows) {
        writer.write(line(row.stream().map(SyntheticTable::text)));
      }
    }
  }

  private static String line(Stream<String> values) {
    return values.map(SyntheticTable::quoted).collect(Collectors.joining(",", "", "\n"));
  }

  private static String text(Writable value) {
    return value instanceof NullWritable ? "" : value.toString();
  }

  private static String quoted(String value) {
    boolean special = value.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return special ? '"' + value.replace("\"", "\"\"") + '"' : value;
  }
}

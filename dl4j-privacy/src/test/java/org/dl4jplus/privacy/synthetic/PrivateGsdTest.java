package org.dl4jplus.privacy.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TimeZone;
import java.util.function.Function;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.collection.CollectionRecordReader;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.writable.DoubleWritable;
import org.datavec.api.writable.FloatWritable;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.LongWritable;
import org.datavec.api.writable.NullWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.accounting.RdpAccountant;
import org.dl4jplus.privacy.accounting.Zcdp;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SecureNoise;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class PrivateGsdTest {

  private static final double EXACT = Double.POSITIVE_INFINITY;

  private static final Schema COLOURS =
      new Schema.Builder()
          .addColumnCategorical("colour", "red", "green", "blue")
          .addColumnCategorical("size", "small", "large")
          .build();

  private static final Schema MIXED =
      new Schema.Builder()
          .addColumnCategorical("kind", "a", "b,\"c")
          .addColumnInteger("count", 0, 9)
          .addColumnInteger("age", 0, 120)
          .addColumnLong("cents", -1_000_000L, 1_000_000L)
          .addColumnDouble("height", -1.0, 3.0)
          .addColumnFloat("weight", 0f, 0.01f)
          .build();

  private static RecordReader reader(List<List<Writable>> records) {
    return new CollectionRecordReader(records);
  }

  private static List<List<Writable>> texts(String... lines) {
    List<List<Writable>> records = new ArrayList<>();
    for (String line : lines) {
      List<Writable> record = new ArrayList<>();
      for (String value : line.split(",", -1)) {
        record.add(new Text(value));
      }
      records.add(record);
    }
    return records;
  }

  private static List<List<Writable>> colours(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    String[] lines = new String[count];
    for (int i = 0; i < count; i++) {
      // Colours and sizes go together.
      int colour = random.nextInt(3);
      boolean small = random.nextInt(4) < colour + 1;
      lines[i] = List.of("red", "green", "blue").get(colour) + (small ? ",small" : ",large");
    }
    return texts(lines);
  }

  private static List<List<Writable>> mixed(int count) {
    SplittableRandom random = new SplittableRandom(7);
    List<List<Writable>> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double u = random.nextDouble();
      records.add(
          List.of(
              new Text(u < 0.3 ? "a" : "b,\"c"),
              new IntWritable((int) (10 * u)),
              new IntWritable((int) (60 * u * u)),
              new LongWritable((long) (1e6 * u * u * u)),
              new DoubleWritable(4 * u - 1),
              new FloatWritable((float) (0.01 * u))));
    }
    return records;
  }

  private static Map<String, Integer> counts(
      List<List<Writable>> records, Function<List<Writable>, String> key) {
    Map<String, Integer> counts = new HashMap<>();
    records.forEach(record -> counts.merge(key.apply(record), 1, Integer::sum));
    return counts;
  }

  @Test
  void withoutNoiseTwoColumnsAreFoundExactly() {
    List<List<Writable>> records = colours(120, 1);
    SyntheticTable table =
        PrivateGsd.builder()
            .seed(3L)
            .earlyStopThreshold(0.0)
            .build()
            .fit(COLOURS, reader(records), EXACT, secure());
    assertEquals(0, table.fitness(), 1e-12);
    assertEquals(counts(records, List::toString), counts(table.rows(), List::toString));
  }

  @Test
  void withoutNoiseMixedColumnsComeNear() {
    int n = 300;
    List<List<Writable>> records = mixed(n);
    SyntheticTable table =
        PrivateGsd.builder()
            .seed(4L)
            .maxGenerations(5000)
            .build()
            .fit(MIXED, reader(records), EXACT, secure());
    double[] truth = new double[3];
    double[] made = new double[3];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < 2; k++) {
        List<Writable> row = k == 0 ? records.get(i) : table.rows().get(i);
        double[] sums = k == 0 ? truth : made;
        sums[0] += row.get(0).toString().equals("a") ? 1.0 / n : 0;
        sums[1] += number(row.get(2), 0) / 60 / n;
        sums[2] += number(row.get(4), 0) / n;
      }
    }
    for (int k = 0; k < 3; k++) {
      assertEquals(truth[k], made[k], 0.1);
    }
  }

  private static double number(Writable value, double missing) {
    return value instanceof NullWritable ? missing : value.toDouble();
  }

  @Test
  void valuesAreOfTheirTypesAndDomains() {
    SyntheticTable table =
        PrivateGsd.builder()
            .syntheticRows(40)
            .maxGenerations(50)
            .completeColumns(List.of("kind", "count"))
            .build()
            .fit(MIXED, reader(mixed(50)), 0.5, secure());
    assertEquals(40, table.rows().size());
    assertEquals(MIXED, table.schema());
    for (List<Writable> row : table.rows()) {
      assertTrue(Set.of("a", "b,\"c").contains(row.get(0).toString()));
      int count = ((IntWritable) row.get(1)).get();
      assertTrue(count >= 0 && count <= 9);
      double age = number(row.get(2), 0);
      assertTrue(age >= 0 && age <= 120 && age == Math.rint(age));
      assertTrue(Math.abs(number(row.get(3), 0)) <= 1e6);
      double height = number(row.get(4), 0);
      assertTrue(height >= -1 && height <= 3);
      double weight = number(row.get(5), 0);
      assertTrue(weight >= 0 && weight <= 0.01f);
    }
  }

  @Test
  void theLedgerSumsToRho() {
    double rho = 0.3;
    for (Schema schema : List.of(COLOURS, MIXED)) {
      List<List<Writable>> records = schema == MIXED ? mixed(30) : colours(30, 1);
      PrivacyLedger ledger =
          PrivateGsd.builder()
              .maxGenerations(1)
              .build()
              .fit(schema, reader(records), rho, secure())
              .ledger();
      assertEquals(Neighbours.REPLACE_ONE, ledger.neighbours());
      double sum = 0;
      long events = 0;
      for (PrivacyLedger.Entry entry : ledger.entries()) {
        PrivacyEvent.ZCdp event = (PrivacyEvent.ZCdp) entry.event();
        assertEquals(Set.of(Neighbours.REPLACE_ONE), event.relations());
        sum += event.rho() * entry.count();
        events += entry.count();
      }
      assertEquals(rho, sum, 1e-12);
      // Four numeric columns; 15 pairs, of which those with a numeric column have three levels.
      assertTrue(schema == MIXED ? events > 15 && events <= 4 + 1 + 14 * 3 : events == 1);
    }
  }

  @Test
  void aTargetIsKept() {
    PrivateGsd gsd = PrivateGsd.builder().maxGenerations(1).build();
    PrivacyLedger ledger = gsd.fit(MIXED, reader(mixed(20)), 0.7, 1e-5).ledger();
    double rho = 0;
    RdpAccountant accountant = new RdpAccountant(Neighbours.REPLACE_ONE);
    for (PrivacyLedger.Entry entry : ledger.entries()) {
      rho += ((PrivacyEvent.ZCdp) entry.event()).rho() * entry.count();
      accountant.compose(entry.event(), entry.count());
    }
    assertEquals(0.7, Zcdp.epsilon(rho, 1e-5), 1e-6);
    // The accountant has fewer orders to choose from.
    assertEquals(0.7, accountant.epsilon(1e-5), 0.01);
    for (double[] bad : new double[][] {{0, 0.1}, {-1, 0.1}, {EXACT, 0.1}, {1, 0}, {1, 1}}) {
      RecordReader reader = reader(colours(5, 1));
      assertThrows(IllegalArgumentException.class, () -> gsd.fit(COLOURS, reader, bad[0], bad[1]));
    }
  }

  @Test
  void noiseIsThatOfTheBookedRho() {
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.REPLACE_ONE);
    PrivateGsd.Budget budget = new PrivateGsd.Budget(0.4, secure(), ledger);
    for (int histograms : new int[] {1, 3, 10}) {
      double variance = budget.spend(0.1, histograms).variance();
      // Each histogram has squared L2 sensitivity 2: rho = 2/(2 variance) for one.
      double spent = histograms / variance;
      assertTrue(spent <= 0.04 && spent > 0.0399);
    }
    assertEquals(
        List.of(
            new PrivacyLedger.Entry(
                new PrivacyEvent.ZCdp(0.4 * 0.1, Set.of(Neighbours.REPLACE_ONE)), 3)),
        ledger.entries());
    assertNull(new PrivateGsd.Budget(EXACT, secure(), ledger).spend(0.5, 1));
  }

  @Test
  void aRecordMovesOneCountOfEachHistogram() {
    int n = 60;
    List<List<Writable>> records = mixed(n);
    Column[] columns = new Column[MIXED.numColumns()];
    double[][] values = new double[columns.length][n];
    for (int c = 0; c < columns.length; c++) {
      columns[c] = new Column(MIXED.getMetaData(c), true, 64);
      for (int i = 0; i < n; i++) {
        values[c][i] = columns[c].read(records.get(i).get(c));
      }
      if (columns[c].binned()) {
        columns[c].edges(new PrivateBins(columns[c], 64, 1e-3).edges(values[c], null));
      }
    }
    SplittableRandom random = new SplittableRandom(5);
    for (int trial = 0; trial < 200; trial++) {
      int a = random.nextInt(columns.length - 1);
      int b = a + 1 + random.nextInt(columns.length - a - 1);
      int level = random.nextInt(4);
      Workload workload =
          new Workload(
              columns, a, Workload.shift(columns[a], level), b, Workload.shift(columns[b], level));
      int[][] cells = cells(columns, values);
      long[] before = workload.measure(cells);
      int record = random.nextInt(n);
      cells[a][record] = columns[a].cell(columns[a].random(random));
      cells[b][record] = columns[b].cell(columns[b].random(random));
      long[] after = workload.measure(cells);
      long squares = 0;
      for (int i = 0; i < after.length; i++) {
        squares += (after[i] - before[i]) * (after[i] - before[i]);
      }
      assertTrue(squares == 0 || squares == 2);
      assertEquals(n, Arrays.stream(after).sum());
    }
  }

  private static int[][] cells(Column[] columns, double[][] values) {
    int[][] cells = new int[columns.length][];
    for (int c = 0; c < columns.length; c++) {
      cells[c] = Arrays.stream(values[c]).mapToInt(columns[c]::cell).toArray();
    }
    return cells;
  }

  @Test
  void movesChangeTheFitnessByWhatTheySay() {
    int rows = 50;
    Column[] columns = {
      new Column(COLOURS.getMetaData(0), true, 64), new Column(COLOURS.getMetaData(1), true, 64)
    };
    Workload workload = new Workload(columns, 0, 0, 1, 0);
    SplittableRandom random = new SplittableRandom(6);
    double[] target = random.doubles(4 * 3, 0, 0.2).toArray();
    int[][] cells = new int[2][rows];
    for (int i = 0; i < rows; i++) {
      cells[0][i] = random.nextInt(4);
      cells[1][i] = random.nextInt(3);
    }
    workload.target(target, 7);
    workload.count(cells);
    double fitness = workload.fitness();
    for (int trial = 0; trial < 200; trial++) {
      int row = random.nextInt(rows);
      int column = random.nextInt(2);
      int to = random.nextInt(4 - column);
      fitness += workload.move(column, cells[column][row], to, cells[1 - column][row]);
      cells[column][row] = to;
    }
    assertEquals(workload.fitness(), fitness, 1e-12);
    workload.count(cells);
    assertEquals(workload.fitness(), fitness, 1e-12);
  }

  @Test
  void withoutSecureNoiseTheLedgerSaysThatNothingIsPrivate() {
    Set<Neighbours> relations = Set.of(Neighbours.REPLACE_ONE);
    List<PrivacyLedger.Entry> nothing =
        List.of(new PrivacyLedger.Entry(new PrivacyEvent.Gaussian(0, relations), 1));
    PrivateGsd gsd = PrivateGsd.builder().maxGenerations(1).build();
    RecordReader reader = reader(colours(10, 1));
    assertEquals(nothing, gsd.fit(COLOURS, reader, 1, new SeededNoise(1)).ledger().entries());
    reader.reset();
    assertEquals(nothing, gsd.fit(COLOURS, reader, EXACT, secure()).ledger().entries());
  }

  @Test
  void seedsRepeatAndNoiseDiffers() {
    PrivateGsd gsd = new PrivateGsd();
    Set<List<List<Writable>>> tables = new HashSet<>();
    for (long seed : new long[] {1, 1, 2}) {
      tables.add(gsd.fit(COLOURS, reader(colours(30, 1)), 0.1, new SeededNoise(seed)).rows());
    }
    assertEquals(2, tables.size());
  }

  @Test
  void oddValuesAreTheExtraCategoryAndNoError() {
    Schema schema =
        new Schema.Builder()
            .addColumnCategorical("colour", "red", "green")
            .addColumnInteger("stars", 1, 5)
            .build();
    List<List<Writable>> records = texts("purple,", "red,many", ",3", "red,NaN");
    records.add(Arrays.asList(NullWritable.INSTANCE, NullWritable.INSTANCE));
    records.add(Arrays.asList(null, null));
    List<List<Writable>> clamped = texts("green,99", "green,-7.5", "red,1e400", "red, 3.0 ");
    records.addAll(clamped);
    SyntheticTable table =
        PrivateGsd.builder()
            .syntheticRows(20)
            .seed(1L)
            .earlyStopThreshold(0.0)
            .build()
            .fit(schema, reader(records), EXACT, secure());
    assertEquals(0, table.fitness(), 1e-12);
    Map<String, Integer> expected =
        Map.of(
            "[, NullWritable]", 6,
            "[red, NullWritable]", 4,
            "[, 3]", 2,
            "[green, 5]", 2,
            "[green, 1]", 2,
            "[red, 5]", 2,
            "[red, 3]", 2);
    assertEquals(expected, counts(table.rows(), List::toString));

    // Columns that publicly have none take them for the lowest value.
    SyntheticTable complete =
        PrivateGsd.builder()
            .completeColumns(List.of("colour", "stars"))
            .syntheticRows(20)
            .seed(1L)
            .earlyStopThreshold(0.0)
            .build()
            .fit(schema, reader(texts("purple,", "green,5")), EXACT, secure());
    assertEquals(Map.of("[red, 1]", 10, "[green, 5]", 10), counts(complete.rows(), List::toString));
  }

  @Test
  void domainsMustBePublic() {
    Schema.Builder b = new Schema.Builder().addColumnCategorical("c", "x", "y");
    refused(
        new Schema.Builder().addColumnCategorical("c", "x", "y").addColumnInteger("i"), "least");
    refused(new Schema.Builder().addColumnCategorical("c", "x", "y").addColumnDouble("i"), "least");
    refused(new Schema.Builder().addColumnCategorical("c", "x", "y").addColumnLong("i"), "least");
    refused(new Schema.Builder().addColumnCategorical("c", "x", "y").addColumnFloat("i"), "least");
    refused(
        new Schema.Builder().addColumnCategorical("c", "x", "y").addColumnString("i"), "String");
    refused(b.addColumnTime("i", TimeZone.getTimeZone("UTC")), "Time");
    refused(
        new Schema.Builder().addColumnCategorical("c", "x", "y").addColumnDouble("i", 2.0, 1.0),
        "not empty");
    refused(
        new Schema.Builder()
            .addColumnCategorical("c", "x", "y")
            .addColumnDouble("i", Double.NaN, 1.0),
        "not empty");
    refused(
        new Schema.Builder()
            .addColumnCategorical("c", "x", "y")
            .addColumnLong("i", Long.MIN_VALUE, Long.MAX_VALUE),
        "within");
  }

  private static void refused(Schema.Builder schema, String reason) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new PrivateGsd().fit(schema.build(), reader(List.of()), 1, secure()))
            .getMessage();
    assertTrue(message.startsWith("column i must") && message.contains(reason), message);
  }

  @Test
  void twoColumnsMustVary() {
    Schema one = new Schema.Builder().addColumnCategorical("c", "x", "y").build();
    assertThrows(
        IllegalArgumentException.class,
        () -> new PrivateGsd().fit(one, reader(texts("x")), 1, secure()));
    Schema constant =
        new Schema.Builder()
            .addColumnCategorical("c", "x", "y")
            .addColumnCategorical("d", "only")
            .addColumnDouble("e", 2.0, 2.0)
            .build();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            PrivateGsd.builder()
                .completeColumns(List.of("d", "e"))
                .build()
                .fit(constant, reader(texts("x,only,2")), 1, secure()));
    // Two columns vary, a third does not.
    SyntheticTable table =
        PrivateGsd.builder()
            .completeColumns(List.of("d"))
            .maxGenerations(10)
            .build()
            .fit(constant, reader(texts("x,only,2", "y,only,2")), 1, secure());
    for (List<Writable> row : table.rows()) {
      assertEquals("only", row.get(1).toString());
      assertEquals(2, number(row.get(2), 2));
    }
  }

  @Test
  void pairsOfTooManyCellsAreLeftOut() {
    PrivateGsd gsd =
        PrivateGsd.builder()
            .maxCells(11)
            .maxGenerations(5)
            .completeColumns(List.of("kind", "age", "count"))
            .build();
    Schema schema =
        new Schema.Builder()
            .addColumnCategorical("kind", "a", "b")
            .addColumnInteger("count", 0, 4)
            .addColumnInteger("age", 0, 120)
            .build();
    List<List<Writable>> records = texts("a,1,2", "b,3,4");
    // Only kind and count have at most 11 cells; the numeric column still has its share.
    PrivacyLedger ledger = gsd.fit(schema, reader(records), 1, secure()).ledger();
    assertEquals(2, ledger.entries().stream().mapToLong(PrivacyLedger.Entry::count).sum());
    PrivateGsd fewer = PrivateGsd.builder().maxCells(3).build();
    assertThrows(
        IllegalArgumentException.class, () -> fewer.fit(schema, reader(records), 1, secure()));
  }

  @Test
  void errorsNeverNameValues() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new PrivateGsd().fit(COLOURS, reader(texts("secret")), 1, secure()))
            .getMessage();
    assertFalse(message.contains("secret"));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PrivateGsd().fit(COLOURS, reader(List.of()), 1, secure()));
    for (double rho : new double[] {0, -1, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new PrivateGsd().fit(COLOURS, reader(colours(5, 1)), rho, secure()));
    }
    assertThrows(
        IllegalArgumentException.class,
        () ->
            PrivateGsd.builder()
                .completeColumns(List.of("shape"))
                .build()
                .fit(COLOURS, reader(colours(5, 1)), 1, secure()));
  }

  @Test
  void configurationsAreCheckedAndTravelAsJson() throws IOException {
    PrivateGsd gsd =
        PrivateGsd.builder()
            .syntheticRows(5)
            .intervals(32)
            .granularity(0.5)
            .treeQueryDepth(2)
            .population(7)
            .maxGenerations(9)
            .earlyStopThreshold(0.0)
            .maxCells(99)
            .completeColumns(List.of("c"))
            .seed(4L)
            .build();
    ObjectMapper mapper = new ObjectMapper();
    assertEquals(gsd, mapper.readValue(mapper.writeValueAsString(gsd), PrivateGsd.class));
    PrivateGsd standard = new PrivateGsd();
    assertEquals(standard, mapper.readValue("{}", PrivateGsd.class));
    PrivateGsd.PrivateGsdBuilder builder = PrivateGsd.builder();
    assertThrows(IllegalArgumentException.class, builder.syntheticRows(0)::build);
    assertThrows(IllegalArgumentException.class, PrivateGsd.builder().intervals(3)::build);
    assertThrows(IllegalArgumentException.class, PrivateGsd.builder().granularity(0.0)::build);
    assertThrows(IllegalArgumentException.class, PrivateGsd.builder().treeQueryDepth(0)::build);
    assertThrows(IllegalArgumentException.class, PrivateGsd.builder().population(0)::build);
    assertThrows(IllegalArgumentException.class, PrivateGsd.builder().maxGenerations(-1)::build);
    assertThrows(IllegalArgumentException.class, PrivateGsd.builder().maxCells(0)::build);
    assertThrows(
        IllegalArgumentException.class, PrivateGsd.builder().earlyStopThreshold(-1.0)::build);
  }

  @Test
  void samplesTakeEachRowAlmostEquallyOften() {
    SyntheticTable table =
        PrivateGsd.builder()
            .syntheticRows(10)
            .maxGenerations(1)
            .build()
            .fit(MIXED, reader(mixed(10)), 1, secure());
    SyntheticTable sample = table.sample(25, 1);
    assertEquals(25, sample.rows().size());
    for (int count : counts(sample.rows(), List::toString).values()) {
      assertTrue(count == 2 || count == 3);
    }
    assertEquals(3, table.sample(3, 2).rows().size());
    assertThrows(IllegalArgumentException.class, () -> table.sample(0, 1));
    assertThrows(UnsupportedOperationException.class, () -> table.rows().clear());
  }

  @Test
  void csvIsReadBack(@TempDir Path directory) throws IOException, InterruptedException {
    SyntheticTable table =
        PrivateGsd.builder().maxGenerations(1).build().fit(MIXED, reader(mixed(30)), 1, secure());
    Path file = directory.resolve("synthetic.csv");
    table.writeCsv(file);
    assertEquals("kind,count,age,cents,height,weight", Files.readAllLines(file).get(0));
    RecordReader csv = new CSVRecordReader(1, ',', '"');
    csv.initialize(new FileSplit(file.toFile()));
    RecordReader direct = table.reader();
    while (direct.hasNext()) {
      List<Writable> expected = direct.next();
      List<Writable> read = csv.next();
      for (int c = 0; c < expected.size(); c++) {
        Writable value = expected.get(c);
        assertEquals(value instanceof NullWritable ? "" : value.toString(), read.get(c).toString());
      }
    }
    assertFalse(csv.hasNext());
  }

  private static NoiseSource secure() {
    return new SecureNoise();
  }
}

package org.dl4jplus.bilevel.arbiter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.parameter.BooleanSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.optim.first.Lion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

class SearchReportTest {

  private static FeedbackGenerator search(int candidates, boolean twoGoals) {
    UpdaterSpace lion =
        UpdaterSpaces.of(new Lion())
            .with(
                "learningRate",
                new ContinuousParameterSpace(new LogUniformDistribution(1e-4, 1e-1)))
            .with("beta1", new ContinuousParameterSpace(0.5, 0.95));
    UpdaterSpace nesterovs = UpdaterSpaces.nesterovs(new ContinuousParameterSpace(0.01, 0.5));
    Map<String, UpdaterSpace> options = new LinkedHashMap<>();
    options.put("<Lion>", lion);
    options.put("Nesterovs", nesterovs);
    FeedbackGenerator generator = new PieceSearch(new ChoiceSpace<>(options), true, candidates, 3);
    for (int i = 0; i < candidates; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      double[] p = candidate.getFlatParameters();
      if (i % 7 == 3) {
        generator.reportFailure(
            i, "java.lang.IllegalStateException: a < b & c\n\tat nowhere", null);
        continue;
      }
      double score = Math.exp(4 * Math.abs(p[1] - 0.3) + (p[0] > 0.5 ? 1 : 0) + 0.2 * p[2]) / 10;
      SearchMetrics metrics =
          SearchMetrics.builder()
              .objectives(twoGoals ? new double[] {score, 1 / (0.2 + score) + p[2]} : null)
              .minimise(twoGoals ? new boolean[] {true, true} : null)
              .costUpdates(100 + i)
              .costSeconds(0.5)
              .curve(new double[] {3 * score, 2 * score, score})
              .build();
      generator.reportResults(new OptimizationResult(candidate, score, i, metrics, null, null));
    }
    return generator;
  }

  private static Document parse(String page) throws Exception {
    // What the page holds is well formed but for what HTML does not close.
    String xml = page.replace("<!DOCTYPE html>", "").replace("<meta charset=\"utf-8\">", "");
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
  }

  private static int count(Document page, String tag, String style) {
    NodeList nodes = page.getElementsByTagName(tag);
    int count = 0;
    for (int i = 0; i < nodes.getLength(); i++) {
      count +=
          nodes.item(i).getAttributes().getNamedItem("class") != null
                  && nodes
                      .item(i)
                      .getAttributes()
                      .getNamedItem("class")
                      .getNodeValue()
                      .equals(style)
              ? 1
              : 0;
    }
    return count;
  }

  @Test
  void allThatWasTriedIsOnThePage(@TempDir File directory) throws Exception {
    FeedbackGenerator generator = search(24, true);
    File file = new File(directory, "report.html");
    SearchReport.write(file, "Updaters <& rates>", generator);
    String page = Files.readString(file.toPath());
    assertFalse(page.contains("http"), "the page asks for something from elsewhere");
    assertFalse(page.contains("<Lion>"));
    assertTrue(page.contains("a &lt; b &amp; c"));
    assertFalse(page.contains("at nowhere"));
    Document parsed = parse(page);
    assertEquals(1 + 24, parsed.getElementsByTagName("tr").getLength());
    int complete = generator.complete().size();
    // Two charts of progress, one slice for each of four dimensions, and the front.
    assertEquals(2 + 4, count(parsed, "circle", "bestdot"));
    assertEquals(2 * 3, count(parsed, "path", "failed"));
    long nondominated =
        generator.complete().stream()
            .filter(
                t ->
                    generator.complete().stream()
                        .noneMatch(
                            o ->
                                o.getMetrics().getObjectives()[0]
                                        < t.getMetrics().getObjectives()[0]
                                    && o.getMetrics().getObjectives()[1]
                                        < t.getMetrics().getObjectives()[1]))
            .count();
    assertEquals(nondominated, count(parsed, "circle", "front"));
    assertEquals(complete - 1, count(parsed, "polyline", "curve"));
    assertEquals(1, count(parsed, "tr", "best"));
    assertTrue(page.contains("candidate " + generator.best().getIndex() + " with score"));
  }

  @Test
  void oneGoalHasNoFrontAndNothingIsFineToo() throws Exception {
    assertFalse(SearchReport.html("one", search(9, false)).contains("Pareto"));
    FeedbackGenerator nothing = new PieceSearch(new BooleanSpace(), false, 3, null);
    parse(SearchReport.html("nothing", nothing));
    FeedbackGenerator one = new PieceSearch(new IntegerParameterSpace(1, 3), false, 3, null);
    one.reportResults(new OptimizationResult(one.getCandidate(), -2.0, 0, null, null, null));
    one.getCandidate();
    String page = SearchReport.html("one", one);
    parse(page);
    assertTrue(page.contains("1 complete, 0 failed, 1 not heard of"), page);
  }

  @Test
  void axesHaveRoundTicksAndLogarithmsWhereValuesDifferByMuch() {
    assertArrayEquals(
        new double[] {0, 0.2, 0.4, 0.6, 0.8, 1}, new Plot.Axis(0, 1, false).ticks(), 1e-12);
    Plot.Axis log = Plot.Axis.of(0.01, 0.1, 100);
    assertTrue(log.log());
    assertArrayEquals(new double[] {0.01, 0.1, 1, 10, 100}, log.ticks(), 1e-12);
    assertEquals(log.at(1) - log.at(0.1), log.at(10) - log.at(1), 1e-12);
    assertFalse(Plot.Axis.of(-1, 100).log());
    Plot.Axis constant = Plot.Axis.of(3, 3);
    assertTrue(constant.low() < 3 && constant.high() > 3);
    assertEquals("1.5e-05", Plot.number(1.5e-5));
    assertEquals("0.1235", Plot.number(0.123456));
    assertEquals("120", Plot.number(120));
  }
}

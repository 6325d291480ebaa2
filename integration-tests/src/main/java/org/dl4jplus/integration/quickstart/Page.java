package org.dl4jplus.integration.quickstart;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.deeplearning4j.ui.api.LengthUnit;
import org.deeplearning4j.ui.components.chart.ChartLine;
import org.deeplearning4j.ui.components.chart.style.StyleChart;
import org.dl4jplus.integration.report.Html;
import org.dl4jplus.integration.report.Table;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * The page with the loss curves: a chart of {@code deeplearning4j-ui-components} in a page of our
 * own, since the library's {@code StaticPageUtil} makes pages that load their scripts from the
 * network. Here they are part of the page.
 */
final class Page {

  private static final List<String> COLORS =
      List.of(
          "#000000", "#1f77b4", "#2ca02c", "#9467bd", "#d62728", "#ff7f0e", "#17a2b8", "#e377c2",
          "#8c564b", "#7f7f7f", "#bcbd22");

  private static final int WIDTH = 900;
  private static final int HEIGHT = 460;

  private Page() {}

  /**
   * Makes the page.
   *
   * @param intro what was done
   * @param table the results
   * @param notes what is to be said about them
   * @param results where the curves come from
   */
  static String of(String intro, Table table, List<String> notes, List<Result> results)
      throws IOException {
    return resource(Page.class.getResourceAsStream("page.html"))
        .replace("@intro@", Html.escape(intro))
        .replace("@legend@", legend(results))
        .replace("@table@", table.html())
        .replace("@notes@", notes.stream().map(Page::item).collect(Collectors.joining("\n")))
        .replace("@grid@", grid(results).html())
        .replace("@chart@", chart(results).replace("<", "\\u003c"))
        .replace("@d3@", d3())
        .replace("@components@", library("assets/dl4j-ui.js").replaceAll("(?m)^//#.*$", ""));
  }

  private static String item(String text) {
    return "<li>" + Html.escape(text) + "</li>";
  }

  private static String color(int series) {
    return COLORS.get(series % COLORS.size());
  }

  private static String legend(List<Result> results) {
    StringBuilder legend = new StringBuilder();
    for (int i = 0; i < results.size(); i++) {
      legend.append(
          "<span><i style=\"background:%s\"></i>%s, rate %s</span>%n"
              .formatted(
                  color(i),
                  Html.escape(results.get(i).method().name()),
                  Numbers.rate(results.get(i).best().rate())));
    }
    return legend.toString();
  }

  private static Table grid(List<Result> results) {
    Table grid = new Table("method", "rate", "epochs to target", "final loss", "test accuracy");
    for (Result result : results) {
      for (Outcome outcome : result.grid()) {
        grid.add(
            result.method().name(),
            Numbers.rate(outcome.rate()),
            Numbers.epochs(outcome),
            Numbers.loss(outcome.finalLoss()),
            Numbers.percent(outcome.accuracy()));
      }
    }
    return grid;
  }

  /**
   * The curves as the library's chart; it has no logarithmic axis, so the values are logarithms.
   */
  private static String chart(List<Result> results) throws IOException {
    String[] colors = new String[results.size()];
    for (int i = 0; i < colors.length; i++) {
      colors[i] = color(i);
    }
    ChartLine.Builder chart =
        new ChartLine.Builder(
            null,
            new StyleChart.Builder()
                .width(WIDTH, LengthUnit.Px)
                .height(HEIGHT, LengthUnit.Px)
                .margin(LengthUnit.Px, 10, 30, 80, 20)
                .strokeWidth(2)
                .seriesColors(colors)
                .build());
    chart.setYMin(Math.log10(Outcome.FLOOR)).setYMax(1d).setGridWidth(0.3, 0.3);
    for (Result result : results) {
      Outcome best = result.best();
      double[] epochs = new double[best.epochs() + 1];
      double[] losses = new double[epochs.length];
      for (int epoch = 0; epoch < epochs.length; epoch++) {
        epochs[epoch] = epoch;
        losses[epoch] = Math.log10(best.loss(epoch));
      }
      chart.addSeries(result.method().name(), epochs, losses);
    }
    return new ObjectMapper().writeValueAsString(chart.build());
  }

  private static String d3() throws IOException {
    Properties properties = new Properties();
    try (InputStream stream =
        Page.class.getResourceAsStream("/META-INF/maven/org.webjars/d3js/pom.properties")) {
      properties.load(stream);
    }
    return library(
        "META-INF/resources/webjars/d3js/" + properties.getProperty("version") + "/d3.min.js");
  }

  /** A library's script as it can stand in a page. */
  private static String library(String name) throws IOException {
    return resource(Page.class.getResourceAsStream("/" + name)).replace("</script", "<\\/script");
  }

  private static String resource(InputStream stream) throws IOException {
    try (stream) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}

package org.dl4jplus.bilevel.arbiter;

import static org.dl4jplus.bilevel.arbiter.Plot.escape;
import static org.dl4jplus.bilevel.arbiter.Plot.format;
import static org.dl4jplus.bilevel.arbiter.Plot.number;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.dl4jplus.bilevel.AtomicFile;
import org.dl4jplus.bilevel.search.Dimension;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.bilevel.search.Trial;
import org.dl4jplus.bilevel.search.pareto.ParetoFronts;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A search as a page of HTML that needs nothing from elsewhere: the best score so far over
 * candidates and over cost, parallel coordinates, a slice for each dimension, learning curves, the
 * Pareto front where there are several objectives, and a table of all candidates with what failed.
 * A search read from a checkpoint can be reported as well as one that runs.
 */
public final class SearchReport {

  private static final int WIDTH = 560;
  private static final int HEIGHT = 300;
  private static final int SLICE_WIDTH = 270;
  private static final int SLICE_HEIGHT = 220;
  private static final int AXIS_DISTANCE = 130;
  private static final int AXIS_HEIGHT = 260;
  private static final int MOST_TICKS = 6;
  private static final int LONGEST_TICK = 14;
  private static final int TICKS_WIDTH = 30;

  private final FeedbackGenerator search;
  private final List<Trial> complete;
  private final Trial best;
  private final Plot.Axis scores;

  private SearchReport(FeedbackGenerator search) {
    this.search = Require.given("search", search);
    complete = search.complete();
    best = search.best();
    scores = Plot.Axis.of(complete.stream().mapToDouble(Trial::getScore).toArray());
  }

  /**
   * Writes a report.
   *
   * @param file to be written or replaced
   * @param title heading of the page
   * @param search the search, which may have just begun
   * @throws IllegalArgumentException for null
   * @throws java.io.UncheckedIOException where it cannot be written
   */
  public static void write(File file, String title, FeedbackGenerator search) {
    Require.given("file", file);
    byte[] page = html(title, search).getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, out -> out.write(page));
  }

  /**
   * Makes a report.
   *
   * @param title heading of the page
   * @param search the search
   * @return the page
   * @throws IllegalArgumentException for null
   */
  public static String html(String title, FeedbackGenerator search) {
    return new SearchReport(search).page(Require.given("title", title));
  }

  private String page(String title) {
    StringBuilder page = new StringBuilder(1 << 16);
    page.append(
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>%s</title><style>
        body{font-family:system-ui,sans-serif;margin:2em auto;max-width:1180px;padding:0 1em;color:#222}
        h2{margin:1.6em 0 .4em;font-size:1.15em}
        svg{background:#fff}
        svg text{font-size:11px;fill:#444} svg text.axis{font-size:12px;fill:#222}
        .grid{stroke:#e6e6e6} .frame{stroke:#999}
        .dot{fill:#7aa6d8;fill-opacity:.75} .bestdot{fill:#d1495b} .front{fill:#1b7f5c}
        .failed{stroke:#c0392b;stroke-width:2;fill:none}
        polyline{fill:none;stroke:#1f5fbf;stroke-width:2}
        polyline.curve{stroke:#7aa6d8;stroke-width:1.2;stroke-opacity:.7}
        polyline.bestcurve{stroke:#d1495b;stroke-width:2.4}
        polyline.frontline{stroke:#1b7f5c;stroke-width:1.5}
        .row{display:flex;flex-wrap:wrap;gap:12px} .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-size:13px}
        td,th{padding:3px 10px;text-align:right;border-bottom:1px solid #eee;white-space:nowrap}
        td.text{text-align:left;white-space:normal;max-width:420px}
        tr.best{background:#fbeaec;font-weight:600} tr.failedrow{color:#a33}
        </style></head><body>
        <h1>%s</h1>
        """
            .formatted(escape(title), escape(title)));
    page.append(summary());
    if (!complete.isEmpty()) {
      page.append("<h2>Best so far</h2>\n<div class=\"row\">\n")
          .append(progress(false))
          .append(totalUpdates() > 0 ? progress(true) : "")
          .append("</div>\n");
      page.append(front());
      page.append("<h2>Parallel coordinates</h2>\n")
          .append("<p>One line a candidate; the darker, the better. Red: the best one.</p>\n")
          .append("<div class=\"scroll\">\n")
          .append(parallel())
          .append("</div>\n<h2>Slices</h2>\n<div class=\"row\">\n");
      for (int i = 0; i < dimensions().size(); i++) {
        if (!dimensions().get(i).fixed()) {
          page.append(slice(i));
        }
      }
      page.append("</div>\n").append(curves());
    }
    return page.append("<h2>Candidates</h2>\n<div class=\"scroll\">\n")
        .append(table())
        .append("</div>\n</body></html>\n")
        .toString();
  }

  private List<Dimension> dimensions() {
    return search.space().dimensions();
  }

  private long updates(Trial trial) {
    return trial.getMetrics() == null ? 0 : trial.getMetrics().getCostUpdates();
  }

  private long totalUpdates() {
    return search.trials().stream().mapToLong(this::updates).sum();
  }

  private long count(Trial.Status status) {
    return search.trials().stream().filter(t -> t.getStatus() == status).count();
  }

  private String summary() {
    double seconds =
        search.trials().stream()
            .filter(t -> t.getMetrics() != null)
            .mapToDouble(t -> t.getMetrics().getCostSeconds())
            .sum();
    StringBuilder summary =
        new StringBuilder(
            format(
                "<p>%s, %s scores are good. %d candidates: %d complete, %d failed, %d not heard of."
                    + " Cost: %d updates, %s s.</p>%n",
                escape(search.getClass().getSimpleName()),
                search.isMinimize() ? "small" : "large",
                search.trials().size(),
                complete.size(),
                count(Trial.Status.FAILED),
                count(Trial.Status.PENDING),
                totalUpdates(),
                number(Math.rint(10 * seconds) / 10)));
    if (best != null) {
      summary.append(
          format(
              "<p>Best: candidate %d with score <b>%s</b>: %s.</p>%n",
              best.getIndex(), number(best.getScore()), escape(values(best))));
    }
    return summary.toString();
  }

  private String value(Trial trial, int dimension) {
    return text(search.space().value(dimension, trial.getPoint()[dimension]));
  }

  private static String text(Object value) {
    return value instanceof Float || value instanceof Double
        ? number(((Number) value).doubleValue())
        : String.valueOf(value);
  }

  private String values(Trial trial) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < dimensions().size(); i++) {
      values.add(dimensions().get(i).name() + " " + value(trial, i));
    }
    return String.join(", ", values);
  }

  private String describe(Trial trial) {
    return "candidate "
        + trial.getIndex()
        + ": "
        + (trial.getStatus() == Trial.Status.FAILED
            ? firstLine(trial.getFailure())
            : number(trial.getScore()))
        + "\n"
        + values(trial);
  }

  private static String firstLine(String text) {
    return text == null ? "" : text.lines().findFirst().orElse("");
  }

  private String style(Trial trial) {
    return trial == best ? "bestdot" : "dot";
  }

  private String progress(boolean overCost) {
    List<Trial> trials = search.trials();
    double[] at = new double[trials.size()];
    double cost = 0;
    for (int i = 0; i < at.length; i++) {
      cost += updates(trials.get(i));
      at[i] = overCost ? cost : trials.get(i).getIndex();
    }
    Plot plot = new Plot(WIDTH, HEIGHT, Plot.Axis.of(at), scores);
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    Trial leader = null;
    for (int i = 0; i < at.length; i++) {
      Trial trial = trials.get(i);
      if (trial.getStatus() == Trial.Status.FAILED) {
        plot.cross(at[i], describe(trial));
      }
      if (trial.getStatus() != Trial.Status.COMPLETE) {
        continue;
      }
      if (leader != null) {
        x.add(at[i]);
        y.add(leader.getScore());
      }
      if (leader == null || search.loss(trial) < search.loss(leader)) {
        leader = trial;
      }
      x.add(at[i]);
      y.add(leader.getScore());
    }
    plot.line(array(x), array(y), "best");
    for (int i = 0; i < at.length; i++) {
      if (trials.get(i).getStatus() == Trial.Status.COMPLETE) {
        plot.dot(at[i], trials.get(i).getScore(), style(trials.get(i)), describe(trials.get(i)));
      }
    }
    return plot.countedSvg(overCost ? "updates" : "candidate", "score");
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** The ticks of a dimension: coordinates, and what they stand for. */
  private Object[] ticks(int dimension) {
    Dimension d = dimensions().get(dimension);
    int cells = d.cells();
    int count = cells == 0 ? 3 : Math.min(cells, MOST_TICKS);
    double[] at = new double[count];
    String[] names = new String[count];
    for (int i = 0; i < count; i++) {
      double share = count == 1 ? 0 : (double) i / (count - 1);
      at[i] = cells == 0 ? d.snap(share) : d.centre((int) Math.round(share * (cells - 1)));
      names[i] = shortened(text(search.space().value(dimension, at[i])), LONGEST_TICK);
    }
    return new Object[] {at, names};
  }

  private static String shortened(String text, int length) {
    return text.length() > length ? text.substring(0, length - 1) + "\u2026" : text;
  }

  private String slice(int dimension) {
    Plot plot = new Plot(SLICE_WIDTH, SLICE_HEIGHT, new Plot.Axis(-0.03, 1.03, false), scores);
    for (Trial trial : complete) {
      if (trial != best) {
        plot.dot(trial.getPoint()[dimension], trial.getScore(), "dot", describe(trial));
      }
    }
    plot.dot(best.getPoint()[dimension], best.getScore(), "bestdot", describe(best));
    Object[] ticks = ticks(dimension);
    String[] names = (String[]) ticks[1];
    // The names share the width.
    for (int i = 0; i < names.length; i++) {
      names[i] = shortened(names[i], Math.max(3, TICKS_WIDTH / names.length));
    }
    return plot.svg(dimensions().get(dimension).name(), "score", (double[]) ticks[0], names);
  }

  private String parallel() {
    int axes = dimensions().size() + 1;
    int width = AXIS_DISTANCE * axes;
    StringBuilder svg =
        new StringBuilder(
            format(
                "<svg width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"Parallel coordinates\">%n",
                width, AXIS_HEIGHT + 60));
    List<Trial> worstFirst =
        complete.stream().sorted(Comparator.comparingDouble(search::loss).reversed()).toList();
    for (int k = 0; k < worstFirst.size(); k++) {
      Trial trial = worstFirst.get(k);
      double share = worstFirst.size() == 1 ? 1 : k / (worstFirst.size() - 1.0);
      StringBuilder points = new StringBuilder();
      for (int i = 0; i < axes - 1; i++) {
        points.append(format("%d,%.1f ", across(i), down(trial.getPoint()[i])));
      }
      points.append(format("%d,%.1f", across(axes - 1), down(scores.at(trial.getScore()))));
      svg.append(
          format(
              "<polyline points=\"%s\" style=\"stroke:%s;stroke-opacity:%.2f;stroke-width:%.1f\">"
                  + "<title>%s</title></polyline>%n",
              points,
              trial == best ? "#d1495b" : "#1f5fbf",
              trial == best ? 1 : 0.08 + 0.6 * share * share,
              trial == best ? 2.6 : 1.3,
              escape(describe(trial))));
    }
    for (int i = 0; i < axes; i++) {
      boolean score = i == axes - 1;
      svg.append(
          format(
              "<line class=\"frame\" x1=\"%d\" x2=\"%d\" y1=\"%.0f\" y2=\"%.0f\"/>"
                  + "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
              across(i),
              across(i),
              down(1),
              down(0),
              across(i),
              AXIS_HEIGHT + (i % 2 == 0 ? 38 : 52),
              score ? "score" : escape(dimensions().get(i).name())));
      double[] at;
      String[] names;
      if (score) {
        double[] values = scores.ticks();
        at = new double[values.length];
        names = new String[values.length];
        for (int k = 0; k < at.length; k++) {
          at[k] = scores.at(values[k]);
          names[k] = number(values[k]);
        }
      } else {
        Object[] ticks = ticks(i);
        at = (double[]) ticks[0];
        names = (String[]) ticks[1];
      }
      for (int k = 0; k < at.length; k++) {
        svg.append(
            format(
                "<text x=\"%d\" y=\"%.1f\">%s</text>%n",
                across(i) + 5, down(at[k]) + 4, escape(names[k])));
      }
    }
    return svg.append("</svg>\n").toString();
  }

  private static int across(int axis) {
    return AXIS_DISTANCE / 2 + AXIS_DISTANCE * axis;
  }

  private static double down(double u) {
    return 14 + AXIS_HEIGHT * (1 - u);
  }

  private static double[] objectives(Trial trial) {
    SearchMetrics metrics = trial.getMetrics();
    return metrics == null ? new double[0] : metrics.getObjectives();
  }

  private String front() {
    int count = complete.stream().mapToInt(t -> objectives(t).length).max().orElse(0);
    if (count < 2) {
      return "";
    }
    StringBuilder html =
        new StringBuilder("<h2>Pareto front</h2>\n<p>Green: no candidate is as good in both")
            .append(" and better in one; those that break a constraint do not count.</p>\n")
            .append("<div class=\"row\">\n");
    for (int k = 1; k < count; k++) {
      int second = k;
      List<Trial> of =
          complete.stream()
              .filter(t -> objectives(t).length > second && finite(t, second))
              .toList();
      List<Trial> allowed = of.stream().filter(t -> t.getMetrics().violation() == 0).toList();
      int[] ranks =
          ParetoFronts.ranks(
              allowed.stream()
                  .map(t -> t.getMetrics().losses())
                  .map(losses -> new double[] {losses[0], losses[second]})
                  .toArray(double[][]::new));
      List<Trial> front =
          IntStream.range(0, ranks.length)
              .filter(i -> ranks[i] == 0)
              .mapToObj(allowed::get)
              .sorted(Comparator.comparingDouble(t -> objectives(t)[0]))
              .toList();
      Plot plot =
          new Plot(
              WIDTH,
              HEIGHT,
              Plot.Axis.of(of.stream().mapToDouble(t -> objectives(t)[0]).toArray()),
              Plot.Axis.of(of.stream().mapToDouble(t -> objectives(t)[second]).toArray()));
      plot.line(
          front.stream().mapToDouble(t -> objectives(t)[0]).toArray(),
          front.stream().mapToDouble(t -> objectives(t)[second]).toArray(),
          "frontline");
      for (Trial trial : of) {
        plot.dot(
            objectives(trial)[0],
            objectives(trial)[second],
            front.contains(trial) ? "front" : "dot",
            describe(trial));
      }
      html.append(plot.svg(label(of, 0), label(of, second)));
    }
    return html.append("</div>\n").toString();
  }

  private static boolean finite(Trial trial, int second) {
    return Double.isFinite(objectives(trial)[0]) && Double.isFinite(objectives(trial)[second]);
  }

  private static String label(List<Trial> of, int objective) {
    boolean small = of.isEmpty() || of.get(0).getMetrics().getMinimise()[objective];
    return (objective == 0 ? "score" : "objective " + (objective + 1))
        + (small ? " (small is good)" : " (large is good)");
  }

  private String curves() {
    List<Trial> with =
        complete.stream()
            .filter(t -> t.getMetrics() != null && t.getMetrics().getCurve().length > 1)
            .toList();
    if (with.isEmpty()) {
      return "";
    }
    double[] all =
        with.stream().flatMapToDouble(t -> Arrays.stream(t.getMetrics().getCurve())).toArray();
    int longest = with.stream().mapToInt(t -> t.getMetrics().getCurve().length).max().orElse(1);
    Plot plot = new Plot(2 * WIDTH, HEIGHT, Plot.Axis.of(1, longest), Plot.Axis.of(all));
    for (Trial trial : with) {
      if (trial != best) {
        plot.line(steps(trial), trial.getMetrics().getCurve(), "curve");
      }
    }
    if (with.contains(best)) {
      plot.line(steps(best), best.getMetrics().getCurve(), "bestcurve");
    }
    return "<h2>Curves of the candidates</h2>\n" + plot.countedSvg("point of the curve", "score");
  }

  private static double[] steps(Trial trial) {
    double[] steps = new double[trial.getMetrics().getCurve().length];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = i + 1;
    }
    return steps;
  }

  private String table() {
    int objectives = complete.stream().mapToInt(t -> objectives(t).length).max().orElse(0);
    Set<String> data = new LinkedHashSet<>();
    search.trials().forEach(trial -> data.addAll(trial.getData().keySet()));
    boolean failures = count(Trial.Status.FAILED) > 0;
    StringBuilder table = new StringBuilder("<table><tr><th>#</th><th>status</th><th>score</th>");
    for (int k = 1; k < objectives; k++) {
      table.append("<th>objective ").append(k + 1).append("</th>");
    }
    dimensions().forEach(d -> head(table, d.name()));
    data.forEach(key -> head(table, key.replaceFirst("^dl4jplus\\.", "")));
    table.append("<th>updates</th><th>seconds</th>");
    table.append(failures ? "<th>why it failed</th></tr>\n" : "</tr>\n");
    for (Trial trial : search.trials()) {
      boolean failed = trial.getStatus() == Trial.Status.FAILED;
      table.append(
          trial == best ? "<tr class=\"best\">" : failed ? "<tr class=\"failedrow\">" : "<tr>");
      cell(table, "" + trial.getIndex());
      cell(table, trial.getStatus().name().toLowerCase(Locale.ROOT));
      cell(table, trial.getStatus() == Trial.Status.COMPLETE ? number(trial.getScore()) : "");
      for (int k = 1; k < objectives; k++) {
        cell(table, objectives(trial).length > k ? number(objectives(trial)[k]) : "");
      }
      for (int i = 0; i < dimensions().size(); i++) {
        cell(table, value(trial, i));
      }
      data.forEach(key -> cell(table, text(trial.getData().getOrDefault(key, ""))));
      SearchMetrics metrics = trial.getMetrics();
      cell(table, metrics == null ? "" : "" + metrics.getCostUpdates());
      cell(table, metrics == null ? "" : format("%.1f", metrics.getCostSeconds()));
      if (failures) {
        table
            .append("<td class=\"text\">")
            .append(escape(firstLine(trial.getFailure())))
            .append("</td>");
      }
      table.append("</tr>\n");
    }
    return table.append("</table>\n").toString();
  }

  private static void head(StringBuilder table, String text) {
    table.append("<th>").append(escape(text)).append("</th>");
  }

  private static void cell(StringBuilder table, String text) {
    table.append("<td>").append(escape(text)).append("</td>");
  }
}

package org.dl4jplus.optim.first.sharpness;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A page of HTML with two curves over the iterations. It needs nothing from elsewhere. */
public final class CurvePage {

  private static final int WIDTH = 900;
  private static final int HEIGHT = 420;
  private static final int MARGIN = 60;

  /**
   * A point of both curves.
   *
   * @param iteration where
   * @param eigenvalue of the first
   * @param edge of the second
   */
  public record Point(int iteration, double eigenvalue, double edge) {}

  private final List<Point> points;
  private final int last;
  private final double low;
  private final double high;

  private CurvePage(List<Point> points) {
    this.points = points;
    last = Math.max(1, points.stream().mapToInt(Point::iteration).max().orElse(1));
    // Zero is always in the picture: the distance from it is what matters.
    low = Math.min(0, extreme(-1));
    double top = Math.max(0, extreme(1));
    high = top > low ? top : low + 1;
  }

  private double extreme(int sign) {
    return sign
        * points.stream()
            .flatMap(p -> Stream.of(p.eigenvalue(), p.edge()))
            .filter(Double::isFinite)
            .mapToDouble(v -> sign * v)
            .max()
            .orElse(0);
  }

  /**
   * Draws.
   *
   * @param points the curves, by ascending iteration; values that are not finite are left out
   * @return the page
   */
  public static String of(List<Point> points) {
    return new CurvePage(points).page();
  }

  private String page() {
    StringBuilder page = new StringBuilder(4096);
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<title>Edge of stability</title><style>body{font-family:sans-serif;margin:2em}")
        .append("text{font-size:12px}table{border-collapse:collapse}")
        .append("td,th{padding:2px 12px;text-align:right}</style></head><body>\n")
        .append("<h1>Edge of stability</h1>\n")
        .append(
            format(
                "<svg width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n",
                WIDTH, HEIGHT, "Largest Hessian eigenvalue and stability edge by iteration"));
    for (int i = 0; i <= 4; i++) {
      double value = low + (high - low) * i / 4;
      double y = y(value);
      page.append(
          format(
              "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n",
              MARGIN, WIDTH - MARGIN, y, y, MARGIN - 6, y + 4, value));
      int iteration = (int) Math.round(last * i / 4.0);
      page.append(
          format(
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
              x(iteration), HEIGHT - MARGIN + 20, iteration));
    }
    page.append(curve(Point::eigenvalue, "#1f5fbf", ""))
        .append(curve(Point::edge, "#c0392b", " stroke-dasharray=\"6 4\""))
        .append(
            format(
                "<text x=\"%d\" y=\"20\" fill=\"#1f5fbf\">largest Hessian eigenvalue</text>"
                    + "<text x=\"%d\" y=\"20\" fill=\"#c0392b\">stability edge (dashed)</text>"
                    + "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">iteration</text>\n</svg>\n",
                MARGIN, MARGIN + 200, WIDTH / 2, HEIGHT - 12))
        .append("<table><tr><th>iteration</th><th>eigenvalue</th><th>edge</th></tr>\n");
    for (Point point : points) {
      page.append(
          format(
              "<tr><td>%d</td><td>%.6g</td><td>%.6g</td></tr>\n",
              point.iteration(), point.eigenvalue(), point.edge()));
    }
    return page.append("</table></body></html>\n").toString();
  }

  private String curve(ToDoubleFunction<Point> value, String colour, String dash) {
    String path =
        points.stream()
            .filter(p -> Double.isFinite(value.applyAsDouble(p)))
            .map(p -> format("%.1f,%.1f", x(p.iteration()), y(value.applyAsDouble(p))))
            .collect(Collectors.joining(" "));
    return format(
        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"%s\"/>\n",
        colour, dash, path);
  }

  private double x(double iteration) {
    return MARGIN + (WIDTH - 2.0 * MARGIN) * iteration / last;
  }

  private double y(double value) {
    return HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * (value - low) / (high - low);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}

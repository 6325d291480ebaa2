package org.dl4jplus.bilevel.arbiter;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** A chart with two axes, drawn as SVG. What it looks like is in the page's style sheet. */
final class Plot {

  private static final int LEFT = 66;
  private static final int RIGHT = 14;
  private static final int TOP = 12;
  private static final int BOTTOM = 42;
  private static final double LARGE_RATIO = 100;

  /**
   * An axis.
   *
   * @param low its lower end
   * @param high its upper end, above the lower one
   * @param log whether it is logarithmic
   */
  record Axis(double low, double high, boolean log) {

    /** An axis for some values: logarithmic where they are positive and differ by much. */
    static Axis of(double... values) {
      double[] finite = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
      if (finite.length == 0) {
        return new Axis(0, 1, false);
      }
      double low = finite[0];
      double high = finite[finite.length - 1];
      if (low > 0 && high / low > LARGE_RATIO) {
        return new Axis(low / 1.2, high * 1.2, true);
      }
      double margin = high > low ? 0.05 * (high - low) : Math.max(0.5 * Math.abs(high), 0.5);
      return new Axis(low - margin, high + margin, false);
    }

    /** Where a value lies, 0 at the lower end and 1 at the upper one. */
    double at(double value) {
      return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }

    /** Round values to be marked. */
    double[] ticks() {
      if (log) {
        List<Double> ticks = new ArrayList<>();
        double decades = Math.log10(high / low);
        for (double p = Math.pow(10, Math.floor(Math.log10(low))); p <= high; p *= 10) {
          for (double m : decades < 2 ? new double[] {1, 2, 5} : new double[] {1}) {
            if (m * p >= low && m * p <= high) {
              ticks.add(m * p);
            }
          }
        }
        return ticks.stream().mapToDouble(Double::doubleValue).toArray();
      }
      double raw = (high - low) / 5;
      double power = Math.pow(10, Math.floor(Math.log10(raw)));
      double step =
          DoubleStream.of(1, 2, 5, 10).map(m -> m * power).filter(s -> s >= raw).min().orElse(raw);
      return DoubleStream.iterate(Math.ceil(low / step) * step, t -> t <= high, t -> t + step)
          .map(t -> Math.abs(t) < step * 1e-9 ? 0 : t)
          .toArray();
    }
  }

  private final int width;
  private final int height;
  private final Axis x;
  private final Axis y;
  private final StringBuilder marks = new StringBuilder();

  Plot(int width, int height, Axis x, Axis y) {
    this.width = width;
    this.height = height;
    this.x = x;
    this.y = y;
  }

  private double left(double value) {
    return LEFT + (width - LEFT - RIGHT) * x.at(value);
  }

  private double top(double value) {
    return TOP + (height - TOP - BOTTOM) * (1 - y.at(value));
  }

  /** A point. */
  void dot(double atX, double atY, String style, String title) {
    marks.append(
        format(
            "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s</title></circle>%n",
            style, left(atX), top(atY), escape(title)));
  }

  /** A cross on the lower axis. */
  void cross(double atX, String title) {
    double left = left(atX);
    double top = height - BOTTOM;
    marks.append(
        format(
            "<path class=\"failed\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"><title>%s</title></path>%n",
            left - 4, top - 4, escape(title)));
  }

  /** A line through points; those that are not finite are left out. */
  void line(double[] atX, double[] atY, String style) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < atX.length; i++) {
      if (Double.isFinite(atX[i]) && Double.isFinite(atY[i])) {
        points.append(format("%.1f,%.1f ", left(atX[i]), top(atY[i])));
      }
    }
    marks.append(format("<polyline class=\"%s\" points=\"%s\"/>%n", style, points));
  }

  /** The chart with ticks where the axes want them. */
  String svg(String labelX, String labelY) {
    return svg(labelX, labelY, x.ticks());
  }

  /** The chart with ticks on its lower axis at whole numbers only. */
  String countedSvg(String labelX, String labelY) {
    return svg(labelX, labelY, Arrays.stream(x.ticks()).filter(t -> t == Math.rint(t)).toArray());
  }

  private String svg(String labelX, String labelY, double[] ticks) {
    return svg(
        labelX, labelY, ticks, Arrays.stream(ticks).mapToObj(Plot::number).toArray(String[]::new));
  }

  /** The chart with given ticks on its lower axis. */
  String svg(String labelX, String labelY, double[] ticks, String[] names) {
    StringBuilder svg =
        new StringBuilder(
            format(
                "<svg class=\"plot\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s by %s\">%n",
                width, height, escape(labelY), escape(labelX)));
    for (double tick : y.ticks()) {
      svg.append(
          format(
              "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
              LEFT, width - RIGHT, top(tick), top(tick), LEFT - 6, top(tick) + 4, number(tick)));
    }
    for (int i = 0; i < ticks.length; i++) {
      svg.append(
          format(
              "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                  + "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
              left(ticks[i]),
              left(ticks[i]),
              TOP,
              height - BOTTOM,
              left(ticks[i]),
              height - BOTTOM + 16,
              escape(names[i])));
    }
    svg.append(
        format(
            "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>"
                + "<text class=\"axis\" transform=\"translate(13 %d) rotate(-90)\""
                + " text-anchor=\"middle\">%s</text>%n",
            (LEFT + width - RIGHT) / 2,
            height - 8,
            escape(labelX),
            (TOP + height - BOTTOM) / 2,
            escape(labelY)));
    return svg.append(marks).append("</svg>\n").toString();
  }

  /** Four significant digits. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return "" + value;
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-3 || size >= 1e6)) {
      return format("%.2e", value).replaceFirst("\\.?0+e", "e");
    }
    return new BigDecimal(value, new MathContext(4)).stripTrailingZeros().toPlainString();
  }

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Text as it can stand in a page. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}

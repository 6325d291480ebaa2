package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.BaseNetworkSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.BooleanSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.util.LeafUtils;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A parameter space as a generator sees it: the unit cube, one coordinate for each leaf, with what
 * is known of how its values lie. A log scale needs nothing: the distribution of the leaf has
 * warped the cube.
 *
 * <p>Arbiter maps a coordinate u to an integer by the inverse cumulative distribution, to a value
 * of a list by floor(u*n), and to TRUE for u at most 0.5. A list of ascending or descending numbers
 * has an order, other lists have none. Integers from other than uniform distributions count as
 * continuous, since their cells differ in size; each has one place all the same.
 */
public final class SpaceModel {

  private static final int MOST_CELLS = 10_000;
  private static final double LEAST = 1e-9;
  private static final int BISECTIONS = 50;

  private final List<Dimension> dimensions = new ArrayList<>();
  private final List<ParameterSpace<?>> leaves = new ArrayList<>();
  private final Map<Integer, Map<Long, Double>> centres = new HashMap<>();

  /**
   * Looks at a space whose leaves have been given their indices, as a generator does.
   *
   * @param space the space
   * @throws IllegalArgumentException for null
   */
  @SuppressWarnings("rawtypes")
  public SpaceModel(ParameterSpace<?> space) {
    if (Require.given("space", space) instanceof ArmsSpace arms) {
      addAll(arms);
      return;
    }
    Map<ParameterSpace, String> names = new IdentityHashMap<>();
    name(space, "", names);
    List<ParameterSpace> unique = unique(space);
    int length = unique.stream().mapToInt(ParameterSpace::numParameters).sum();
    for (ParameterSpace<?> leaf : unique) {
      String name = names.getOrDefault(leaf, "parameter");
      int parameters = leaf.numParameters();
      for (int i = 0; i < parameters; i++) {
        leaves.add(leaf);
        dimensions.add(
            parameters == 1
                ? dimension(unused(name), leaf, length)
                : new Dimension(unused(name + "." + i), Dimension.Kind.CONTINUOUS, 0));
      }
    }
  }

  /**
   * The leaves, each once. One that stands at two places is two objects after JSON, which are equal
   * in all, their indices included; other leaves differ at least in these.
   */
  @SuppressWarnings("rawtypes")
  private static List<ParameterSpace> unique(ParameterSpace<?> space) {
    List<ParameterSpace> unique = new ArrayList<>();
    for (ParameterSpace leaf : LeafUtils.getUniqueObjects(space.collectLeaves())) {
      if (leaf.numParameters() > 0 && unique.stream().noneMatch(other -> equal(other, leaf))) {
        unique.add(leaf);
      }
    }
    return unique;
  }

  @SuppressWarnings("rawtypes")
  private static boolean equal(ParameterSpace one, ParameterSpace other) {
    try {
      return one.equals(other);
    } catch (UnsupportedOperationException e) {
      // Arbiter does not compare distributions that it does not know.
      return false;
    }
  }

  /** The choice of an arm, and behind it what the arms see, under their names. */
  private void addAll(ArmsSpace arms) {
    leaves.add(arms.choice());
    dimensions.add(new Dimension("arm", Dimension.Kind.CATEGORICAL, arms.choice().numValues()));
    arms.models()
        .forEach(
            (name, arm) -> {
              leaves.addAll(arm.leaves);
              for (Dimension d : arm.dimensions) {
                String path = d.name().isEmpty() ? name : name + "." + d.name();
                dimensions.add(new Dimension(path, d.kind(), d.cells()));
              }
            });
  }

  /** The name, numbered where another dimension has it. */
  private String unused(String name) {
    String candidate = name;
    for (int i = 2; has(candidate); i++) {
      candidate = name + " " + i;
    }
    return candidate;
  }

  private boolean has(String name) {
    return dimensions.stream().anyMatch(d -> d.name().equals(name));
  }

  private static Dimension dimension(String name, ParameterSpace<?> leaf, int length) {
    if (leaf instanceof BooleanSpace) {
      return new Dimension(name, Dimension.Kind.CATEGORICAL, 2);
    }
    if (leaf instanceof DiscreteParameterSpace<?> list) {
      int cells = list.numValues();
      return new Dimension(
          name,
          ordered(list, cells, length) ? Dimension.Kind.INTEGER : Dimension.Kind.CATEGORICAL,
          cells);
    }
    if (leaf instanceof IntegerParameterSpace range) {
      long cells = (long) range.getMax() - range.getMin() + 1;
      boolean equal = cells <= MOST_CELLS;
      for (int i = 0; equal && i < cells; i++) {
        equal = at(range, (i + 0.5) / cells, length) == range.getMin() + i;
      }
      return equal
          ? new Dimension(name, Dimension.Kind.INTEGER, (int) cells)
          : new Dimension(name, Dimension.Kind.CONTINUOUS, 0);
    }
    return new Dimension(name, Dimension.Kind.CONTINUOUS, 0);
  }

  private static boolean ordered(DiscreteParameterSpace<?> list, int cells, int length) {
    boolean up = true;
    boolean down = true;
    double last = Double.NaN;
    for (int i = 0; i < cells; i++) {
      if (!(at(list, (i + 0.5) / cells, length) instanceof Number number)) {
        return false;
      }
      up &= i == 0 || number.doubleValue() > last;
      down &= i == 0 || number.doubleValue() < last;
      last = number.doubleValue();
    }
    return up || down;
  }

  /** The value of a leaf at a coordinate, whatever its index. */
  private static <T> T at(ParameterSpace<T> leaf, double u, int length) {
    double[] all = new double[length];
    Arrays.fill(all, u);
    return leaf.getValue(all);
  }

  @SuppressWarnings("rawtypes")
  private static void name(
      ParameterSpace<?> space, String path, Map<ParameterSpace, String> names) {
    if (space.isLeaf()) {
      names.putIfAbsent(space, path);
      return;
    }
    Map<String, ParameterSpace> nested = space.getNestedSpaces();
    nested.forEach((name, inner) -> name(inner, path.isEmpty() ? name : path + "." + name, names));
    if (space instanceof BaseNetworkSpace<?> network) {
      int i = 0;
      for (BaseNetworkSpace.LayerConf layer : network.getLayerSpaces()) {
        String at = layer.getLayerName() == null ? "layer" + i : layer.getLayerName();
        name(layer.getNumLayers(), at + ".numLayers", names);
        name(layer.getLayerSpace(), at, names);
        i++;
      }
    }
  }

  /**
   * The coordinates.
   *
   * @return in the order of a candidate's flat parameters
   */
  public List<Dimension> dimensions() {
    return List.copyOf(dimensions);
  }

  /**
   * Number of coordinates.
   *
   * @return the length of a candidate's flat parameters
   */
  public int size() {
    return dimensions.size();
  }

  /** At how many evenly spread places a coordinate is looked at: all of a list, some of others. */
  int levels(int dimension, int integers, int continuous) {
    Dimension d = dimensions.get(dimension);
    boolean listed = leaves.get(dimension) instanceof DiscreteParameterSpace;
    return switch (d.kind()) {
      case CATEGORICAL -> d.cells();
      case INTEGER -> listed ? d.cells() : Math.min(d.cells(), integers);
      case CONTINUOUS -> continuous;
    };
  }

  /**
   * What a coordinate stands for.
   *
   * @param dimension its number
   * @param u coordinate in [0, 1]
   * @return the value of the leaf
   */
  public Object value(int dimension, double u) {
    return at(leaves.get(dimension), u, size());
  }

  /**
   * The point that stands for all that give the same configuration.
   *
   * @param point coordinates in [0, 1]; clamped to it
   * @return a new array
   * @throws IllegalArgumentException for another length or a coordinate that is NaN
   */
  public double[] snap(double[] point) {
    if (point.length != size()) {
      throw new IllegalArgumentException(
          "A point has " + point.length + " coordinates, the space " + size());
    }
    double[] snapped = new double[point.length];
    for (int i = 0; i < point.length; i++) {
      if (Double.isNaN(point[i])) {
        throw new IllegalArgumentException("Coordinate " + i + " of a point is NaN");
      }
      snapped[i] = dimensions.get(i).snap(Math.min(Math.max(point[i], 0), 1));
      if (leaves.get(i) instanceof IntegerParameterSpace && dimensions.get(i).cells() == 0) {
        snapped[i] = centre(i, snapped[i]);
      }
    }
    return snapped;
  }

  /** The middle of the interval of an integer, whose cells differ in size. */
  private double centre(int dimension, double u) {
    long number = number(dimension, u);
    Map<Long, Double> known = centres.computeIfAbsent(dimension, d -> new HashMap<>());
    Double centre = known.get(number);
    if (centre == null) {
      centre = (edge(dimension, number) + edge(dimension, number + 1)) / 2;
      if (known.size() < MOST_CELLS) {
        known.put(number, centre);
      }
    }
    // An interval far out in a tail may be too short to hit.
    return number(dimension, centre) == number ? centre : u;
  }

  /** Where the numbers from this one on begin. */
  private double edge(int dimension, long number) {
    double low = LEAST;
    double high = 1 - LEAST;
    if (number(dimension, low) >= number) {
      return low;
    }
    for (int i = 0; i < BISECTIONS; i++) {
      double middle = (low + high) / 2;
      if (number(dimension, middle) >= number) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high;
  }

  private long number(int dimension, double u) {
    return ((Number) value(dimension, u)).longValue();
  }
}

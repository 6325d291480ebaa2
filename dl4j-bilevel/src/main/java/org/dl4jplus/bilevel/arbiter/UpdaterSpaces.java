package org.dl4jplus.bilevel.arbiter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Spaces of updaters, for {@code MultiLayerSpace.Builder.updater} and its like:
 *
 * <pre>{@code
 * ParameterSpace<Double> rate = new ContinuousParameterSpace(new LogUniformDistribution(1e-4, 1e-1));
 * UpdaterSpaces.adam(rate)
 * UpdaterSpaces.of(new Lion()).with("learningRate", rate).with("weightDecay", decay)
 * UpdaterSpaces.oneOf(UpdaterSpaces.adam(rate), UpdaterSpaces.of(new Soap()).with("learningRate", rate))
 * }</pre>
 *
 * <p>Methods that are listeners on a network, most second-order ones, have a {@link ListenerSpace}.
 *
 * <p>What is not searched keeps the updater's default. Arbiter's own {@code AdamSpace}, {@code
 * NadamSpace} and {@code AdaMaxSpace} do not: with the learning rate alone they train with beta1,
 * beta2 and epsilon of 0.001.
 */
public final class UpdaterSpaces {

  private UpdaterSpaces() {}

  /**
   * A space around any updater; {@link UpdaterSpace#with} says what is to be chosen.
   *
   * @param prototype gives the values that are not chosen
   * @return a space with nothing to choose yet
   */
  public static UpdaterSpace of(IUpdater prototype) {
    return UpdaterSpace.of(prototype);
  }

  /**
   * A choice between updaters.
   *
   * @param spaces at least one; each is called by its updater's class, numbered where there are
   *     several
   * @return their union
   * @throws IllegalArgumentException for none
   */
  public static ChoiceSpace<IUpdater> oneOf(UpdaterSpace... spaces) {
    return new ChoiceSpace<>(named(List.of(Require.given("spaces", spaces))));
  }

  /**
   * A choice between updaters whose learning rates are their own ones times a common factor: two
   * dimensions, however many there are. Rates of different methods differ by orders of magnitude,
   * so a common rate would compare nothing.
   *
   * <pre>{@code
   * UpdaterSpaces.scaled(
   *     new ContinuousParameterSpace(new LogUniformDistribution(0.1, 10)),
   *     new Adam(1e-2), new Lion(1e-3), new Muon(2e-2))
   * }</pre>
   *
   * @param factor space of the factor
   * @param prototypes at least one, each with a rate that suits it
   * @return their union, whose factor is one dimension
   * @throws IllegalArgumentException for an updater without a learning rate that is a number
   */
  public static ChoiceSpace<IUpdater> scaled(
      ParameterSpace<Double> factor, IUpdater... prototypes) {
    List<UpdaterSpace> spaces = new ArrayList<>();
    Require.given("factor", factor);
    for (IUpdater prototype : Require.given("prototypes", prototypes)) {
      UpdaterSpace space = of(prototype);
      String path = space.ratePath();
      spaces.add(space.with(path, new ScaledSpace(space.rate(path), factor)));
    }
    return new ChoiceSpace<>(named(spaces), Map.of("factor", factor));
  }

  private static Map<String, UpdaterSpace> named(List<UpdaterSpace> spaces) {
    Map<String, UpdaterSpace> options = new LinkedHashMap<>();
    for (UpdaterSpace space : spaces) {
      String name = space.name();
      for (int i = 2; options.containsKey(name); i++) {
        name = space.name() + " " + i;
      }
      options.put(name, space);
    }
    return options;
  }

  private static UpdaterSpace rated(IUpdater prototype, ParameterSpace<Double> learningRate) {
    return of(prototype).with("learningRate", learningRate);
  }

  /**
   * AdaDelta with rho 0.95 and epsilon 1e-6; it has no learning rate.
   *
   * @param rho space of its decay
   * @return the space
   */
  public static UpdaterSpace adaDelta(ParameterSpace<Double> rho) {
    return of(new AdaDelta()).with("rho", rho);
  }

  /**
   * Adam, beta1 0.9, beta2 0.999, epsilon 1e-8.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace adam(ParameterSpace<Double> learningRate) {
    return rated(new Adam(), learningRate);
  }

  /**
   * Nadam, beta1 0.9, beta2 0.999, epsilon 1e-8.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace nadam(ParameterSpace<Double> learningRate) {
    return rated(new Nadam(), learningRate);
  }

  /**
   * AdaMax, beta1 0.9, beta2 0.999, epsilon 1e-8.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace adaMax(ParameterSpace<Double> learningRate) {
    return rated(new AdaMax(), learningRate);
  }

  /**
   * AMSGrad, beta1 0.9, beta2 0.999, epsilon 1e-8.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace amsGrad(ParameterSpace<Double> learningRate) {
    return rated(new AMSGrad(), learningRate);
  }

  /**
   * AdaBelief, beta1 0.9, beta2 0.999, epsilon 1e-14.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace adaBelief(ParameterSpace<Double> learningRate) {
    return rated(new AdaBelief(), learningRate);
  }

  /**
   * AdaGrad, epsilon 1e-6.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace adaGrad(ParameterSpace<Double> learningRate) {
    return rated(new AdaGrad(), learningRate);
  }

  /**
   * RmsProp, decay 0.95, epsilon 1e-8.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace rmsProp(ParameterSpace<Double> learningRate) {
    return rated(new RmsProp(), learningRate);
  }

  /**
   * Nesterovs, momentum 0.9.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace nesterovs(ParameterSpace<Double> learningRate) {
    return rated(new Nesterovs(), learningRate);
  }

  /**
   * Sgd, nothing else to set.
   *
   * @param learningRate space of the learning rate
   * @return the space
   */
  public static UpdaterSpace sgd(ParameterSpace<Double> learningRate) {
    return rated(new Sgd(), learningRate);
  }
}

package org.dl4jplus.integration.quickstart;

public final class Quickstart {
  public static void main(String[] args) {
    long t0 = System.nanoTime();
    Training training = new Training();
    System.out.println(training.description() + " " + (System.nanoTime() - t0) / 1e9);
    for (int k = 0; k < 2; k++)
      for (Method m : Methods.all(training.steps()))
        for (double r : m.rates()) {
          long s = System.nanoTime();
          Outcome o = training.outcome(m, r);
          System.out.printf(
              "%s %s %s %.5f %.3f %.3f  %.2f%n",
              m.name(),
              r,
              o.epochsToTarget(),
              o.finalLoss(),
              o.accuracy(),
              o.seconds(),
              (System.nanoTime() - s) / 1e9);
        }
  }
}

package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.privacy.accounting.Releases.ADD_REMOVE;
import static org.dl4jplus.privacy.accounting.Releases.gaussian;
import static org.dl4jplus.privacy.accounting.Releases.poisson;
import static org.dl4jplus.privacy.accounting.Releases.subset;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Gaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PoissonGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.dl4jplus.privacy.accounting.PrivacyEvent.RdpCurve;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Tree;
import org.dl4jplus.privacy.accounting.PrivacyEvent.WithoutReplacementGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.ZCdp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class PrivacyLedgerTest {

  private static final Set<Neighbours> ALL = EnumSet.allOf(Neighbours.class);

  @Test
  void survivesJson() throws IOException {
    Set<Neighbours> both = EnumSet.of(Neighbours.REPLACE_ONE, Neighbours.REPLACE_ZERO);
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.REPLACE_ONE);
    ledger.add(new Gaussian(1.5, both), 3);
    ledger.add(subset(100, 7, 0.1), 1L << 40);
    ledger.add(new Laplace(2, ALL), 1);
    ledger.add(new PureDp(0.3, ALL), 2);
    ledger.add(new ZCdp(0.05, ALL), 1);
    ledger.add(new Tree(4, 9, both), 1);
    double[] values = {0.1, Double.POSITIVE_INFINITY};
    ledger.add(new RdpCurve(new double[] {1.5, 8}, values, ALL), 4);
    for (ObjectMapper mapper :
        new ObjectMapper[] {new ObjectMapper(), NeuralNetConfiguration.mapper()}) {
      String json = mapper.writeValueAsString(ledger);
      PrivacyLedger read = mapper.readValue(json, PrivacyLedger.class);
      assertEquals(ledger.entries(), read.entries());
      assertEquals(ledger.neighbours(), read.neighbours());
      assertEquals(json, mapper.writeValueAsString(read));
    }
    PrivacyLedger poisson = new PrivacyLedger(Neighbours.ADD_REMOVE);
    poisson.add(poisson(0.01, 1), 5);
    String json = new ObjectMapper().writeValueAsString(poisson);
    assertEquals(
        poisson.entries(), new ObjectMapper().readValue(json, PrivacyLedger.class).entries());
  }

  @Test
  void jsonIsCheckedLikeAnyOther() throws IOException {
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.ADD_REMOVE);
    ledger.add(poisson(0.25, 1), 5);
    String json = new ObjectMapper().writeValueAsString(ledger);
    for (String changed :
        List.of(
            json.replace("0.25", "2"),
            json.replace("\"count\":5", "\"count\":-5"),
            json.replace("\"neighbours\":\"ADD_REMOVE\"", "\"neighbours\":\"REPLACE_ONE\""),
            json.replace("\"neighbours\":\"ADD_REMOVE\",", ""))) {
      assertNotEquals(json, changed);
      assertThrows(
          IOException.class, () -> new ObjectMapper().readValue(changed, PrivacyLedger.class));
    }
  }

  @Test
  void theSameReleaseAgainRaisesItsCount() {
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.ADD_REMOVE);
    ledger.add(poisson(0.1, 1), 2);
    ledger.add(poisson(0.1, 1), 3);
    ledger.add(gaussian(1), 0);
    ledger.add(gaussian(1), 1);
    ledger.add(poisson(0.1, 1), 1);
    assertEquals(
        List.of(
            new PrivacyLedger.Entry(poisson(0.1, 1), 5),
            new PrivacyLedger.Entry(gaussian(1), 1),
            new PrivacyLedger.Entry(poisson(0.1, 1), 1)),
        ledger.entries());
    PrivacyLedger copy = ledger.copy();
    copy.add(gaussian(3), 1);
    assertEquals(3, ledger.entries().size());
    assertThrows(ArithmeticException.class, () -> ledger.add(poisson(0.1, 1), Long.MAX_VALUE));
    assertThrows(IllegalArgumentException.class, () -> ledger.add(null, 1));
    assertThrows(IllegalArgumentException.class, () -> new PrivacyLedger(null));
  }

  @Test
  void curvesAreValues() {
    double[] orders = {2, 4};
    double[] values = {0.1, 0.3};
    RdpCurve curve = new RdpCurve(orders, values, ADD_REMOVE);
    RdpCurve same = new RdpCurve(orders.clone(), values.clone(), ADD_REMOVE);
    values[0] = 0;
    curve.orders()[0] = 7;
    curve.values()[1] = 0;
    assertEquals(same, curve);
    assertEquals(same.hashCode(), curve.hashCode());
    assertEquals(same.toString(), curve.toString());
    assertNotEquals(new RdpCurve(orders, values, ADD_REMOVE), curve);
    assertNotEquals(new RdpCurve(orders, curve.values(), ALL), curve);
  }

  @Test
  void relationsAreCopied() {
    EnumSet<Neighbours> relations = EnumSet.of(Neighbours.ADD_REMOVE);
    Gaussian event = new Gaussian(1, relations);
    relations.add(Neighbours.REPLACE_ONE);
    assertEquals(ADD_REMOVE, event.relations());
    assertThrows(
        UnsupportedOperationException.class, () -> event.relations().add(Neighbours.REPLACE_ONE));
  }

  @Test
  void badEvents() {
    Set<Neighbours> one = EnumSet.of(Neighbours.REPLACE_ONE);
    double nan = Double.NaN;
    double infinity = Double.POSITIVE_INFINITY;
    Executable[] bad = {
      () -> new Gaussian(-1, ALL),
      () -> new Gaussian(nan, ALL),
      () -> new Gaussian(1, null),
      () -> new Gaussian(1, Set.of()),
      () -> new PoissonGaussian(-0.1, 1, ADD_REMOVE),
      () -> new PoissonGaussian(1.1, 1, ADD_REMOVE),
      () -> new PoissonGaussian(nan, 1, ADD_REMOVE),
      () -> new PoissonGaussian(0.1, infinity, ADD_REMOVE),
      () -> new PoissonGaussian(0.1, 1, one),
      () -> new PoissonGaussian(0.1, 1, ALL),
      () -> new WithoutReplacementGaussian(0, 0, 1, one),
      () -> new WithoutReplacementGaussian(5, 6, 1, one),
      () -> new WithoutReplacementGaussian(5, -1, 1, one),
      () -> new WithoutReplacementGaussian(5, 2, 1, ADD_REMOVE),
      () -> new Laplace(-1, ALL),
      () -> new PureDp(infinity, ALL),
      () -> new ZCdp(nan, ALL),
      () -> new Tree(1, 0, one),
      () -> new Tree(-1, 1, one),
      () -> new Tree(1, 1, ADD_REMOVE),
      () -> new RdpCurve(new double[] {}, new double[] {}, ALL),
      () -> new RdpCurve(new double[] {2}, new double[] {1, 2}, ALL),
      () -> new RdpCurve(new double[] {1}, new double[] {1}, ALL),
      () -> new RdpCurve(new double[] {3, 2}, new double[] {1, 2}, ALL),
      () -> new RdpCurve(new double[] {2}, new double[] {-1}, ALL),
      () -> new RdpCurve(new double[] {2}, new double[] {nan}, ALL),
    };
    for (Executable event : bad) {
      assertThrows(IllegalArgumentException.class, event);
    }
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.REPLACE_ONE);
    assertThrows(IllegalArgumentException.class, () -> ledger.add(gaussian(1), 1));
  }
}

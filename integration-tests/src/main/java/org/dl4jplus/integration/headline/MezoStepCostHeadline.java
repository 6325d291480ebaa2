package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.MeZO;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What a step of MeZO costs beside a forward pass, on dense networks of the usual kinds. */
final class MezoStepCostHeadline implements Headline {

  private static final int WARM_UP = 100;
  private static final int ROUNDS = 101;

  @Override
  public String name() {
    return "mezo-step-cost";
  }

  @Override
  public List<Row> measure() {
    return List.of(
        row(2.6, 256, 64, 128, 128),
        row(2.6, 256, 64, 512, 512, 512),
        row(3.4, 64, 784, 512, 512),
        row(3.4, 128, 784, 1024, 1024));
  }

  private static Row row(double bar, int batch, int inputs, int... widths) {
    MultiLayerNetwork plain = TimedNetworks.dense(new Sgd(0.01), inputs, widths);
    MultiLayerNetwork trained = TimedNetworks.dense(new Sgd(0.01), inputs, widths);
    ZerothOrder.attach(trained, new MeZO(1e-4));
    DataSet data = new DataSet(Nd4j.rand(DataType.FLOAT, batch, inputs), Digits.anyLabels(batch));
    Turns turns = Turns.of(WARM_UP, ROUNDS, () -> plain.score(data), () -> trained.fit(data));
    return Row.ratio(
        "median seconds, network "
            + inputs
            + "-"
            + String.join("-", Arrays.stream(widths).mapToObj(Integer::toString).toList())
            + "-10, batch "
            + batch,
        "forward pass",
        turns.first(),
        "MeZO step",
        turns.second(),
        Bar.atMost(bar));
  }
}

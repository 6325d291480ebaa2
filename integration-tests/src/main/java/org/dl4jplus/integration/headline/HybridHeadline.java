package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.LUDecomposition;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.second.Fosi;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/** FOSI around heavy-ball momentum, on logistic regression whose columns differ in scale. */
final class HybridHeadline implements Headline {

  private static final int STEPS = 200;
  private static final double L2 = 1e-3;
  private static final double[] RATES = {0.01, 0.03, 0.1, 0.3};

  @Override
  public String name() {
    return "hybrid";
  }

  @Override
  public List<Row> measure() {
    DataSet data = data();
    double lowest = lowest(data);
    List<Row> rows = new ArrayList<>();
    for (double rate : RATES) {
      rows.add(
          Row.ratio(
              String.format(
                  Locale.ROOT, "loss above its minimum after %d steps of rate %s", STEPS, rate),
              "heavy ball",
              run(data, rate, false) - lowest,
              "FOSI around it",
              run(data, rate, true) - lowest,
              Bar.atMost(0.7)));
    }
    return rows;
  }

  private static DataSet data() {
    DataSet data = BundledData.breastCancer();
    NormalizerStandardize standard = new NormalizerStandardize();
    standard.fit(data);
    standard.transform(data);
    INDArray features = data.getFeatures().castTo(DataType.DOUBLE);
    INDArray scales =
        Nd4j.linspace(DataType.DOUBLE, -2, 4.0 / (features.columns() - 1), features.columns());
    features.muliRowVector(Transforms.exp(scales));
    INDArray labels =
        data.getLabels()
            .get(NDArrayIndex.all(), NDArrayIndex.interval(1, 2))
            .castTo(DataType.DOUBLE);
    return new DataSet(features, labels);
  }

  private static MultiLayerNetwork network(DataSet data, IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .l2(L2)
                .weightInit(WeightInit.ZERO)
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.XENT)
                        .nIn(data.getFeatures().columns())
                        .nOut(1)
                        .activation(Activation.SIGMOID)
                        .build())
                .build());
    network.init();
    return network;
  }

  private static double run(DataSet data, double rate, boolean fosi) {
    MultiLayerNetwork network =
        network(data, HeavyBall.builder().learningRate(rate).momentum(0.9).build());
    if (fosi) {
      network.setListeners(Fosi.builder().largestEigenvalues(5).eigenUpdateFrequency(20).build());
    }
    for (int i = 0; i < STEPS; i++) {
      network.fit(data);
    }
    return network.score(data);
  }

  /** The loss that Newton's method finds. */
  private static double lowest(DataSet data) {
    INDArray x = data.getFeatures();
    INDArray y = data.getLabels();
    double n = x.rows();
    INDArray inputs = Nd4j.hstack(x, Nd4j.ones(DataType.DOUBLE, x.rows(), 1));
    INDArray penalty = Nd4j.valueArrayOf(new long[] {inputs.columns(), 1}, L2, DataType.DOUBLE);
    // The bias has none.
    penalty.putScalar(x.columns(), 0, 0);
    INDArray w = penalty.ulike();
    for (int i = 0; i < 30; i++) {
      INDArray p = Transforms.sigmoid(inputs.mmul(w));
      INDArray gradient = inputs.transpose().mmul(p.sub(y)).divi(n).addi(penalty.mul(w));
      INDArray bent = inputs.mulColumnVector(p.mul(p.rsub(1)));
      INDArray hessian = inputs.transpose().mmul(bent).divi(n).addi(Nd4j.diag(penalty));
      double[] step =
          new LUDecomposition(new Array2DRowRealMatrix(hessian.toDoubleMatrix()))
              .getSolver()
              .solve(new ArrayRealVector(gradient.reshape(gradient.length()).toDoubleVector()))
              .toArray();
      w.subi(Nd4j.createFromArray(step).reshape(step.length, 1));
    }
    MultiLayerNetwork network = network(data, new Sgd(0));
    network.setParams(w.reshape(w.length()));
    return network.score(data);
  }
}

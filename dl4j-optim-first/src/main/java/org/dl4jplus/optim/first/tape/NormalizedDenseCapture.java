package org.dl4jplus.optim.first.tape;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;

/**
 * A dense layer that normalizes input times weight, row by row, before gain and bias:
 *
 * <pre>{@code
 * u = a W,  x = (u - mean(u)) / std(u),  z = gain x + bias
 * D = gradient at z:  bias D, gain D x,
 * at u: (gD - mean(gD) - x mean(gD x)) / std(u)  with gD = gain D
 * }</pre>
 */
final class NormalizedDenseCapture extends DenseCapture {

  NormalizedDenseCapture(Site site) {
    super(site);
  }

  @Override
  LayerRecord record(int examples) {
    INDArray w = site.layer().getParam(DefaultParamInitializer.WEIGHT_KEY);
    INDArray gain = site.layer().getParam(DefaultParamInitializer.GAIN_KEY);
    INDArray u = inputs.mmul(w);
    u.subiColumnVector(u.mean(true, 1));
    INDArray std = u.norm2(true, 1).divi(Math.sqrt(u.size(1)));
    // A constant row, as of a zero input, has no direction and no error: the platform makes it 0.
    BooleanIndexing.replaceWhere(std, Double.POSITIVE_INFINITY, Conditions.equals(0));
    INDArray x = u.divColumnVector(std).dup('c');
    INDArray scaled = errors.mulRowVector(gain).dup('c');
    INDArray mean = scaled.mean(true, 1);
    INDArray along = scaled.mul(x).mean(true, 1);
    INDArray delta =
        scaled.subiColumnVector(mean).subi(x.mulColumnVector(along)).diviColumnVector(std).dup('c');
    long width = inputs.size(1);
    long outputs = errors.size(1);
    LinearRecord weight =
        new LinearRecord(
            site.name(),
            examples,
            Masks.rows(mask, examples),
            () -> Rows.byExample(inputs, examples, width),
            Rows.byExample(delta, examples, outputs),
            WeightLayout.of(site.offset(DefaultParamInitializer.WEIGHT_KEY), width, -1, outputs),
            site.memory("scaled"));
    List<VectorPart> vectors = new ArrayList<>();
    vectors.add(part(DefaultParamInitializer.GAIN_KEY, x.muli(errors), examples));
    if (site.offset(DefaultParamInitializer.BIAS_KEY) >= 0) {
      vectors.add(part(DefaultParamInitializer.BIAS_KEY, errors, examples));
    }
    return new CompositeRecord(weight, vectors);
  }

  private VectorPart part(String key, INDArray rows, int examples) {
    return VectorPart.of(site.offset(key), Rows.byExample(rows, examples, rows.size(1)), examples);
  }
}

package org.dl4jplus.optim.zeroth.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.zeroth.OneByte;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * A network as an executor gets it that has none. It travels as bytes: whatever Spark's serializer
 * is, it takes them.
 *
 * @param config of the run
 * @param network with the parameters before round {@code version}
 * @param version number of the round
 */
record NetworkSnapshot(OneByte config, Model network, int version) {

  private static final ObjectMapper JSON = new ObjectMapper();

  byte[] toBytes() {
    INDArray parameters = ModelAccess.of(network).parameters();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(JSON.writeValueAsString(config));
      out.writeObject(
          network instanceof ComputationGraph graph
              ? graph.getConfiguration().toJson()
              : ((MultiLayerNetwork) network).getLayerWiseConfigurations().toJson());
      out.writeBoolean(network instanceof ComputationGraph);
      out.writeObject(
          parameters.dataType() == DataType.FLOAT
              ? parameters.toFloatVector()
              : parameters.toDoubleVector());
      out.writeInt(version);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static NetworkSnapshot fromBytes(byte[] bytes) {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      OneByte config = JSON.readValue((String) in.readObject(), OneByte.class);
      String json = (String) in.readObject();
      Model network;
      if (in.readBoolean()) {
        ComputationGraph graph = new ComputationGraph(ComputationGraphConfiguration.fromJson(json));
        graph.init();
        network = graph;
      } else {
        MultiLayerNetwork layers = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
        layers.init();
        network = layers;
      }
      Object values = in.readObject();
      ModelAccess.of(network)
          .parameters()
          .assign(
              values instanceof float[] floats
                  ? Nd4j.createFromArray(floats)
                  : Nd4j.createFromArray((double[]) values));
      return new NetworkSnapshot(config, network, in.readInt());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("The class path of the executors lacks a class", e);
    }
  }
}

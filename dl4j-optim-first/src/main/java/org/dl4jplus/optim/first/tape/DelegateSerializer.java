package org.dl4jplus.optim.first.tape;

import java.io.IOException;
import org.nd4j.shade.jackson.core.JsonGenerator;
import org.nd4j.shade.jackson.databind.JsonSerializer;
import org.nd4j.shade.jackson.databind.SerializerProvider;
import org.nd4j.shade.jackson.databind.jsontype.TypeSerializer;

/**
 * Writes the user's activation or loss in the place of the wrapper: another thread may write a
 * configuration during a recorded pass, as ParallelWrapper does to copy the network.
 */
final class DelegateSerializer extends JsonSerializer<DelegateSerializer.Wrapper> {

  /** What stands in front of a user's object. */
  interface Wrapper {

    /** The user's object. */
    Object getDelegate();
  }

  @Override
  public void serialize(Wrapper value, JsonGenerator out, SerializerProvider provider)
      throws IOException {
    Object delegate = value.getDelegate();
    provider
        .findTypedValueSerializer(delegate.getClass(), true, null)
        .serialize(delegate, out, provider);
  }

  @Override
  public void serializeWithType(
      Wrapper value, JsonGenerator out, SerializerProvider provider, TypeSerializer types)
      throws IOException {
    Object delegate = value.getDelegate();
    provider
        .findValueSerializer(delegate.getClass())
        .serializeWithType(delegate, out, provider, types);
  }
}

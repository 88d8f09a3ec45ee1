package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** A window, by its start in Unix seconds, and a category. */
record Pane(long start, String category) {
  static Serde<Pane> serde() {
    return Serdes.serdeFrom((topic, p) -> p.bytes(), (topic, b) -> of(b));
  }

  private static Pane of(byte[] b) {
    return new Pane(ByteBuffer.wrap(b).getLong(), new String(b, Long.BYTES, b.length - Long.BYTES, StandardCharsets.UTF_8));
  }

  private byte[] bytes() {
    byte[] name = category.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + name.length).putLong(start).put(name).array();
  }
}

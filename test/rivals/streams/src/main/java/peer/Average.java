package peer;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What is held of one window and category. */
record Average(long count, double sum) {
  static final Average NONE = new Average(0, 0);

  Average plus(double value) {
    return new Average(count + 1, sum + value);
  }

  Average plus(Average other) {
    return new Average(count + other.count, sum + other.sum);
  }

  double mean() {
    return sum / count;
  }

  static Serde<Average> serde() {
    return Serdes.serdeFrom((topic, a) -> a == null ? null : a.bytes(), (topic, b) -> b == null ? null : of(b));
  }

  static Average of(byte[] b) {
    ByteBuffer in = ByteBuffer.wrap(b);
    return new Average(in.getLong(), in.getDouble());
  }

  private byte[] bytes() {
    return ByteBuffer.allocate(16).putLong(count).putDouble(sum).array();
  }
}

package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The average of a category in the window that starts then, in Unix milliseconds, or in a part of it. */
public record Average(String category, long start, long count, double sum) {
  static Average of(ConsumerRecord<byte[], byte[]> r) {
    ByteBuffer value = ByteBuffer.wrap(r.value());
    int category = r.key().length - Long.BYTES;
    return new Average(new String(r.key(), 0, category, StandardCharsets.UTF_8), ByteBuffer.wrap(r.key()).getLong(category), value.getLong(), value.getDouble());
  }

  /** The key is the category and the start, the value the count and the sum. */
  ProducerRecord<byte[], byte[]> record(String topic) {
    byte[] name = category.getBytes(StandardCharsets.UTF_8);
    byte[] key = ByteBuffer.allocate(name.length + Long.BYTES).put(name).putLong(start).array();
    return new ProducerRecord<>(topic, key, ByteBuffer.allocate(Long.BYTES + Double.BYTES).putLong(count).putDouble(sum).array());
  }

  /** Categories go out as they came in, escaped or not. */
  String json() {
    return "{\"Start\":" + start / 1000 + ",\"Category\":\"" + category + "\",\"Count\":" + count + ",\"Mean\":" + sum / count + "}";
  }
}

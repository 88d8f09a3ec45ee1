package peer;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** What a read_committed consumer sees: an average is published whenever it has changed, and the last one counts. */
final class Results implements AutoCloseable {
  private final Map<Windowed<String>, Average> last = new HashMap<>();
  private final Deserializer<Windowed<String>> keys = WindowedSerdes.timeWindowedSerdeFrom(String.class, Job.WINDOW.toMillis()).deserializer();
  private final KafkaConsumer<byte[], byte[]> consumer;
  private long counted;

  Results(String broker, String topic) {
    Map<String, Object> settings = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, broker, ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> all = consumer.partitionsFor(topic).stream().map(i -> new TopicPartition(topic, i.partition())).collect(Collectors.toList());
    consumer.assign(all);
    consumer.seekToBeginning(all);
  }

  /** Waits a little for more results; how many records all of them account for. */
  long counted() {
    consumer.poll(Duration.ofMillis(100)).forEach(r -> {
      Average now = Average.of(r.value());
      Average before = last.put(keys.deserialize(r.topic(), r.key()), now);
      counted += now.count() - (before == null ? 0 : before.count());
    });
    return counted;
  }

  /** The answer that the bench checks. Categories go out as they came in, escaped or not. */
  String json(long records) {
    return last.entrySet().stream()
        .map(e -> "{\"Start\":" + e.getKey().window().start() / 1000 + ",\"Category\":\"" + e.getKey().key() + "\",\"Count\":" + e.getValue().count() + ",\"Mean\":" + e.getValue().mean() + "}")
        .collect(Collectors.joining(",", "{\"Records\":" + records + ",\"Means\":[", "]}"));
  }

  @Override
  public void close() {
    consumer.close();
  }
}

package peer;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What is to be had from Kafka once the job is done. */
final class Results {
  private static final long PATIENCE = 30_000_000_000L; // nanoseconds

  private Results() {}

  /** How many records a topic has. */
  static long records(String broker, String topic) {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(broker, "read_uncommitted")) {
      return ends(consumer, topic).values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** What a read_committed consumer sees: every window is published once, so each result is part of the answer. */
  static String json(String broker, String topic, long records) {
    Map<TopicPartition, Long> ends;
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(broker, "read_uncommitted")) {
      ends = ends(consumer, topic);
    }
    StringJoiner means = new StringJoiner(",", "{\"Records\":" + records + ",\"Means\":[", "]}");
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(broker, "read_committed")) {
      consumer.assign(ends.keySet());
      consumer.seekToBeginning(ends.keySet());
      // The job's last transactions are committed, but their ends may not be in the topic yet.
      for (long began = System.nanoTime(); ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue());) {
        if (System.nanoTime() - began > PATIENCE) {
          throw new IllegalStateException("results stay uncommitted");
        }
        consumer.poll(Duration.ofMillis(100)).forEach(r -> means.add(Average.of(r).json()));
      }
    }
    return means.toString();
  }

  private static Map<TopicPartition, Long> ends(KafkaConsumer<byte[], byte[]> consumer, String topic) {
    List<TopicPartition> all = consumer.partitionsFor(topic).stream().map(i -> new TopicPartition(topic, i.partition())).collect(Collectors.toList());
    return consumer.endOffsets(all);
  }

  private static KafkaConsumer<byte[], byte[]> consumer(String broker, String isolation) {
    Map<String, Object> settings = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, broker, ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}

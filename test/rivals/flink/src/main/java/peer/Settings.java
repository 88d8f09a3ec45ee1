package peer;

import java.time.Duration;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.KafkaSourceOptions;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** The cluster in this process, and the connectors, tuned for throughput as far as exactly once goes. */
final class Settings {
  /** Of the topic of records: more tasks than these have nothing to do, and more than processors cost a tenth to a fifth. */
  private static final int PARTITIONS = 4;

  private Settings() {}

  /** A checkpoint a second, as ours has a transaction a second. */
  static StreamExecutionEnvironment cluster(String stateFolder) {
    return cluster(stateFolder, Duration.ofSeconds(1), new Configuration());
  }

  /**
   * Tuned for latency: nothing waits for company, and a checkpoint comes about as often as Kafka Streams commits by default.
   * Not every 100 ms, for then all windows of a second would end at the same distance from the next checkpoint.
   */
  static StreamExecutionEnvironment live(String stateFolder) {
    Configuration c = new Configuration();
    c.set(ExecutionOptions.BUFFER_TIMEOUT, Duration.ZERO);
    c.set(PipelineOptions.AUTO_WATERMARK_INTERVAL, Duration.ofMillis(10));
    return cluster(stateFolder, Duration.ofMillis(99), c);
  }

  /** Exactly once is the default of checkpoints; they go to disk, for those in memory would not survive a crash. */
  private static StreamExecutionEnvironment cluster(String stateFolder, Duration checkpoints, Configuration c) {
    c.set(PipelineOptions.OBJECT_REUSE, true);
    c.set(PipelineOptions.GENERIC_TYPES, false); // an error where a type would need Kryo
    c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, checkpoints);
    c.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + stateFolder);
    c.set(RestartStrategyOptions.RESTART_STRATEGY, "disable"); // a failure shall be seen
    c.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ZERO); // state is on the heap
    return StreamExecutionEnvironment.createLocalEnvironment(Math.min(PARTITIONS, Runtime.getRuntime().availableProcessors()), c);
  }

  static KafkaSourceBuilder<Measurement> source(String broker, String topic) {
    return KafkaSource.<Measurement>builder()
        .setBootstrapServers(broker).setTopics(topic)
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setValueOnlyDeserializer(new Scanner())
        .setProperty(KafkaSourceOptions.PARTITION_DISCOVERY_INTERVAL_MS.key(), "-1")
        .setProperty(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "10000")
        .setProperty(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, String.valueOf(4 << 20))
        .setProperty(ConsumerConfig.RECEIVE_BUFFER_CONFIG, String.valueOf(1 << 20));
  }

  /** A transaction for each checkpoint. Its timeout must not be above the 15 minutes that brokers allow by default. */
  static KafkaSink<Average> sink(String broker, String topic, String application) {
    return KafkaSink.<Average>builder()
        .setBootstrapServers(broker)
        .setRecordSerializer((a, context, time) -> a.record(topic))
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(application)
        .setProperty(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, "600000")
        .build();
  }

  private static final class Scanner implements DeserializationSchema<Measurement> {
    private static final long serialVersionUID = 1;

    @Override
    public Measurement deserialize(byte[] value) {
      return Measurement.scan(value);
    }

    @Override
    public boolean isEndOfStream(Measurement next) {
      return false;
    }

    @Override
    public TypeInformation<Measurement> getProducedType() {
      return TypeInformation.of(Measurement.class);
    }
  }
}

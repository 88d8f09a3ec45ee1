package peer;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** The job, in the ways that one would write it. */
final class Job {
  static final Duration WINDOW = Duration.ofSeconds(10);

  /**
   * Partitions of a backlog are not read in step, and what is repartitioned has one time for all of them: with a grace of
   * seconds, records of those behind would be dropped.
   */
  static final Duration GRACE = Duration.ofHours(24);

  /** Records that have passed the filter: when results account for as many, all are done with. */
  final LongAdder kept = new LongAdder();

  /** The job as the language of Kafka Streams says it: every record that is kept goes through a topic, by its category. */
  Topology plain(String records, String results) {
    StreamsBuilder b = new StreamsBuilder();
    // The time goes along with the record and the category is its key, so that the value is all there is to send.
    TimeWindowedKStream<String, Double> windows = keep(b, records)
        .map((key, m) -> new KeyValue<>(m.category(), m.value()))
        .groupByKey(Grouped.with("by-category", Serdes.String(), Serdes.Double()))
        .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, GRACE));
    publish(windows.aggregate(() -> Average.NONE, (category, value, average) -> average.plus(value), store()), results);
    return b.build();
  }

  /** The same in two stages, by hand: every partition is averaged first, and averages go through the topic. */
  Topology staged(String records, String results) {
    StreamsBuilder b = new StreamsBuilder();
    b.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(Local.STORE), Pane.serde(), Average.serde()).withCachingEnabled());
    TimeWindowedKStream<String, Average> windows = keep(b, records)
        .process(Local::new, Local.STORE)
        .groupByKey(Grouped.with("by-category", Serdes.String(), Average.serde()))
        .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, GRACE));
    publish(windows.aggregate(() -> Average.NONE, (category, part, average) -> average.plus(part), store()), results);
    return b.build();
  }

  /**
   * The plain job for live traffic: a window is published once, when it is over. Without a grace, for the records of all
   * partitions come in step.
   */
  Topology live(String records, String results, Duration window) {
    StreamsBuilder b = new StreamsBuilder();
    keep(b, records)
        .map((key, m) -> new KeyValue<>(m.category(), m.value()))
        .groupByKey(Grouped.with("by-category", Serdes.String(), Serdes.Double()))
        .windowedBy(TimeWindows.ofSizeWithNoGrace(window))
        .aggregate(() -> Average.NONE, (category, value, average) -> average.plus(value),
            Materialized.<String, Average>as(Stores.inMemoryWindowStore("averages", window.multipliedBy(10), window, false))
                .withKeySerde(Serdes.String()).withValueSerde(Average.serde()))
        .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()).withName("final"))
        .toStream().to(results, Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, window.toMillis()), Average.serde()));
    return b.build();
  }

  private KStream<byte[], Measurement> keep(StreamsBuilder b, String records) {
    Serde<Measurement> json = Serdes.serdeFrom((topic, m) -> {
      throw new UnsupportedOperationException("measurements are only read");
    }, (topic, bytes) -> Measurement.scan(bytes));
    return b.stream(records, Consumed.with(Serdes.ByteArray(), json).withTimestampExtractor((r, before) -> ((Measurement) r.value()).timestamp() * 1000))
        .filter((key, m) -> {
          if (m.value() >= 90) {
            return false;
          }
          kept.increment();
          return true;
        });
  }

  private static Materialized<String, Average, WindowStore<Bytes, byte[]>> store() {
    return Materialized.<String, Average>as(Stores.inMemoryWindowStore("averages", WINDOW.plus(GRACE), WINDOW, false))
        .withKeySerde(Serdes.String()).withValueSerde(Average.serde()).withCachingEnabled();
  }

  private static void publish(KTable<Windowed<String>, Average> averages, String results) {
    averages.toStream().to(results, Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, WINDOW.toMillis()), Average.serde()));
  }
}

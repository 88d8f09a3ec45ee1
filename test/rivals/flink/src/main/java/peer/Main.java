package peer;

import java.time.Duration;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Averages by category and window with Flink, exactly once, to the end of what is in the topic, and prints the answer. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Flags flags = Flags.of(args);
    KafkaSink<Average> sink = Settings.sink(flags.broker(), flags.results(), flags.app());
    KafkaSourceBuilder<Measurement> source = Settings.source(flags.broker(), flags.topic());
    if (flags.job("live")) {
      StreamExecutionEnvironment live = Settings.live(flags.state());
      new Job(live, source.build(), sink, Duration.ofSeconds(1), Duration.ZERO).plain();
      live.execute("averages");
      return;
    }
    StreamExecutionEnvironment env = Settings.cluster(flags.state());
    Job job = new Job(env, source.setBounded(OffsetsInitializer.latest()).build(), sink, Duration.ofSeconds(10), Duration.ofSeconds(5));
    if (flags.job("staged")) {
      job.staged();
    } else {
      job.plain();
    }
    env.execute("averages");
    System.out.println(Results.json(flags.broker(), flags.results(), Results.records(flags.broker(), flags.topic())));
  }
}

package peer;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Averages by category and window with Flink, exactly once, to the end of what is in the topic, and prints the answer. */
public final class Main {
  private Main() {}

  /** Flags: -broker -topic -app -results -state, and and -job plain, staged or live, which runs until it is stopped; each with a value. */
  public static void main(String[] args) throws Exception {
    Map<String, String> flags = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      flags.put(args[i], args[i + 1]);
    }
    String broker = flags.get("-broker");
    String records = flags.get("-topic");
    String published = flags.get("-results");
    KafkaSink<Average> sink = Settings.sink(broker, published, flags.get("-app"));
    KafkaSourceBuilder<Measurement> source = Settings.source(broker, records);
    if (flags.get("-job").equals("live")) {
      StreamExecutionEnvironment live = Settings.live(flags.get("-state"));
      new Job(live, source.build(), sink, Duration.ofSeconds(1), Duration.ZERO).plain();
      live.execute("averages");
      return;
    }
    StreamExecutionEnvironment env = Settings.cluster(flags.get("-state"));
    Job job = new Job(env, source.setBounded(OffsetsInitializer.latest()).build(), sink, Duration.ofSeconds(10), Duration.ofSeconds(5));
    if (flags.get("-job").equals("staged")) {
      job.staged();
    } else {
      job.plain();
    }
    env.execute("averages");
    System.out.println(Results.json(broker, published, Results.records(broker, records)));
  }
}

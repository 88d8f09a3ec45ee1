package peer;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** Averages by category and window with Kafka Streams, exactly once, to the end of what is in the topic, and prints the answer. */
public final class Main {
  private Main() {}

  /** Flags: -broker -topic -app -results -state, and -job plain, staged or live, which runs until it is stopped; each with a value. */
  public static void main(String[] args) throws Exception {
    Map<String, String> flags = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      flags.put(args[i], args[i + 1]);
    }
    String broker = flags.get("-broker");
    String app = flags.get("-app");
    String records = flags.get("-topic");
    String published = flags.get("-results");
    Job job = new Job();
    if (flags.get("-job").equals("live")) {
      live(new KafkaStreams(job.live(records, published, Duration.ofSeconds(1)), Settings.live(broker, app, flags.get("-state"))));
      return;
    }
    Topology topology = flags.get("-job").equals("staged") ? job.staged(records, published) : job.plain(records, published);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker)); Results results = new Results(broker, published)) {
      Backlog backlog = new Backlog(admin, app, records);
      try (KafkaStreams streams = new KafkaStreams(topology, Settings.of(broker, app, flags.get("-state")))) {
        run(streams, job, backlog, results);
        streams.close(Duration.ofSeconds(30));
      }
      System.out.println(results.json(backlog.records()));
    }
  }

  private static void live(KafkaStreams streams) throws Exception {
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    fail(streams);
    streams.start();
    while (!streams.state().hasStartedOrFinishedShuttingDown()) {
      Thread.sleep(50);
    }
  }

  private static void fail(KafkaStreams streams) {
    streams.setUncaughtExceptionHandler(e -> {
      e.printStackTrace();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
  }

  /** Until all of the backlog is in the results. */
  private static void run(KafkaStreams streams, Job job, Backlog backlog, Results results) throws Exception {
    fail(streams);
    streams.start();
    while (!backlog.committed() || results.counted() != job.kept.sum()) {
      if (streams.state().hasStartedOrFinishedShuttingDown()) {
        System.exit(1);
      }
      Thread.sleep(50);
    }
  }
}

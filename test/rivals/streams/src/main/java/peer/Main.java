package peer;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** Averages by category and window with Kafka Streams, exactly once, to the end of what is in the topic, and prints the answer. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Flags flags = Flags.of(args);
    Job job = new Job();
    if (flags.job("live")) {
      live(new KafkaStreams(job.live(flags.topic(), flags.results(), Duration.ofSeconds(1)), Settings.live(flags.broker(), flags.app(), flags.state())));
      return;
    }
    Topology topology = flags.job("staged") ? job.staged(flags.topic(), flags.results()) : job.plain(flags.topic(), flags.results());
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", flags.broker())); Results results = new Results(flags.broker(), flags.results())) {
      Backlog backlog = new Backlog(admin, flags.app(), flags.topic());
      try (KafkaStreams streams = new KafkaStreams(topology, Settings.of(flags.broker(), flags.app(), flags.state()))) {
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

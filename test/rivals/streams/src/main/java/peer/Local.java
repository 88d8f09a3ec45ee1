package peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Averages one partition before anything is sent on, and sends on what it has once a second. What it holds is in a store,
 * for a commit may come at any time, and what has been read up to it must not be lost.
 */
final class Local implements Processor<byte[], Measurement, String, Average> {
  static final String STORE = "local";
  private static final long SECONDS = Job.WINDOW.toSeconds();

  private ProcessorContext<String, Average> context;
  private KeyValueStore<Pane, Average> held;

  @Override
  public void init(ProcessorContext<String, Average> context) {
    this.context = context;
    held = context.getStateStore(STORE);
    context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, now -> send());
  }

  @Override
  public void process(Record<byte[], Measurement> r) {
    Measurement m = r.value();
    Pane pane = new Pane(m.timestamp() - m.timestamp() % SECONDS, m.category());
    Average average = held.get(pane);
    held.put(pane, (average == null ? Average.NONE : average).plus(m.value()));
  }

  private void send() {
    List<KeyValue<Pane, Average>> all = new ArrayList<>();
    try (KeyValueIterator<Pane, Average> i = held.all()) {
      i.forEachRemaining(all::add);
    }
    for (KeyValue<Pane, Average> e : all) {
      held.delete(e.key);
      context.forward(new Record<>(e.key.category(), e.value, e.key.start() * 1000));
    }
  }
}

package peer;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Averages what one task reads before anything is sent on. A checkpoint need not hold any of it, for all is sent on ahead of
 * the checkpoint's barrier, as the mini-batches of Flink SQL do it. What the last watermark closes is sent on with it.
 */
final class Local extends AbstractStreamOperator<Average> implements OneInputStreamOperator<Measurement, Average> {
  private static final long serialVersionUID = 1;

  private final long window; // milliseconds
  private transient TreeMap<Long, Map<String, Sum>> held; // by the window's start
  private transient Map<String, Sum> latest; // window of the last record, which most likely is that of the next
  private transient long latestStart;

  Local(long window) {
    this.window = window;
  }

  @Override
  public void open() {
    held = new TreeMap<>();
  }

  @Override
  public void processElement(StreamRecord<Measurement> r) {
    long start = r.getTimestamp() - Math.floorMod(r.getTimestamp(), window);
    if (latest == null || start != latestStart) {
      latest = held.computeIfAbsent(start, s -> new HashMap<>());
      latestStart = start;
    }
    latest.computeIfAbsent(r.getValue().category(), c -> new Sum()).plus(1, r.getValue().value());
  }

  @Override
  public void processWatermark(Watermark mark) throws Exception {
    while (!held.isEmpty() && held.firstKey() + window - 1 <= mark.getTimestamp()) {
      sendFirst();
    }
    super.processWatermark(mark);
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpoint) {
    while (!held.isEmpty()) {
      sendFirst();
    }
  }

  private void sendFirst() {
    latest = null;
    Map.Entry<Long, Map<String, Sum>> first = held.pollFirstEntry();
    long start = first.getKey();
    first.getValue().forEach((category, s) -> output.collect(new StreamRecord<>(new Average(category, start, s.count, s.sum), start)));
  }
}

package peer;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** The job, in the ways that one would write it. */
final class Job {
  private final Duration window;
  private final DataStream<Measurement> kept;
  private final KafkaSink<Average> results;

  /**
   * Takes windows, and the disorder within a partition. Partitions of a backlog are not read in step, but each has a
   * watermark of its own and the lowest counts, so that none is dropped for being behind the others.
   */
  Job(StreamExecutionEnvironment env, KafkaSource<Measurement> records, KafkaSink<Average> results, Duration window, Duration disorder) {
    this.window = window;
    this.results = results;
    WatermarkStrategy<Measurement> byPartition = WatermarkStrategy.<Measurement>forBoundedOutOfOrderness(disorder)
        .withTimestampAssigner((m, appended) -> m.timestamp() * 1000);
    kept = env.fromSource(records, byPartition, "records").filter(m -> m.value() < 90);
  }

  /** The job as the language of Flink says it: every record that is kept goes to the task of its category. */
  void plain() {
    publish(kept, Measurement::category, new Averaging<>() {
      @Override
      public Sum add(Measurement m, Sum sum) {
        return sum.plus(1, m.value());
      }
    });
  }

  /** The same in two stages, by hand: every task averages what it reads, and averages go to the task of their category. */
  void staged() {
    DataStream<Average> parts = kept.transform("local", TypeInformation.of(Average.class), new Local(window.toMillis()));
    publish(parts, Average::category, new Averaging<>() {
      @Override
      public Sum add(Average part, Sum sum) {
        return sum.plus(part.count(), part.sum());
      }
    });
  }

  private <T> void publish(DataStream<T> parts, KeySelector<T, String> category, Averaging<T> averaging) {
    TypeInformation<Sum> sum = TypeInformation.of(Sum.class);
    parts.keyBy(category).window(TumblingEventTimeWindows.of(window))
        .aggregate(averaging, new Closed(), sum, sum, TypeInformation.of(Average.class))
        .sinkTo(results);
  }

  private abstract static class Averaging<T> implements AggregateFunction<T, Sum, Sum> {
    private static final long serialVersionUID = 1;

    @Override
    public Sum createAccumulator() {
      return new Sum();
    }

    @Override
    public Sum getResult(Sum sum) {
      return sum;
    }

    @Override
    public Sum merge(Sum a, Sum b) {
      return a.plus(b.count, b.sum);
    }
  }

  private static final class Closed extends ProcessWindowFunction<Sum, Average, String, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(String category, Context context, Iterable<Sum> one, Collector<Average> out) {
      Sum sum = one.iterator().next();
      out.collect(new Average(category, context.window().getStart(), sum.count, sum.sum));
    }
  }
}

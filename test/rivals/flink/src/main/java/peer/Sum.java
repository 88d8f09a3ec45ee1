package peer;

/** What is held of one window and category; public with public fields, so that Flink can do without Kryo. */
public final class Sum {
  public long count;
  public double sum;

  /** Adds in place, for Flink copies on write where a checkpoint still needs the old one. */
  Sum plus(long moreCount, double moreSum) {
    count += moreCount;
    sum += moreSum;
    return this;
  }
}

package peer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One record, as {@link #scan} reads it; public, so that Flink can do without Kryo. */
public record Measurement(long timestamp, double value, String category) {
  private static final byte[] TIMESTAMP = ascii("{\"timestamp\":");
  private static final byte[] VALUE = ascii(",\"value\":");
  private static final byte[] CATEGORY = ascii(",\"category\":\"");
  private static final double[] POWERS = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

  private static byte[] ascii(String s) {
    return s.getBytes(StandardCharsets.US_ASCII);
  }

  /** Reads {"timestamp":1764000000,"value":53.214,"category":"B"}, fields in this order and without spaces. */
  static Measurement scan(byte[] b) {
    int i = skip(b, 0, TIMESTAMP);
    long timestamp = 0;
    for (; digit(b, i); i++) {
      timestamp = timestamp * 10 + b[i] - '0';
    }
    i = skip(b, i, VALUE);
    int from = i;
    while (i < b.length && b[i] != ',') {
      i++;
    }
    double value = number(b, from, i);
    i = skip(b, i, CATEGORY);
    int end = b.length - 2;
    if (end < i || b[end] != '"' || b[end + 1] != '}') {
      throw unreadable(b);
    }
    return new Measurement(timestamp, value, new String(b, i, end - i, StandardCharsets.UTF_8));
  }

  private static boolean digit(byte[] b, int i) {
    return i < b.length && b[i] >= '0' && b[i] <= '9';
  }

  private static int skip(byte[] b, int at, byte[] what) {
    int end = at + what.length;
    if (end > b.length || !Arrays.equals(b, at, end, what, 0, what.length)) {
      throw unreadable(b);
    }
    return end;
  }

  /** Short decimals by hand, for a quotient of two numbers that a double holds exactly is rounded once; others by the library. */
  private static double number(byte[] b, int from, int to) {
    long digits = 0;
    int point = -1;
    for (int i = from; i < to; i++) {
      if (digit(b, i)) {
        digits = digits * 10 + b[i] - '0';
      } else if (b[i] == '.' && point < 0) {
        point = i;
      } else {
        return byLibrary(b, from, to);
      }
    }
    int behind = point < 0 ? 0 : to - point - 1;
    if (to == from || to - from > 17 || digits >= 1L << 53 || behind >= POWERS.length) {
      return byLibrary(b, from, to);
    }
    return digits / POWERS[behind];
  }

  private static double byLibrary(byte[] b, int from, int to) {
    return Double.parseDouble(new String(b, from, to - from, StandardCharsets.US_ASCII));
  }

  private static IllegalArgumentException unreadable(byte[] b) {
    return new IllegalArgumentException("no measurement: " + new String(b, StandardCharsets.UTF_8));
  }
}

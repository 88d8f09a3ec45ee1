package peer;

import java.util.HashMap;
import java.util.Map;

/**
 * What a peer is told: -broker, -topic, -app, -results, -state, and -job plain, staged or live, which runs until it is
 * stopped; each with a value.
 */
record Flags(String broker, String topic, String app, String results, String state, String job) {
  static Flags of(String[] args) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      values.put(args[i], args[i + 1]);
    }
    return new Flags(values.get("-broker"), values.get("-topic"), values.get("-app"), values.get("-results"), values.get("-state"), values.get("-job"));
  }

  boolean job(String name) {
    return job.equals(name);
  }
}

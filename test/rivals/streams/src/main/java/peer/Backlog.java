package peer;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** The records that are there at the start. */
final class Backlog {
  private final Admin admin;
  private final String group;
  private final Map<TopicPartition, Long> ends;

  Backlog(Admin admin, String group, String topic) throws Exception {
    this.admin = admin;
    this.group = group;
    Map<TopicPartition, OffsetSpec> latest = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
        .collect(Collectors.toMap(p -> new TopicPartition(topic, p.partition()), p -> OffsetSpec.latest()));
    ends = admin.listOffsets(latest).all().get().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
  }

  long records() {
    return ends.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Whether the group has committed all of it. */
  boolean committed() throws Exception {
    Map<TopicPartition, OffsetAndMetadata> committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    return ends.entrySet().stream().allMatch(e -> {
      OffsetAndMetadata at = committed.get(e.getKey());
      return (at == null ? 0 : at.offset()) >= e.getValue();
    });
  }
}

#!/bin/sh
# Makes users, topics and rights, by the listener that only the broker's own container has. It may run again.
set -eu
PATH=$PATH:/opt/kafka/bin
export BROKER=localhost:9092 KAFKA_HEAP_OPTS=-Xmx128m

for user in generator processor sink; do
  kafka-configs.sh --bootstrap-server $BROKER --alter --entity-type users --entity-name $user \
    --add-config "SCRAM-SHA-512=[password=$(cat /secrets/kafka/$user.password)]"
done
for topic in records:6 rejects:6 partials:3 results:3; do
  kafka-topics.sh --bootstrap-server $BROKER --create --if-not-exists --topic ${topic%:*} --partitions ${topic#*:} \
    --replication-factor 1 --config message.timestamp.type=LogAppendTime
done
/deploy/acls.sh

#!/bin/sh
# The rights that each service needs, and no more. Users, topics, groups are those of the defaults; Read and Write bring
# Describe along. Topics are made by somebody else: start the services with --create-topics=false.
#   BROKER=kafka:9092 KAFKA_BIN=/opt/kafka/bin deploy/secure/acls.sh
set -e
PATH=$PATH:${KAFKA_BIN:-/opt/kafka/bin}
acl() { kafka-acls.sh --bootstrap-server "${BROKER:-localhost:9092}" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} --add "$@"; }

acl --allow-principal User:generator --operation Write --topic records

acl --allow-principal User:processor --operation Read --topic records --group processor
acl --allow-principal User:processor --operation Write --topic partials --topic rejects
acl --allow-principal User:processor --operation Write --transactional-id processor/ --resource-pattern-type prefixed
acl --allow-principal User:processor --operation Describe --group sink

acl --allow-principal User:sink --operation Describe --topic records
acl --allow-principal User:sink --operation Read --topic partials --group sink
acl --allow-principal User:sink --operation Write --topic results --topic rejects
acl --allow-principal User:sink --operation Write --transactional-id sink/ --resource-pattern-type prefixed

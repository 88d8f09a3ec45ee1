// Package broker speaks to Kafka: it owns the connections and writes the requests that the exactly-once protocol
// needs byte by byte, because kafka-go's own messages stop at versions that lack what the protocol depends on
// (a stable OffsetFetch, topic ids, transactional batches, the aborted list of a fetch).
//
// Pooling and negotiation of connections are kafka-go's: every request here is a [protocol.RawExchanger] that travels
// over a kafka.Transport. TLS and SASL are done where a connection is made, before anybody gets it: see [Security].
//
// Two kinds of failure are kept apart everywhere, because the protocol treats them differently: an answer with an
// error code (a value of type [Code]), and no answer at all (a Go error). After no answer the request may or may
// not have taken effect, and may still take effect later.
package broker

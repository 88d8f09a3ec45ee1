// Package kafkatest is a Kafka cluster that misbehaves on request.
//
// The cluster is franz-go's kfake, which speaks the real protocol, on an in-memory network; so the real clients, their
// retries and their rebalances are what is tested, and inside a testing/synctest bubble ten minutes pass in a tenth of
// a second. Every simulated process is a [Host] with a network of its own, whose Dial goes into kafka.Transport.Dial,
// kafka.Dialer.DialFunc or kgo.Dialer. Between a host and the brokers sits a [link] that takes the byte streams apart
// into Kafka's frames, and can therefore lose, hold, delay and repeat single requests and answers:
//
//	process ──pipe──► up: frozen? delayed? ──► Before hooks ──► rules ──► broker
//	        ◄──pipe── down: frozen? delayed? ◄── After hooks ◄── rules ◄──
//
// What holds for every link, whatever happens to it:
//
//   - What a process has written is in the network: it reaches the broker even if the process closes the connection
//     right afterwards, unless its host is cut or killed first.
//   - What has reached the broker is handled, and the link stays to hear the answer (After hooks run, the [Trace] tells
//     it) even if nobody is there to take it any more.
//   - Order on a connection is kept: a held or delayed frame holds what was written behind it.
//
// The states of a real broker that kfake hides are put back here: a stable OffsetFetch answers 88 for the partitions
// concerned instead of for all of the group (see stable.go), [Cluster.Hold88] and [Cluster.Complete] show transactions
// that are "prepared, completing", and [AnswerCode] gives every other refusal. [Options].TxnVersion and
// [Cluster.FinalizeTxnVersion] set which version of transactions is offered.
//
// It is a cluster in a box with a villain in every cable. TLS and SASL aren't understood by the links.
package kafkatest

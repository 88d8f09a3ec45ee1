// Package load brings the lines of files into Kafka, each line once, however often the load is killed and started
// again: how far it came is committed in the same transaction as the records, as the offset of a consumer group of the
// load's name.
//
// One goroutine reads lines and packs them into blocks; another commits some blocks at a time. After anything that
// leaves a commit in doubt a new epoch is taken and what is committed is looked at: either what was held is in or it is
// not, and then it is sent again. A load under whose name another one has begun sees that one's progress there, and
// ends.
package load

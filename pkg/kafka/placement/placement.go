// Package placement says which partition a key belongs to, as Kafka's Java client decides it.
//
// Whoever else writes to a topic by key - Java, librdkafka's murmur2, kafka-go's Murmur2Balancer - puts a key where
// we put it, so keys of ours and of theirs meet in one partition.
package placement

import "encoding/binary"

// Murmur2's constants, and the seed that Kafka fixed for it.
const (
	seed  = 0x9747b28c
	mix   = 0x5bd1e995
	shift = 24
)

// Of gives the partition of key, in [0, partitions): murmur2 with its sign bit cleared, modulo partitions.
//
// A nil key hashes like an empty one: a record without a key has no place by itself, and spreading such records is
// the caller's decision. It panics when partitions is not positive, as every modulo does: no topic has no partition.
func Of(key []byte, partitions int32) int32 {
	return int32(murmur2(key)&0x7fffffff) % partitions
}

// murmur2 is 32-bit MurmurHash2 over little-endian words.
func murmur2(key []byte) uint32 {
	h := seed ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * mix
		k ^= k >> shift
		h = h*mix ^ k*mix
	}
	// Java casts bytes with & 0xff here: read as signed, as an early port did, keys with bytes above 0x7f move.
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * mix
	}
	h ^= h >> 13
	h *= mix
	return h ^ h>>15
}

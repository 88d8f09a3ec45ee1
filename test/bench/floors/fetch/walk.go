package main

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

var errMalformed = errors.New("malformed batch")

// Where the fields of a record batch of version 2 stand.
const (
	lengthAt     = 8
	crcAt        = 17
	attributesAt = 21
	lastDeltaAt  = 23
	countAt      = 57
	headerLen    = 61
)

// walk checks the batches of an answer and steps over every record at or behind offset from. next is the offset behind
// the last whole batch.
func walk(b []byte, from int64) (records, next int64, err error) {
	be, table := binary.BigEndian, crc32.MakeTable(crc32.Castagnoli)
	for next = from; len(b) >= headerLen; {
		size := int(be.Uint32(b[lengthAt:])) + lengthAt + 4
		if size > len(b) {
			break // cut off: it comes whole with the next answer
		}
		if crc32.Checksum(b[attributesAt:size], table) != be.Uint32(b[crcAt:]) {
			return records, next, errMalformed
		}
		base := int64(be.Uint64(b))
		n, err := step(b[headerLen:size], int(be.Uint32(b[countAt:])), from-base)
		if err != nil {
			return records, next, err
		}
		records += n
		next = base + int64(be.Uint32(b[lastDeltaAt:])) + 1
		b = b[size:]
	}
	return records, next, nil
}

// step finds every record's value, and counts those at or behind an offset delta.
func step(b []byte, count int, from int64) (records int64, err error) {
	p := 0
	for range count {
		length, q := varint(b, p)
		if q < 0 || length < 0 || length > int64(len(b)-q) {
			return records, errMalformed
		}
		end := q + int(length)
		_, q = varint(b, q+1) // time, behind the attributes
		delta, q := varint(b, q)
		key, q := varint(b, q)
		value, q := varint(b, q+int(max(key, 0)))
		if q < 0 || value < 0 || value > int64(end-q) {
			return records, errMalformed
		}
		if delta >= from {
			records++
		}
		p = end
	}
	return records, nil
}

// varint reads a zigzag varint at i; next is -1 where there is none.
func varint(b []byte, i int) (v int64, next int) {
	if uint(i) < uint(len(b)) && b[i] < 0x80 {
		return int64(b[i]>>1) ^ -int64(b[i]&1), i + 1
	}
	if i < 0 || i >= len(b) {
		return 0, -1
	}
	v, n := binary.Varint(b[i:])
	if n <= 0 {
		return 0, -1
	}
	return v, i + n
}

package batch

import "hash/crc32"

// Where the fields of a batch's header lie, in bytes.
const (
	baseOffsetAt  = 0
	lengthAt      = 8 // of what follows this field
	leaderEpochAt = 12
	magicAt       = 16
	crcAt         = 17
	attributesAt  = 21 // the CRC covers from here to the end
	lastDeltaAt   = 23
	baseTimeAt    = 27
	maxTimeAt     = 35
	producerIDAt  = 43
	epochAt       = 51
	sequenceAt    = 53
	countAt       = 57
	headerLen     = 61
)

const (
	magicV2   = 2
	lengthEnd = lengthAt + 4 // the length field does not count what stands before this
)

// Bits of the attributes.
const (
	codecMask         = 7
	attrLogAppend     = 1 << 3
	attrTransactional = 1 << 4
	attrControl       = 1 << 5
)

// checksum is CRC-32C. MakeTable hands out one shared table for Castagnoli, so nothing is built here.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

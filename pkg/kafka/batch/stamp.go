package batch

import (
	"encoding/binary"
	"math"
)

// Stamp writes a producer's identity into a batch that [Builder.Seal] gave, in place, and computes its CRC anew.
// The same arguments always give the same bytes: a resend is recognised by the broker as what it is.
//
// sequence is that of the batch's first record in its partition; producerID -1 takes the identity away. Bytes
// that are no whole batch make it panic.
func Stamp(batch []byte, producerID int64, epoch int16, sequence int32, transactional bool) {
	be := binary.BigEndian
	attributes := be.Uint16(batch[attributesAt:]) &^ attrTransactional
	if transactional {
		attributes |= attrTransactional
	}
	be.PutUint16(batch[attributesAt:], attributes)
	be.PutUint64(batch[producerIDAt:], uint64(producerID))
	be.PutUint16(batch[epochAt:], uint16(epoch))
	be.PutUint32(batch[sequenceAt:], uint32(sequence))
	be.PutUint32(batch[crcAt:], checksum(batch[attributesAt:]))
}

// Count is the number of records in a sealed batch.
func Count(batch []byte) int32 { return int32(binary.BigEndian.Uint32(batch[countAt:])) }

// MaxTime is the greatest time of the records in a sealed batch, in milliseconds since the epoch: what a broker
// compares with its clock when it refuses a batch for its timestamps.
func MaxTime(batch []byte) int64 { return int64(binary.BigEndian.Uint64(batch[maxTimeAt:])) }

// NextSequence is the sequence number behind count records that begin at sequence. Brokers count modulo 2^31: an
// idempotent producer that lives long passes the end, and one that counted on negatively would be refused for ever.
func NextSequence(sequence, count int32) int32 {
	return int32((int64(sequence) + int64(count)) & math.MaxInt32)
}

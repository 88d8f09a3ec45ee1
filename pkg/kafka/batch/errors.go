package batch

import "errors"

// What can be wrong with fetched bytes. A [Walker]'s error wraps one of them with the offset of the batch, what was
// found there and what to do about it.
var (
	// ErrCRC: the batch's bytes are not those that were written. Fetching again may help.
	ErrCRC = errors.New("checksum does not match")
	// ErrMalformed: the bytes are as they were written, and contradict themselves.
	ErrMalformed = errors.New("malformed record batch")
	// ErrCompression: the records cannot be decompressed, or name a codec that Kafka does not have.
	ErrCompression = errors.New("cannot decompress")
	// ErrMagic: a message format other than v2, such as those before Kafka 0.11.
	ErrMagic = errors.New("not message format v2")
	// ErrInflate: the records would decompress to more than [Walker.MaxInflated].
	ErrInflate = errors.New("decompresses beyond the limit")
)

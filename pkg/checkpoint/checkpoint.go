// Package checkpoint is what a commit remembers besides the offset: the metadata text of an offset commit.
//
// Brokers keep that text as a string of limited length (offset.metadata.max.bytes, 4,096 by default), so the codecs here
// count bytes: a versioned, checksummed envelope that names the writer, and in it one of two bodies, Source for a
// partition of the source topic and Merge for a partition of the partials topic. Both are written by one release and
// read by the next; golden files hold them still.
package checkpoint

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"strings"
)

const (
	// DefaultLimit is the length of the longest text that a broker takes by default, in characters: 3,072 bytes of
	// payload.
	DefaultLimit = 4096

	// The payload begins with a letter of our own and the version, then a checksum of the rest. Metadata is free for
	// every client to use, and state that is half somebody else's would be worse than none.
	magic      = 'm'
	version    = 1
	headerSize = 2 + crc32.Size
)

var (
	// ErrTooLong says that the text exceeds what the brokers take.
	ErrTooLong = errors.New("commit metadata is too long")
	// ErrUnreadable says that the text is blank, as reset tools leave it, or was not written by this project.
	ErrUnreadable = errors.New("commit metadata is unreadable")
	// ErrVersion says that the text was written by a release with another format.
	ErrVersion = errors.New("commit metadata is of another version")
)

// Named is the envelope: who wrote the commit, and what it is about.
type Named struct {
	// Writer is the transactional id of the one that committed, or is about to: whoever takes over fences it by name.
	Writer string
	Body   []byte // as AppendSource or Merge.Append wrote it
}

// Encode returns the text for a commit to brokers with the default limit. The error is ErrTooLong, and says what to
// raise to what, and for a Merge how many of its sources would have fitted.
func Encode(n Named) (string, error) { return EncodeWithin(n, DefaultLimit) }

// EncodeWithin is Encode for brokers whose offset.metadata.max.bytes is limit.
func EncodeWithin(n Named, limit int) (string, error) {
	if n.Writer == "" {
		return "", fmt.Errorf("encode commit metadata: %w: it names no writer, so nobody could take over from it", ErrUnreadable)
	}
	payload := n.payload()
	if length := base64.RawURLEncoding.EncodedLen(len(payload)); length > limit {
		return "", fmt.Errorf("encode commit metadata of %s: %w: %d characters, the limit is %d%s: raise offset.metadata.max.bytes on the brokers to at least %d",
			n.Writer, ErrTooLong, length, limit, fitting(n, limit), length)
	}
	payload[0], payload[1] = magic, version
	binary.LittleEndian.PutUint32(payload[2:], checksum(payload[headerSize:]))
	return base64.RawURLEncoding.EncodeToString(payload), nil
}

// payload lays the bytes out, with room for the header in front.
func (n Named) payload() []byte {
	b := make([]byte, headerSize, headerSize+binary.MaxVarintLen64+len(n.Writer)+len(n.Body))
	b = binary.AppendUvarint(b, uint64(len(n.Writer)))
	b = append(b, n.Writer...)
	return append(b, n.Body...)
}

// fitting tells how many of a Merge's sources the limit has room for; of anything else it tells nothing.
func fitting(n Named, limit int) string {
	m, err := ParseMerge(n.Body)
	if err != nil {
		return ""
	}
	all := m.Sources
	over := sort.Search(len(all), func(i int) bool {
		m.Sources = all[:i+1]
		shorter := Named{Writer: n.Writer, Body: m.append(nil)}
		return base64.RawURLEncoding.EncodedLen(len(shorter.payload())) > limit
	})
	return fmt.Sprintf(" (%d of %d source partitions fit)", over, len(all))
}

// Decode reads the text of a commit. The error is ErrVersion for a text of another release, ErrUnreadable for any other
// text that Encode would not have written.
func Decode(text string) (Named, error) {
	if text == "" {
		return Named{}, fmt.Errorf("decode commit metadata: %w: it is blank, as a reset of the offset by another tool leaves it", ErrUnreadable)
	}
	// Strict, and without the line breaks that the decoder would pass over: no two texts say the same.
	payload, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") || len(payload) < headerSize || payload[0] != magic {
		return Named{}, fmt.Errorf("decode commit metadata: %w: %.40q was not written by meanstream; does the group's name belong to another application?", ErrUnreadable, text)
	}
	if payload[1] != version {
		return Named{}, fmt.Errorf("decode commit metadata: %w: version %d, this release reads %d", ErrVersion, payload[1], version)
	}
	rest := payload[headerSize:]
	if binary.LittleEndian.Uint32(payload[2:]) != checksum(rest) {
		return Named{}, fmt.Errorf("decode commit metadata: %w: %.40q is damaged, its checksum does not fit", ErrUnreadable, text)
	}
	r := reader{b: rest}
	n := Named{Writer: string(r.take(r.length()))}
	if n.Body = r.b; r.short || n.Writer == "" {
		return Named{}, fmt.Errorf("decode commit metadata: %w: %.40q names no writer", ErrUnreadable, text)
	}
	return n, nil
}

// checksum is Castagnoli's, which processors compute in hardware.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

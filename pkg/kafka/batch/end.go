package batch

import (
	"encoding/binary"
	"math"
)

// End is the offset behind the last whole batch in fetched bytes, read from the batches' headers alone and nothing checked;
// false if there is none, or no end can be told. It is what [Walker.Position] will be once all of them are walked without
// an error.
func End(records []byte) (next int64, ok bool) {
	be := binary.BigEndian
	for len(records) >= headerLen {
		size := int64(int32(be.Uint32(records[lengthAt:]))) + lengthEnd
		base, last := int64(be.Uint64(records[baseOffsetAt:])), int64(int32(be.Uint32(records[lastDeltaAt:])))
		if size > int64(len(records)) { // cut off, as the last one may be
			break
		}
		if size < headerLen || base < 0 || last < 0 || base > math.MaxInt64-1-last {
			return 0, false
		}
		next, ok = base+last+1, true
		records = records[size:]
	}
	return next, ok
}

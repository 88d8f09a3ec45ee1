package broker

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// needed are the request versions that this package writes.
func needed() map[int16]int16 {
	return map[int16]int16{
		keyProduce: 8, keyFetch: 11, keyListOffsets: 5, keyMetadata: 12, keyOffsetCommit: 7, keyOffsetFetch: 7,
		keyFindCoordinator: 2, keyHeartbeat: 3, keyInitProducerID: 4, keyAddPartitions: 3, keyAddOffsets: 3, keyEndTxn: 3,
		keyTxnOffsetCommit: 3,
	}
}

// droppedFetch is a version of Fetch that Kafka 4.0 has ceased to speak. Brokers before it can't be used whatever else
// they speak: they take a transaction's late request without verifying that the transaction is still open, so that it can
// leave an offset hanging for ever, which test/model shows.
const droppedFetch int16 = 3

// ErrTooOld means that the broker does not speak a request version that exactly-once needs, or is older than Kafka 4.0.
type ErrTooOld struct{ Missing []string } // each the rest of a sentence about the broker

// Error names what is missing and what would be right.
func (e *ErrTooOld) Error() string {
	return fmt.Sprintf("this broker can't be used: it %s; use Kafka 4.0 or newer", strings.Join(e.Missing, ", "))
}

// CheckVersions asks the broker which request versions it speaks, and answers *ErrTooOld if one is missing.
func (c *Client) CheckVersions(ctx context.Context) error {
	d, err := c.send(ctx, &call{node: anyNode, key: keyAPIVersions, version: 2})
	if err != nil {
		return err
	}
	if code := Code(d.i16()); code != OK {
		return fmt.Errorf("ask for the broker's request versions: %w", code)
	}
	missing, older := needed(), false
	for range d.array() {
		key, low, high := d.i16(), d.i16(), d.i16()
		if v, ok := missing[key]; ok && low <= v && v <= high {
			delete(missing, key)
		}
		older = older || key == keyFetch && low <= droppedFetch
	}
	if d.err != nil {
		return c.noAnswer(keyAPIVersions, anyNode, d.err)
	}
	if len(missing) == 0 && !older {
		return nil
	}
	tooOld := &ErrTooOld{}
	if older {
		tooOld.Missing = append(tooOld.Missing, "is older than Kafka 4.0, and does not verify transactions")
	}
	for key, v := range missing {
		tooOld.Missing = append(tooOld.Missing, fmt.Sprintf("does not speak %s v%d", apiName(key), v))
	}
	sort.Strings(tooOld.Missing)
	return tooOld
}

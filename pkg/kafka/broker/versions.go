package broker

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// needed are the request versions that this package writes; brokers from Kafka 3.1 on speak them all.
func needed() map[int16]int16 {
	return map[int16]int16{
		keyProduce: 8, keyFetch: 11, keyListOffsets: 5, keyMetadata: 12, keyOffsetCommit: 7, keyOffsetFetch: 7,
		keyFindCoordinator: 2, keyInitProducerID: 4, keyAddPartitions: 3, keyAddOffsets: 3, keyEndTxn: 3,
		keyTxnOffsetCommit: 3,
	}
}

// ErrTooOld means that the broker does not speak a request version that exactly-once needs.
type ErrTooOld struct{ Missing []string }

// Error names what is missing and what would be right.
func (e *ErrTooOld) Error() string {
	return fmt.Sprintf("this broker can't be used: it does not speak %s; use Kafka 3.1 or newer", strings.Join(e.Missing, ", "))
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
	missing := needed()
	for range d.array() {
		key, low, high := d.i16(), d.i16(), d.i16()
		if v, ok := missing[key]; ok && low <= v && v <= high {
			delete(missing, key)
		}
	}
	if d.err != nil {
		return c.noAnswer(keyAPIVersions, anyNode, d.err)
	}
	if len(missing) == 0 {
		return nil
	}
	tooOld := &ErrTooOld{}
	for key, v := range missing {
		tooOld.Missing = append(tooOld.Missing, fmt.Sprintf("%s v%d", apiName(key), v))
	}
	sort.Strings(tooOld.Missing)
	return tooOld
}

package kafkatest

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Where a fake clock stands still while everybody works, requests of several processes would reach a broker at the same
// instant, in an order that the scheduler throws dice for, and no run could be had twice. With Options.Spread no two of
// them arrive at the same time: the clock goes on from one to the next, and with everybody else at rest. The times are
// drawn from the seed, so another seed is another order.

// spread is how long a request, and then its answer, are under way beyond what was asked for with Delay. It depends on
// what the request says and on how often this host has said it, not on what others do meanwhile. h.mu is held.
func (h *Host) spread(broker string, request []byte) (there, back time.Duration) {
	if h.c.spread <= 0 || len(request) < behindCorr {
		return 0, 0
	}
	key := kmsg.Key(binary.BigEndian.Uint16(request[4:]))
	switch key {
	case kmsg.ApiVersions, kmsg.Metadata, kmsg.FindCoordinator:
		return 0, 0 // they are the same whoever of a process asks: which of them takes how long would be chance
	case kmsg.SyncGroup:
		return 0, 0 // kfake throws dice for who leads a group, for whom the others wait
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(h.name + broker)) // a hash never refuses
	if key == kmsg.Fetch {
		_, _ = sum.Write(request[behindCorr:])
	}
	what := sum.Sum64()
	for i, b := range request {
		// Not the order of the bytes, for clients write out maps in any. Nor the correlation id: clients number across
		// connections that race.
		if i < beforeCorr || i >= behindCorr {
			what += scatter(uint64(b))
		}
	}
	h.moved[what]++
	random := rand.New(rand.NewPCG(h.c.seed^what, h.moved[what]))
	there = time.Duration(random.Int64N(int64(h.c.spread))) + 1
	if key != kmsg.JoinGroup { // all members hear at once, for the same reason as with SyncGroup
		back = time.Duration(random.Int64N(int64(h.c.spread))) + 1
	}
	return there, back
}

// beforeCorr and behindCorr are where a request's correlation id stands in its frame.
const (
	beforeCorr = 8
	behindCorr = 12
)

// scatter makes far numbers of near ones (the end of splitmix64).
func scatter(n uint64) uint64 {
	n = (n + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

package kafkatest

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Completing says how slowly transactions complete after their end was accepted. kfake completes them at once; a broker
// writes markers first, and shows it in the two ways that the fields name.
type Completing struct {
	Refusals int           // 51 for so many AddPartitionsToTxn and AddOffsetsToTxn of that transactional id after its EndTxn
	Offsets  time.Duration // its offsets stay unstable (88) for so long, and an unstable OffsetFetch shows the old ones
	Inits    int           // 51 for so many InitProducerID that meet an open transaction, before one takes effect
	Ends     int           // 51 for so many repetitions of an EndTxn that was accepted
}

// refusals is how often a transactional id is still to be told 51.
type refusals struct {
	mu   sync.Mutex
	how  Completing
	adds map[string]int
	init map[string]int
	ends map[ended]int
}

// ended is a transaction that was ended.
type ended struct {
	producer int64
	epoch    int16
}

// Complete makes all transactions that end from now on complete so slowly. The open transaction that an InitProducerID
// meets is aborted by the first that isn't refused (in a broker, by the first of all).
func (c *Cluster) Complete(how Completing) {
	c.again.mu.Lock()
	defer c.again.mu.Unlock()
	c.again.how = how
	c.again.adds, c.again.init, c.again.ends = map[string]int{}, map[string]int{}, map[ended]int{}
}

// refuseAdds watches the ends of transactions and refuses what comes too early after them.
func (c *Cluster) refuseAdds() {
	concurrent := kerr.ConcurrentTransactions.Code
	c.control(kmsg.EndTxn, func(req kmsg.Request) kmsg.Response {
		if !c.ending(req.(*kmsg.EndTxnRequest)) {
			return nil
		}
		return refuse(req, concurrent)
	})
	c.control(kmsg.AddPartitionsToTxn, func(req kmsg.Request) kmsg.Response {
		if !c.again.tooEarly(req.(*kmsg.AddPartitionsToTxnRequest).TransactionalID) {
			return nil
		}
		return refuse(req, concurrent)
	})
	c.control(kmsg.AddOffsetsToTxn, func(req kmsg.Request) kmsg.Response {
		if !c.again.tooEarly(req.(*kmsg.AddOffsetsToTxnRequest).TransactionalID) {
			return nil
		}
		return refuse(req, concurrent)
	})
	c.control(kmsg.InitProducerID, func(req kmsg.Request) kmsg.Response {
		id := req.(*kmsg.InitProducerIDRequest).TransactionalID
		if id == nil || !c.meetsOpen(*id) {
			return nil
		}
		return refuse(req, concurrent)
	})
}

// control has f answer requests of one API in kfake's place; nil leaves a request to kfake.
func (c *Cluster) control(key kmsg.Key, f func(kmsg.Request) kmsg.Response) {
	c.kf.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.kf.KeepControl()
		resp := f(req)
		return resp, nil, resp != nil
	})
}

// ending notes an EndTxn that kfake is about to accept: one whose producer and epoch have a transaction open. True for
// one that meets its own earlier copy's work, and is to be refused for that.
func (c *Cluster) ending(req *kmsg.EndTxnRequest) bool {
	c.again.mu.Lock()
	how := c.again.how
	c.again.mu.Unlock()
	if how == (Completing{}) {
		return false
	}
	this := ended{req.ProducerID, req.ProducerEpoch}
	for _, txn := range openTxns(c.kf) {
		if txn.producer != this.producer || txn.epoch != this.epoch {
			continue
		}
		c.again.mu.Lock()
		c.again.adds[txn.id], c.again.ends[this] = how.Refusals, how.Ends
		c.again.mu.Unlock()
		if how.Offsets > 0 {
			c.holdOffsets(txn, how.Offsets)
		}
		return false
	}
	c.again.mu.Lock()
	defer c.again.mu.Unlock()
	if c.again.ends[this] <= 0 {
		return false
	}
	c.again.ends[this]--
	return true
}

// holdOffsets keeps the offsets of a transaction unstable for d.
func (c *Cluster) holdOffsets(txn openTxn, d time.Duration) {
	for group, topics := range txn.offsets {
		info := c.kf.GroupInfo(group)
		for topic, ps := range topics {
			for p := range ps {
				c.held.add(offsetKey{group, topic, p}, d, info)
			}
		}
	}
}

// meetsOpen tells whether an InitProducerID is to be refused for the open transaction it meets.
func (c *Cluster) meetsOpen(id string) bool {
	c.again.mu.Lock()
	defer c.again.mu.Unlock()
	if c.again.how.Inits == 0 {
		return false
	}
	for _, txn := range openTxns(c.kf) {
		if txn.id != id {
			continue
		}
		if c.again.init[id] < c.again.how.Inits {
			c.again.init[id]++
			return true
		}
	}
	delete(c.again.init, id)
	return false
}

// tooEarly takes one refusal of a transactional id, if any are left.
func (r *refusals) tooEarly(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.adds[id] <= 0 {
		return false
	}
	r.adds[id]--
	return true
}

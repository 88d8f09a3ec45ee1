package model

// txnState is the state of a transactional id in its coordinator's log.
type txnState int8

const (
	empty txnState = iota
	ongoing
	prepareCommit
	prepareAbort
	completeCommit
	completeAbort
)

// coordinator is what the transaction coordinator knows of one transactional id.
type coordinator struct {
	state        txnState
	epoch        int8
	out, offsets bool // announced to it: the partition of partials, the group
	toOut        bool // markers that are decided and not written yet
	toOffsets    bool
}

// initProducer takes a new epoch. What is open is aborted first, with an epoch that fences its owner.
func (c *coordinator) initProducer() (epoch, code int8) {
	switch c.state {
	case prepareCommit, prepareAbort:
		return none, concurrent
	case ongoing:
		c.abort()
		return none, concurrent
	}
	c.state = empty
	c.epoch++
	return c.epoch, ok
}

// abort is what the coordinator does with an open transaction when somebody takes its id over, or when its time is up.
func (c *coordinator) abort() {
	c.epoch++
	c.decide(prepareAbort)
}

func (c *coordinator) decide(s txnState) {
	c.state = s
	c.toOut, c.toOffsets = c.out, c.offsets
	c.out, c.offsets = false, false
}

// add announces a participant, and opens a transaction if none is.
func (c *coordinator) add(epoch int8, what *bool) int8 {
	switch {
	case epoch != c.epoch:
		return invalidEpoch
	case c.state == prepareCommit || c.state == prepareAbort:
		return concurrent
	}
	c.state, *what = ongoing, true
	return ok
}

// end decides. In version 2 it brings a new epoch. Its answer comes when the decision is written; the markers come later.
func (c *coordinator) end(epoch int8, to txnState, v2 bool) (newEpoch, code int8) {
	complete := completeCommit
	if to == prepareAbort {
		complete = completeAbort
	}
	if v2 && epoch == c.epoch-1 { // a resend of what was done is answered as the first one would have been
		switch c.state {
		case to:
			return none, concurrent
		case complete:
			return c.epoch, ok
		}
	}
	switch {
	case epoch != c.epoch:
		return none, fencedProducer
	case c.state == ongoing:
		if v2 {
			c.epoch++
		}
		c.decide(to)
		return c.epoch, ok
	case !v2 && c.state == complete:
		return c.epoch, ok
	case c.state == prepareCommit || c.state == prepareAbort:
		return none, concurrent
	}
	return none, invalidTxnState
}

// verify is what a broker asks the coordinator before it takes the first write of a transaction.
func (c *coordinator) verify(epoch int8, announced bool) int8 {
	switch {
	case epoch != c.epoch:
		return invalidEpoch
	case c.state == prepareCommit || c.state == prepareAbort:
		return concurrent
	case c.state != ongoing || !announced:
		return invalidTxnState
	}
	return ok
}

// finish completes when all markers are written.
func (c *coordinator) finish() {
	if c.toOut || c.toOffsets {
		return
	}
	switch c.state {
	case prepareCommit:
		c.state = completeCommit
	case prepareAbort:
		c.state = completeAbort
	}
}

package group

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// commitLoop commits for all workers, one transaction at a time: when one of them asks, and at every interval. What
// becomes due while a transaction is under way goes together into the next.
func (r *round) commitLoop(ctx context.Context) {
	tick := time.NewTicker(r.conf.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.t.ahead.timer.C:
			r.open()
			continue
		case <-tick.C:
		case <-r.t.due:
		}
		if ctx.Err() != nil {
			return // what is held goes into the last commit
		}
		if end := r.commit(); end != nil {
			r.end(*end)
			return
		}
		if end := r.finished(ctx); end != nil {
			r.end(*end)
			return
		}
	}
}

// open begins the next transaction ahead of its commit.
func (r *round) open() {
	ctx, cancel := context.WithTimeout(r.grace, commitTimeout)
	defer cancel()
	if !r.t.driver.Open(ctx, r.t.Member.Group) {
		r.t.ahead.again()
	}
}

func (r *round) finished(ctx context.Context) *ending {
	done, err := r.shift.Finished(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return &ending{kind: endFatal, err: err}
	case done:
		return &ending{kind: endFinished}
	}
	return nil
}

// commit publishes and commits what the workers hold, in one transaction, and tells the shift: nobody else commits.
// nil if that went well, or if there was nothing to commit.
func (r *round) commit() *ending {
	ctx, cancel := context.WithTimeout(r.grace, commitTimeout)
	defer cancel()
	flush, any, err := r.shift.Collect(ctx)
	r.t.ahead.collected()
	if err != nil {
		return &ending{kind: endFatal, err: err}
	}
	if !any {
		return nil
	}
	offsets, err := r.offsets(flush.Offsets)
	if err != nil {
		return &ending{kind: endFatal, err: err}
	}
	c := txn.Commit{Member: r.t.Member, Offsets: offsets, Batches: flush.Batches}
	began := time.Now()
	out := r.t.driver.Commit(ctx, c)
	r.sayVersion()
	took := time.Since(began)
	r.conf.Metrics.commit(out.Verdict, took, &c)
	r.conf.Observe(Event{Commit: out.Verdict, Took: took, Records: len(c.Batches), Partials: len(offsets)})
	if out.Verdict == txn.Committed {
		r.shift.Committed()
		return nil
	}
	return r.judge(out, c)
}

// judge turns an outcome into what happens next.
func (r *round) judge(out txn.Outcome, c txn.Commit) *ending {
	err := out.Err(c)
	switch out.Verdict {
	case txn.Stale:
		r.conf.Log.Info("the group has moved on, joining again", zap.Error(err))
		return &ending{kind: endGeneration}
	case txn.Refused:
		return &ending{kind: endFatal, err: explain(err, broker.Code(out.Last.Code), r.writer, r.conf.Group)}
	}
	if broker.Code(out.Last.Code) == unsupportedVersion {
		err = explain(err, unsupportedVersion, r.writer, r.conf.Group)
	}
	return &ending{kind: endRound, err: err}
}

// unsupportedVersion is said of a transaction whose version the cluster has just given up.
const unsupportedVersion broker.Code = 35

// explain adds what would be right to a refusal.
func explain(err error, code broker.Code, writer, group string) error {
	hint := "see docs/operating.md"
	switch code {
	case 29:
		hint = "grant Write and Describe on this topic to this user"
	case 30:
		hint = fmt.Sprintf("grant Read on group %q to this user", group)
	case 53, 31:
		hint = fmt.Sprintf("grant Write and Describe on transactional ids with the prefix %q to this user", group+"/")
	case 50:
		hint = fmt.Sprintf("raise transaction.max.timeout.ms of the brokers to %d at least", txn.Timeout.Milliseconds())
	case unsupportedVersion:
		hint = fmt.Sprintf("the cluster's transaction.version was lowered under this commit: if no new epoch is to be had now, restart the broker that coordinates transactional id %q", writer)
	case 10, 18:
		hint = "raise max.message.bytes of this topic to its default of 1048588 at least"
	case 12:
		hint = "raise offset.metadata.max.bytes of the brokers: each source partition takes some bytes of it"
	case 32:
		hint = "set message.timestamp.type=LogAppendTime on this topic, or raise its message.timestamp.before.max.ms and message.timestamp.after.max.ms: results carry the time of their window"
	case 87, 44:
		hint = "the brokers' policy for this topic refuses our records: it must be a plain topic without cleanup.policy=compact"
	}
	switch code {
	case 29, 30, 31, 53:
		return fmt.Errorf("%w: %w; %s", err, broker.ErrDenied, hint)
	}
	return fmt.Errorf("%w; %s", err, hint)
}

// offsets writes positions as the group's coordinator keeps them, under our name.
func (r *round) offsets(ps []Position) ([]broker.Offset, error) {
	all := make([]broker.Offset, 0, len(ps))
	for _, p := range ps {
		text, err := checkpoint.Encode(checkpoint.Named{Writer: r.writer, Body: p.Named.Body})
		if err != nil {
			return nil, fmt.Errorf("remember the state of %s: %w", p.Name(), err)
		}
		all = append(all, broker.Offset{TopicPartition: p.TopicPartition, At: p.Offset, Metadata: text})
	}
	return all, nil
}

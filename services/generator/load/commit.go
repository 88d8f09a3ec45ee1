package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

const (
	commitTimeout = 8 * time.Second        // of one transaction, below txn.Timeout
	lookAgain     = 5 * time.Second        // how often added partitions are looked for
	fill          = 100 * time.Millisecond // how long blocks wait for others at the most
)

// noSuchGroup is what some brokers say where others answer that nothing is committed.
const noSuchGroup broker.Code = 69

// commitAll commits what is read, some blocks at a time, until there is no more.
func (l *Load) commitAll(ctx context.Context, blocks <-chan *block) error {
	late, cancel := outlive(ctx, l.Grace*4/5)
	defer cancel()
	for l.gather(ctx, blocks) {
		n := min(l.limit, len(l.held))
		began := time.Now()
		in, err := l.commit(late, l.held[:n])
		if err != nil {
			return err
		}
		l.limit = resize(l.limit, n, time.Since(began), in)
		if in {
			l.held = append(l.held[:0:0], l.held[n:]...)
		}
		if err := l.lookForPartitions(ctx); err != nil {
			return err
		}
	}
	return nil
}

// gather waits for blocks until there are as many as one transaction may take. It tells whether there are any to be
// committed: those that are held when ctx ends are not, the next process reads them again.
func (l *Load) gather(ctx context.Context, blocks <-chan *block) bool {
	var enough <-chan time.Time
	for len(l.held) < l.limit {
		if len(l.held) > 0 && enough == nil {
			enough = time.After(fill)
		}
		select {
		case <-ctx.Done():
			return false
		case <-enough:
			return true
		case b, ok := <-blocks:
			if !ok {
				return len(l.held) > 0
			}
			l.held = append(l.held, b)
		}
	}
	return ctx.Err() == nil
}

// commit tries once to bring blocks in, and tells whether they are. What is in doubt it settles. An error is one that
// ends the load.
func (l *Load) commit(ctx context.Context, blocks []*block) (in bool, err error) {
	last := blocks[len(blocks)-1]
	next := l.before
	next.Writer, next.Place = l.writer, last.to
	c := txn.Commit{
		Member:  broker.Member{Group: l.id, Generation: -1},
		Offsets: []broker.Offset{{TopicPartition: broker.TopicPartition{Topic: l.Topic.Name, Partition: keeper}, At: next.Lines, Metadata: next.encode()}},
	}
	records := int64(0)
	for _, b := range blocks {
		c.Batches = append(c.Batches, b.batches...)
		records += b.records
	}
	limited, cancel := context.WithTimeout(ctx, commitTimeout)
	out := l.driver.Commit(limited, c)
	cancel()
	switch {
	case out.Verdict == txn.Refused, out.Verdict == txn.Stale:
		return false, l.explain(out.Err(c))
	case out.Verdict != txn.Committed || out.Renew:
		// Also where it is committed, but asks for a new epoch: the driver would take that by itself and go on, over
		// whoever has taken this load over in between, and bring the same lines in as that one does.
		for _, b := range blocks {
			b.abandon()
		}
		if in, err = l.inDoubt(ctx, out, &c); !in || err != nil {
			return false, err
		}
	}
	l.trouble.Over()
	l.before, l.kept = next, c.Offsets[0]
	l.committed.Add(records)
	l.bytes.Store(last.read)
	return true, nil
}

// inDoubt finds out whether a commit has come about.
func (l *Load) inDoubt(ctx context.Context, out txn.Outcome, c *txn.Commit) (in bool, err error) {
	if out.Verdict == txn.Fenced {
		// Perhaps by another load of this name. If so, its name is there, and taking an epoch would disturb it.
		if o, err := l.fetch(ctx, false); err == nil && l.takenOver(o) {
			return false, l.overtaken(o)
		}
	}
	if out.Verdict != txn.Committed {
		l.trouble.Pause(ctx, out.Err(*c))
	}
	o, err := l.settle(ctx)
	switch {
	case err != nil || ctx.Err() != nil:
		return false, err
	case same(o, c.Offsets[0]):
		return true, nil
	case same(o, l.kept):
		return false, nil
	case l.takenOver(o):
		return false, l.overtaken(o)
	}
	return false, fmt.Errorf("load %q: %w: consumer group %q holds offset %d with %q, where %d was committed: start again, and look at what the topic holds",
		l.Name, ErrGone, l.id, o.At, o.Metadata, l.before.Lines)
}

// takenOver tells whether another process has committed progress since we last looked.
func (l *Load) takenOver(o broker.Offset) bool {
	p, err := decode(o)
	return err == nil && p.Writer != l.writer && !same(o, l.kept)
}

// same compares what was committed with what is.
func same(a, b broker.Offset) bool { return a.At == b.At && a.Metadata == b.Metadata }

func (l *Load) overtaken(o broker.Offset) error {
	return fmt.Errorf("load %q: %w: it is at line %d now: wait for its end, or give this one another --load-name", l.Name, ErrTakenOver, o.At)
}

// settle takes a new epoch, which ends whatever is under way under this load's name, here or in another process, and
// tells what is committed then. Once ctx has ended the answer is not one.
func (l *Load) settle(ctx context.Context) (broker.Offset, error) {
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, commitTimeout)
		err := l.driver.Init(limited)
		tooLong := limited.Err() != nil
		cancel()
		var o broker.Offset
		if err == nil {
			o, err = l.fetch(ctx, true)
			tooLong = passes(err)
		}
		switch {
		case err == nil:
			l.trouble.Over()
			return o, nil
		case ctx.Err() != nil:
		case !tooLong:
			return o, l.explain(err)
		}
		l.trouble.Pause(ctx, err)
	}
	return broker.Offset{}, nil
}

// fetch reads what is committed: stably, what was committed last is answered and nothing that is open; or else what was
// before that.
func (l *Load) fetch(ctx context.Context, stable bool) (broker.Offset, error) {
	all, code, err := l.Client.OffsetFetch(ctx, l.id, []broker.TopicPartition{{Topic: l.Topic.Name, Partition: keeper}}, stable)
	switch {
	case err == nil && code == noSuchGroup:
		return broker.Offset{At: -1}, nil
	case err == nil && code == broker.OK:
		code = all[0].Code
	}
	if err == nil && code != broker.OK {
		err = fmt.Errorf("read the progress of load %q in group %q: %w", l.Name, l.id, code)
	}
	if err != nil {
		return broker.Offset{}, err
	}
	return all[0], nil
}

// passes tells whether waiting helps against an error of fetch.
func passes(err error) bool {
	var code broker.Code
	if !errors.As(err, &code) {
		return true // no answer
	}
	return broker.Denied("", err, "") == nil
}

// lookForPartitions takes partitions into use that were added to the topic. It notices, too, when the topic was made anew.
func (l *Load) lookForPartitions(ctx context.Context) error {
	if time.Since(l.looked) < lookAgain {
		return nil
	}
	l.looked = time.Now()
	t, err := l.Client.LookUp(ctx, l.Topic.Name)
	if err != nil || t.Code != broker.OK {
		return nil // committing finds it too, and tells
	}
	if t.ID != l.Topic.ID {
		return fmt.Errorf("load %q: %w: topic %q was made anew: start again to load from the beginning", l.Name, ErrGone, l.Topic.Name)
	}
	if n := t.Partitions(); n > l.partitions.Load() {
		l.Log.Info("partitions were added", zap.String("topic", l.Topic.Name), zap.Int32("partitions", n))
		l.partitions.Store(n)
	}
	return nil
}

// outlive is a context that ends grace later than ctx does.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		defer cancel()
		select {
		case <-late.Done():
		case <-time.After(grace):
		}
	})
	return late, cancel
}

package group

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/checkpoint"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// Pauses of the take-over.
const (
	hangingFor = 300 * time.Millisecond // a live owner finishes its commit in milliseconds
	askAgain   = 20 * time.Millisecond
	waitAgain  = 200 * time.Millisecond
)

// pendingCommit is the code with which a stable OffsetFetch says that an earlier owner's commit hangs.
const pendingCommit broker.Code = 88

// takeOver takes the assigned partitions over, those without trouble first.
type takeOver struct {
	*round
	missing map[broker.TopicPartition]bool
	hanging map[broker.TopicPartition]*hanging
	fenced  map[fenced]bool
	opened  []broker.TopicPartition
	said    string
}

// hanging is what was seen when a partition first answered that a commit is pending.
type hanging struct {
	since  time.Time
	writer string
	offset int64
}

// fenced is a writer that was fenced for its commit behind an offset: once is enough.
type fenced struct {
	writer    string
	partition broker.TopicPartition
	offset    int64
}

func (r *round) takeOver(ctx context.Context) {
	t := &takeOver{round: r, opened: []broker.TopicPartition{}, missing: map[broker.TopicPartition]bool{}, hanging: map[broker.TopicPartition]*hanging{}, fenced: map[fenced]bool{}}
	for _, p := range r.t.Partitions {
		t.missing[p] = true
	}
	for len(t.missing) > 0 && ctx.Err() == nil {
		pause, end := t.step(ctx)
		if end != nil {
			r.end(*end)
			return
		}
		if len(t.missing) > 0 && !sleep(ctx, pause) {
			return
		}
	}
	if ctx.Err() == nil {
		r.assigned(t.opened)
	}
}

// step asks for all that is missing in one request, and opens what it can.
func (t *takeOver) step(ctx context.Context) (time.Duration, *ending) {
	offsets, err := t.fetch(ctx, t.order(), true)
	if err != nil {
		return t.problem(ctx, err)
	}
	var ready []Position
	var pending []broker.TopicPartition
	for _, o := range offsets {
		switch o.Code {
		case broker.OK:
			ready = append(ready, position(o))
		case pendingCommit:
			pending = append(pending, o.TopicPartition)
		default:
			return t.problem(ctx, fmt.Errorf("fetch the committed offset of %s: %w", o.Name(), o.Code))
		}
	}
	pause, end := t.start(ctx, ready)
	if end != nil {
		return 0, end
	}
	if len(pending) > 0 {
		pause = askAgain
		if end := t.unblock(ctx, pending); end != nil {
			return 0, end
		}
	}
	return pause, nil
}

// order lists what is missing, by topic and number.
func (t *takeOver) order() []broker.TopicPartition {
	var all []broker.TopicPartition
	for _, p := range t.t.Partitions {
		if t.missing[p] {
			all = append(all, p)
		}
	}
	return all
}

// fetch is one OffsetFetch; a code of the answer as a whole comes back as an error.
func (t *takeOver) fetch(ctx context.Context, partitions []broker.TopicPartition, stable bool) ([]broker.Offset, error) {
	offsets, code, err := t.conf.Client.OffsetFetch(ctx, t.conf.Group, partitions, stable)
	if err == nil && code != broker.OK {
		err = fmt.Errorf("fetch the committed offsets of group %q: %w", t.conf.Group, code)
	}
	return offsets, err
}

// problem says what is wrong once, and lets the take-over try again; an authorization error is not one that passes.
func (t *takeOver) problem(ctx context.Context, err error) (time.Duration, *ending) {
	if fatal := t.refused(err); fatal != nil {
		return 0, &ending{kind: endFatal, err: fatal}
	}
	t.conf.Metrics.Retries("OffsetFetch").Inc()
	if text := err.Error(); ctx.Err() == nil && text != t.said {
		t.said = text
		t.conf.Log.Warn("taking partitions over, trying again", zap.Error(err))
	}
	return waitAgain, nil
}

// position reads what was committed.
func position(o broker.Offset) Position {
	p := Position{TopicPartition: o.TopicPartition, Offset: o.At}
	if o.At >= 0 {
		p.Named, p.Err = checkpoint.Decode(o.Metadata)
	}
	return p
}

// start resumes partitions, puts our name on them, and only then lets anything be read.
func (t *takeOver) start(ctx context.Context, committed []Position) (time.Duration, *ending) {
	if len(committed) == 0 {
		return waitAgain, nil
	}
	ready, waiting, err := t.shift.Resume(ctx, committed)
	if err != nil {
		if ctx.Err() != nil {
			return 0, nil
		}
		return 0, &ending{kind: endFatal, err: err}
	}
	if waiting != "" && waiting != t.said {
		t.said = waiting
		t.conf.Log.Info("waiting before partitions are read", zap.String("for", waiting))
	}
	if pause, end := t.name(ctx, committed, ready); end != nil || pause > 0 {
		return pause, end
	}
	for _, p := range ready {
		delete(t.missing, p.TopicPartition)
		delete(t.hanging, p.TopicPartition)
		t.opened = append(t.opened, p.TopicPartition)
		w := t.shift.Open(p)
		t.wg.Go(func() {
			if err := w.Run(ctx); err != nil && ctx.Err() == nil {
				t.end(ending{kind: endFatal, err: err})
			}
		})
	}
	return waitAgain, nil
}

// name commits the positions, offset unchanged, under our name: whoever writes is always the one named, so that a
// successor knows whom to fence. A pause above 0: refused for now.
func (t *takeOver) name(ctx context.Context, committed, ready []Position) (time.Duration, *ending) {
	var unnamed []Position
	for _, p := range ready {
		if !t.named(committed, p) {
			unnamed = append(unnamed, p)
		}
	}
	if len(unnamed) == 0 {
		return 0, nil
	}
	offsets, err := t.offsets(unnamed)
	if err != nil {
		return 0, &ending{kind: endFatal, err: err}
	}
	code, err := t.conf.Client.OffsetCommit(ctx, t.t.Member, offsets)
	switch {
	case err != nil:
		return 0, &ending{kind: endLeave, err: fmt.Errorf("commit the take-over of %d partitions of %s: %w", len(unnamed), strings.Join(t.conf.Topics, ", "), err)}
	case code == broker.OK:
		return 0, nil
	case code == 22, code == 25, code == 27, code == 82:
		return 0, &ending{kind: endGeneration}
	case code == 14, code == 15, code == 16, code == 3, code == 89:
		t.conf.Metrics.Retries("OffsetCommit").Inc()
		return waitAgain, nil
	case code == 7, code == -1: // it may have been written, or be written later
		return 0, &ending{kind: endLeave, err: fmt.Errorf("commit the take-over of %d partitions of %s: %w", len(unnamed), strings.Join(t.conf.Topics, ", "), code)}
	}
	err = fmt.Errorf("commit the take-over of %d partitions of %s: %w", len(unnamed), strings.Join(t.conf.Topics, ", "), code)
	return 0, &ending{kind: endFatal, err: explain(err, code, t.writer, t.conf.Group)}
}

// named tells whether what is committed is already what naming would commit.
func (t *takeOver) named(committed []Position, p Position) bool {
	for _, c := range committed {
		if c.TopicPartition == p.TopicPartition {
			return c.Err == nil && c.Offset == p.Offset && c.Named.Writer == t.writer && bytes.Equal(c.Named.Body, p.Named.Body)
		}
	}
	return false
}

// unblock waits for pending commits to pass, and fences those who left them.
func (t *takeOver) unblock(ctx context.Context, pending []broker.TopicPartition) *ending {
	offsets, err := t.fetch(ctx, pending, false)
	if err != nil {
		_, end := t.problem(ctx, err)
		return end
	}
	now := time.Now()
	for _, o := range offsets {
		p := position(o)
		h := t.hanging[p.TopicPartition]
		if h == nil || h.writer != p.Named.Writer || h.offset != p.Offset {
			t.hanging[p.TopicPartition] = &hanging{since: now, writer: p.Named.Writer, offset: p.Offset}
			continue
		}
		if now.Sub(h.since) < hangingFor || h.writer == "" {
			continue
		}
		if end := t.fence(ctx, p.TopicPartition, h); end != nil {
			return end
		}
	}
	return nil
}

// stands asks the coordinator whether our generation does: who was replaced and has not heard of it yet would fence its
// own successor, again and again, which costs that one nothing but time.
func (t *takeOver) stands(ctx context.Context) (bool, *ending) {
	code, err := t.conf.Client.Heartbeat(ctx, t.t.Member)
	switch {
	case err != nil:
		return false, nil // asked again with the next look at what hangs
	case code == 22, code == 25, code == 82:
		return false, &ending{kind: endGeneration}
	}
	return code == broker.OK || code == 27, nil
}

// fence takes a new epoch of a hanging commit's writer, which ends its transaction.
func (t *takeOver) fence(ctx context.Context, partition broker.TopicPartition, h *hanging) *ending {
	if h.writer == t.writer {
		return &ending{kind: endRound, err: fmt.Errorf("our own commit of %s hangs", partition.Name())}
	}
	key := fenced{h.writer, partition, h.offset}
	if t.fenced[key] {
		return nil
	}
	if stands, end := t.stands(ctx); end != nil || !stands {
		return end
	}
	t.conf.Metrics.fencings.Inc()
	t.conf.Log.Info("an earlier owner's commit hangs: fencing it", zap.String("topic", partition.Topic), zap.Int32("partition", partition.Partition), zap.String("writer", h.writer))
	waited := t.saySlow(h.writer)
	_, err := txn.Fence(ctx, t.conf.Client, h.writer)
	waited()
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		var code broker.Code
		errors.As(err, &code)
		err = fmt.Errorf("fence the earlier owner of %s: %w", partition.Name(), err)
		return &ending{kind: endFatal, err: explain(err, code, h.writer, t.conf.Group)}
	}
	for p, other := range t.hanging { // its transaction held all of these
		if other.writer == h.writer {
			t.fenced[fenced{h.writer, p, other.offset}] = true
		}
	}
	t.fenced[key] = true
	return nil
}

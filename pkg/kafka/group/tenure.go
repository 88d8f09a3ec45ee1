package group

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
)

// ending is why a tenure, or a round of one, is over.
type ending struct {
	kind endKind
	err  error
}

type endKind uint8

const (
	endGeneration endKind = iota // the generation is over, or the process stops: join again if it goes on
	endRound                     // something was in doubt: a new epoch, and read again, in the same generation
	endLeave                     // a naming commit is in doubt: only another member id is safe from its late copy
	endFinished                  // there is nothing left to do
	endFatal                     // a person must act
)

// Tenure is the time between taking partitions over and giving them up, under one producer epoch.
type Tenure struct {
	Client     *broker.Client
	Log        *zap.Logger
	Member     broker.Member
	Topic      broker.Topic // as it was looked up at the start
	Partitions []int32      // assigned to this member
	Writer     string       // our transactional id

	due    chan struct{}
	driver *txn.Driver
}

// Epoch is the producer epoch of this tenure's commits.
func (t *Tenure) Epoch() int16 { return t.driver.Producer().Epoch }

// Due asks for a commit now rather than at the next interval. It never blocks.
func (t *Tenure) Due() {
	select {
	case t.due <- struct{}{}:
	default: // one is asked for already
	}
}

// tenure runs one generation: rounds until the generation is over. gctx is the generation's, pctx the process'.
func (g *Group) tenure(gctx, pctx context.Context, gen *kafka.Generation) ending {
	g.lock.Lock()
	defer g.lock.Unlock()
	ctx, cancel := context.WithCancel(gctx)
	defer cancel()
	defer context.AfterFunc(pctx, cancel)()
	defer g.conf.Assigned(nil)

	var partitions []int32
	for _, a := range gen.Assignments[g.conf.Topic] {
		partitions = append(partitions, int32(a.ID))
	}
	member := broker.Member{Group: g.conf.Group, Generation: gen.ID, ID: gen.MemberID}
	g.conf.Log.Info("partitions assigned", zap.Int32("generation", gen.ID), zap.Int32s("partitions", partitions))
	pause := 50 * time.Millisecond
	for {
		// A function that is started on an ended generation must not do anything.
		if ctx.Err() != nil {
			return ending{kind: endGeneration}
		}
		began := time.Now()
		end := g.round(ctx, member, partitions)
		if end.kind != endRound {
			return end
		}
		g.conf.Log.Warn("reading again from the last commit", zap.Error(end.err))
		if time.Since(began) > 10*time.Second {
			pause = 50 * time.Millisecond
		}
		sleep(ctx, pause)
		pause = min(2*pause, 2*time.Second)
	}
}

// round is the part of a tenure under one epoch.
type round struct {
	*Group
	t     *Tenure
	shift Shift
	ends  chan ending // the first one counts
	wg    sync.WaitGroup
	grace context.Context // of commits: ends flushOnRevoke after the work was told to stop
}

func (g *Group) round(ctx context.Context, member broker.Member, partitions []int32) ending {
	r := &round{Group: g, ends: make(chan ending, 1)}
	r.t = &Tenure{
		Client: g.conf.Client, Log: g.conf.Log, Member: member, Partitions: partitions, Writer: g.writer,
		due: make(chan struct{}, 1), driver: txn.NewDriver(g.conf.Client, g.writer),
	}
	if err := r.t.driver.Init(ctx); err != nil {
		return r.afterInit(ctx, err)
	}
	topic, err := r.lookUp(ctx)
	if err != nil {
		return ending{kind: endRound, err: err}
	}
	r.t.Topic = topic
	r.shift = g.conf.Begin(r.t)
	work, stop := context.WithCancel(ctx)
	defer stop()
	grace, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	r.grace = grace
	defer context.AfterFunc(work, func() {
		if sleep(grace, flushOnRevoke) {
			giveUp()
		}
	})()
	r.wg.Go(func() { r.takeOver(work) })
	r.wg.Go(func() { r.commitLoop(work) })
	r.wg.Go(func() { r.watch(work) })
	end := ending{kind: endGeneration}
	select {
	case end = <-r.ends:
	case <-ctx.Done():
	}
	stop()
	r.wg.Wait()
	return r.close(end)
}

// afterInit judges why no epoch could be had.
func (r *round) afterInit(ctx context.Context, err error) ending {
	switch {
	case ctx.Err() != nil:
		return ending{kind: endGeneration}
	case errors.Is(err, broker.Code(53)), errors.Is(err, broker.Code(31)):
		return ending{kind: endFatal, err: fmt.Errorf("not allowed to use transactional id %q: grant Write and Describe on transactional ids with the prefix %q to this user: %w", r.writer, r.conf.Group+"/", err)}
	}
	return ending{kind: endRound, err: err}
}

// close ends a round whose goroutines have all ended. What the workers hold is committed if nothing is in doubt:
// the coordinator accepts our generation until we join again.
func (r *round) close(end ending) ending {
	select { // an ending that came while the goroutines stopped, if it says more
	case later := <-r.ends:
		if end.kind == endGeneration {
			end = later
		}
	default:
	}
	if end.kind == endGeneration && !r.t.driver.InDoubt() {
		if last := r.commit(); last != nil {
			end = *last
			if end.kind == endRound { // there is no other round: the next generation reads again
				end.kind = endGeneration
			}
		}
	}
	if end.kind != endFinished && r.t.driver.InDoubt() {
		// What is open would make readers and our successors wait for the transaction timeout.
		ctx, cancel := context.WithTimeout(context.Background(), memberTimeout)
		defer cancel()
		if err := r.t.driver.Init(ctx); err != nil {
			r.conf.Log.Warn("could not settle an open transaction, the broker will when it times out", zap.Error(err))
		}
	}
	return end
}

// end makes the round end, if it is the first to.
func (r *round) end(e ending) {
	select {
	case r.ends <- e:
	default:
	}
}

// lookUp waits for the topic's metadata.
func (r *round) lookUp(ctx context.Context) (broker.Topic, error) {
	t, err := r.conf.Client.LookUp(ctx, r.conf.Topic)
	if err != nil {
		return t, err
	}
	if t.Code != broker.OK {
		return t, fmt.Errorf("look up topic %q: %w", r.conf.Topic, t.Code)
	}
	return t, nil
}

// watch ends the generation when partitions were added, so that they get an owner. (kafka-go's own watcher rejoins
// in a hot loop when a topic is missing.)
func (r *round) watch(ctx context.Context) {
	for sleep(ctx, watchPartitions) {
		t, err := r.conf.Client.LookUp(ctx, r.conf.Topic)
		if err != nil || t.Code != broker.OK {
			continue // the workers say what is wrong
		}
		if t.ID != r.t.Topic.ID {
			r.end(ending{kind: endRound, err: fmt.Errorf("topic %q was deleted and made again", r.conf.Topic)})
			return
		}
		if t.Partitions() != r.t.Topic.Partitions() {
			r.conf.Log.Info("the number of partitions changed, joining again", zap.String("topic", r.conf.Topic),
				zap.Int32("before", r.t.Topic.Partitions()), zap.Int32("now", t.Partitions()))
			r.end(ending{kind: endGeneration})
			return
		}
	}
}

// sleep pauses; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package group

import (
	"context"
	"errors"
	"slices"
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

// endKind says what follows. The kinds are in rising order of what must not be forgotten: several things can end a round
// at once, and a naming commit in doubt stays one whatever else went wrong beside it.
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
	Topics     []broker.Topic          // by name, as they were looked up at the start
	Partitions []broker.TopicPartition // assigned to this member, by topic and number
	Writer     string                  // our transactional id

	due    chan struct{}
	ahead  *opener
	driver *txn.Driver
}

// Epoch is the producer epoch of this tenure's commits.
func (t *Tenure) Epoch() int16 { return t.driver.Producer().Epoch }

// Topic is what was looked up of a topic of the group.
func (t *Tenure) Topic(name string) broker.Topic {
	for _, topic := range t.Topics {
		if topic.Name == name {
			return topic
		}
	}
	panic("unreachable: topic " + name + " is not one of the group's")
}

// Due asks for a commit now rather than at the next interval. It never blocks.
func (t *Tenure) Due() {
	select {
	case t.due <- struct{}{}:
	default: // one is asked for already
	}
}

// Moved tells that a position has moved, so that a commit follows within the interval and its transaction can be begun. Who
// tells it holds the lock that Collect takes to have this position handed over: else it could be told after its commit, and
// none would follow. It never blocks, and costs next to nothing for all but the first between two commits.
func (t *Tenure) Moved() { t.ahead.moved() }

// tenure runs one generation: rounds until the generation is over. gctx is the generation's, pctx the process'.
func (g *Group) tenure(gctx, pctx context.Context, gen *kafka.Generation) ending {
	g.lock.Lock()
	defer g.lock.Unlock()
	ctx, cancel := context.WithCancel(gctx)
	defer cancel()
	defer context.AfterFunc(pctx, cancel)()

	partitions := assigned(gen.Assignments, g.conf.Topics)
	member := broker.Member{Group: g.conf.Group, Generation: gen.ID, ID: gen.MemberID}
	g.conf.Metrics.joins.Inc()
	g.conf.Metrics.generation.Set(float64(gen.ID))
	g.conf.Log.Info("partitions assigned", zap.Int32("generation", gen.ID), zap.Strings("partitions", names(partitions)))
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
		g.conf.Metrics.rereads.Inc()
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
	wg    sync.WaitGroup
	grace context.Context // of commits: ends flushOnRevoke after the work was told to stop
	began time.Time

	over  chan struct{} // told when the round must end
	mu    sync.Mutex
	ended *ending // the gravest so far
}

// assigned lists what is assigned, by topic and number.
func assigned(all map[string][]kafka.PartitionAssignment, topics []string) (partitions []broker.TopicPartition) {
	for _, topic := range topics {
		for _, a := range all[topic] {
			partitions = append(partitions, broker.TopicPartition{Topic: topic, Partition: int32(a.ID)})
		}
	}
	slices.SortFunc(partitions, broker.TopicPartition.Compare)
	return partitions
}

// names are for a log line.
func names(partitions []broker.TopicPartition) []string {
	all := make([]string, len(partitions))
	for i, p := range partitions {
		all[i] = p.Name()
	}
	return all
}

func (g *Group) round(ctx context.Context, member broker.Member, partitions []broker.TopicPartition) ending {
	r := &round{Group: g, over: make(chan struct{}, 1), began: time.Now()}
	r.t = &Tenure{
		Client: g.conf.Client, Log: g.conf.Log, Member: member, Partitions: partitions, Writer: g.writer,
		due: make(chan struct{}, 1), ahead: newOpener(g.conf.Interval), driver: txn.NewDriver(g.conf.Client, g.writer),
	}
	r.t.driver.Watch = g.conf.Metrics.watch()
	waited := r.saySlow(r.writer)
	err := r.t.driver.Init(ctx)
	waited()
	if err != nil {
		return r.afterInit(ctx, err)
	}
	r.sayVersion()
	topics, end := r.lookUp(ctx, partitions)
	if end != nil {
		return *end
	}
	r.t.Topics = topics
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
	defer r.assigned(nil)
	r.wg.Go(func() { r.takeOver(work) })
	r.wg.Go(func() { r.commitLoop(work) })
	r.wg.Go(func() { r.watch(work) })
	select {
	case <-r.over:
	case <-ctx.Done():
	}
	stop()
	r.wg.Wait()
	return r.close()
}

// assigned tells which partitions are read now; nil when they are given up.
func (r *round) assigned(partitions []broker.TopicPartition) {
	if len(partitions) > 0 {
		r.conf.Metrics.takeOvers.Observe(time.Since(r.began).Seconds())
	}
	r.conf.Metrics.partitions.Set(float64(len(partitions)))
	r.conf.Assigned(partitions)
}

// sayVersion says in which version our transactions are, at the start and when the cluster has changed it.
func (r *round) sayVersion() {
	if v := r.t.driver.Version(); v != 0 && v != r.version {
		r.version = v
		r.conf.Metrics.version.Set(float64(v))
		r.conf.Log.Info(v.String())
	}
}

// saySlow says once that a new epoch is waited for, if that takes long: a coordinator can be busy with a transactional
// id until it is restarted (see the design of package txn). The function it returns ends the wait.
func (g *Group) saySlow(writer string) func() {
	t := time.AfterFunc(slowEpoch, func() {
		g.conf.Log.Warn("still waiting for a new epoch: Kafka can't be reached, or the coordinator of a transactional id is busy with an earlier transaction; if that does not pass, restart this broker",
			zap.String("transactional id", writer))
	})
	return func() { t.Stop() }
}

// afterInit judges why no epoch could be had.
func (r *round) afterInit(ctx context.Context, err error) ending {
	if ctx.Err() != nil {
		return ending{kind: endGeneration}
	}
	var code broker.Code // what passes by itself was tried again until now
	errors.As(err, &code)
	return ending{kind: endFatal, err: explain(err, code, r.writer, r.conf.Group)}
}

// close ends a round whose goroutines have all ended. What the workers hold is committed if nothing is in doubt:
// the coordinator accepts our generation until we join again.
func (r *round) close() ending {
	end := ending{kind: endGeneration}
	if r.ended != nil {
		end = *r.ended
	}
	if end.kind == endGeneration && !r.t.driver.InDoubt() {
		if last := r.commit(); last != nil {
			end = *last
			if end.kind == endRound { // there is no other round: the next generation reads again
				r.conf.Log.Warn("the last commit before giving partitions up is in doubt, their next owner settles it", zap.Error(end.err))
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

// end makes the round end. Of several endings the gravest counts, and of equals the first.
func (r *round) end(e ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil || e.kind > r.ended.kind {
		r.ended = &e
	}
	select {
	case r.over <- struct{}{}:
	default:
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

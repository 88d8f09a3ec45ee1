package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/kafka/txn"
	"github.com/meanstream/meanstream/services/generator/feed"
)

// Prefix begins the names of the consumer group and the transactional id of every load; its --load-name follows.
const Prefix = "meanstream-load-"

// keeper is the partition of the records topic at which the group's progress is kept. Its commits are no positions in
// that partition.
const keeper int32 = 0

// Config is what a load is told.
type Config struct {
	Client     *broker.Client
	Name       string       // what tells this load from others
	Topic      broker.Topic // where the lines go
	BatchBytes int
	Keyed      bool          // a line's category is its key
	Rate       float64       // lines a second; 0: as fast as it goes
	Count      int64         // end when so many lines of the load are in, by whichever of its processes; 0: with the files
	Grace      time.Duration // how long the last commit may take once ctx has ended
	Log        *zap.Logger
}

// Load is one run of a load.
type Load struct {
	Config
	id     string // of the group, and the transactional id
	writer string // this process
	files  *feed.Files
	driver *txn.Driver

	trouble group.Trouble
	before  Progress      // as last committed
	kept    broker.Offset // the same as it is kept, or what was there before us
	limit   int           // blocks of one transaction
	held    []*block      // read and not committed
	looked  time.Time

	partitions atomic.Int32
	read       atomic.Int64 // lines that were read by this process
	committed  atomic.Int64 // lines that were committed by this process
	bytes      atomic.Int64 // of the files, behind the last commit
}

// New makes a load of files that nothing was read of yet.
func New(c Config, files *feed.Files) *Load {
	l := &Load{Config: c, id: Prefix + c.Name, writer: uuid.NewString(), files: files, limit: firstBlocks, looked: time.Now()}
	l.driver = txn.NewDriver(c.Client, l.id)
	l.trouble.Voice = group.NewVoice(c.Log, "loading into "+c.Topic.Name)
	l.partitions.Store(c.Topic.Partitions())
	return l
}

// Committed is how many lines this process has brought in, and Held how many it has read beyond them.
func (l *Load) Committed() int64 { return l.committed.Load() }

// Held is how many lines were read and are not in yet.
func (l *Load) Held() int64 { return l.read.Load() - l.committed.Load() }

// Bytes is how much of the files is in, as they lie there, and Total how much that is of.
func (l *Load) Bytes() (in, total int64) { return l.bytes.Load(), l.files.Total() }

// Run loads what is not in yet, and returns when it is, or when ctx has ended and the commit under way is done. An
// error is one that a person must act on; started again, the load goes on behind what is in.
func (l *Load) Run(ctx context.Context) (err error) {
	defer func() { l.leave(ctx, err) }()
	left, err := l.begin(ctx)
	if err != nil || !left || ctx.Err() != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	blocks := make(chan *block, maxBlocks)
	read := make(chan error, 1)
	go func() {
		defer close(blocks)
		read <- l.readAll(reading, blocks)
	}()
	err = l.commitAll(ctx, blocks)
	stop()
	for range blocks { // so that the reader does not wait for ever
	}
	return errors.Join(<-read, err)
}

// leave ends a transaction that may be open, for which readers would wait until the brokers time it out.
func (l *Load) leave(ctx context.Context, err error) {
	if !l.driver.InDoubt() || errors.Is(err, ErrTakenOver) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Grace/10)
	defer cancel()
	_ = l.driver.Init(ctx) // in vain the brokers will do it
}

// begin finds out how far the load has come, and puts our name there. It tells whether anything is left to do.
func (l *Load) begin(ctx context.Context) (left bool, err error) {
	committed, err := l.settle(ctx)
	if err != nil || ctx.Err() != nil {
		return false, err
	}
	l.kept = committed
	l.before = Progress{Version: progressVersion, Topic: topicID(l.Topic.ID)}
	if committed.At >= 0 {
		was, err := decode(committed)
		if err != nil {
			return false, fmt.Errorf("%w: it is kept in consumer group %q: delete that (kafka-consumer-groups.sh --delete --group %s) or take another --load-name, and all is loaded from the beginning", err, l.id, l.id)
		}
		if was.Topic == l.before.Topic {
			l.before = was
		} else {
			l.Log.Warn("the topic was made anew since this load began: loading from the beginning", zap.String("topic", l.Topic.Name), zap.String("load", l.Name))
		}
	}
	if err := l.resume(ctx); err != nil || ctx.Err() != nil {
		return false, err
	}
	if l.files.Ended(l.before.Place) || l.Count > 0 && l.before.Lines >= l.Count {
		l.Log.Info("all is loaded already; to load it once more, take another --load-name", zap.String("load", l.Name), zap.Int64("lines", l.before.Lines))
		return false, nil
	}
	l.Log.Info("loading", zap.String("load", l.Name), zap.Int64("lines that are in", l.before.Lines), zap.Int64("bytes", l.files.Total()))
	// A load of the same name that is still at work, or asleep, finds our name in place of its own and ends.
	return true, l.become(ctx, &block{to: l.before.Place, read: l.files.Read()})
}

// resume finds the line in the files behind the last that is in.
func (l *Load) resume(ctx context.Context) error {
	if l.before.Bytes > 0 {
		l.Log.Info("reading what is in already, to be sure that it is the same", zap.String("file", l.before.Name), zap.Int64("bytes", l.before.Bytes))
	}
	err := l.files.Resume(ctx, l.before.Place)
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, feed.ErrChanged):
		return fmt.Errorf("load %q: %w: %d lines of it are in: name the same files again, new ones behind them, or load from the beginning under another --load-name", l.Name, err, l.before.Lines)
	}
	l.bytes.Store(l.files.Read())
	return err
}

// become commits one block until it is in, as long as ctx lasts.
func (l *Load) become(ctx context.Context, b *block) error {
	for ctx.Err() == nil {
		if in, err := l.commit(ctx, []*block{b}); in || err != nil {
			return err
		}
	}
	return nil
}

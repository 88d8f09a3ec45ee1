package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// stretch is some time of traffic.
type stretch struct {
	seed    uint64
	lasting time.Duration
	quiet   broker.TopicPartition // that is left alone; zero: none
	late    bool                  // late records may lie close to what is in time
	codec   int                   // of codecs
	ends    bool                  // in transactions, some of which are aborted
	name    string
}

func codecs() []kgo.CompressionCodec {
	return []kgo.CompressionCodec{kgo.NoCompression(), kgo.SnappyCompression(), kgo.GzipCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
}

// traffic draws a stretch.
func (d *drawing) traffic(lasting time.Duration) {
	s := stretch{seed: d.random.Uint64(), lasting: lasting, late: !d.changing, codec: d.random.IntN(len(codecs())),
		ends: d.random.IntN(5) == 0, name: fmt.Sprint("sender ", len(d.events))}
	if d.now < d.quietUntil {
		s.quiet = d.quiet
	}
	text := fmt.Sprintf("for %s, codec %d", lasting, s.codec)
	if s.quiet.Topic != "" {
		text += ", none to " + s.quiet.Name()
	}
	if s.ends {
		text += ", in transactions"
	}
	d.add(0, "traffic", text, func(p *play) {
		p.did()
		p.all.Go(func() { p.stream(s) })
	})
}

// silence draws some time in which nothing is sent.
func (d *drawing) silence() {
	lasting := d.between(6*time.Second, 45*time.Second)
	begin := d.now
	d.now += lasting // what was to happen later in this stretch happens in it
	d.add(0, "silence", fmt.Sprintf("nothing was sent for some of %s", lasting), func(p *play) { p.did() })
	d.fault()
	d.now = begin
}

// backlog draws many records at once.
func (d *drawing) backlog() {
	seed, at, n := d.random.Uint64(), d.place(), 100+d.random.IntN(3000)
	if d.now < d.quietUntil && at == d.quiet {
		all := places(d.two)
		at = all[(slices.Index(all, at)+1)%len(all)]
	}
	d.add(0, "backlog", fmt.Sprintf("%d records at once to %s", n, at.Name()), func(p *play) {
		p.did()
		random := rand.New(rand.NewPCG(seed, 7))
		var all []*kgo.Record
		for range n {
			all = append(all, p.shape.Some(random, time.Now()))
		}
		p.all.Go(func() { p.put(p.client, at, all...) })
	})
}

// sender is a client that finds a leader that has moved at once: what waits longer could be too late for its window.
func (p *play) sender(opts ...kgo.Opt) *kgo.Client {
	opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(10*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }))
	return p.cluster.Client(opts...)
}

// stream sends records: most of them in time, some late, some filtered, some not fit to count, and some from a clock
// that is half an hour ahead.
func (p *play) stream(s stretch) {
	random := rand.New(rand.NewPCG(s.seed, 7))
	opts := []kgo.Opt{kgo.ProducerBatchCompression(codecs()[s.codec])}
	if s.ends {
		opts = append(opts, kgo.TransactionalID(s.name))
	}
	client, all := p.sender(opts...), p.there() // a client learns of later ones only after minutes
	defer client.Close()
	begin, open := time.Now(), 0
	for time.Since(begin) < s.lasting {
		if s.ends && open == 0 {
			if err := client.BeginTransaction(); err != nil {
				p.t.Errorf("begin a sender's transaction: %v", err)
				return
			}
			open = 1 + random.IntN(12)
		}
		if at := all[random.IntN(len(all))]; at != s.quiet {
			p.one(client, random, at, s.late)
		}
		if s.ends {
			if open--; open == 0 {
				p.endOf(client, random.IntN(3) > 0)
			}
		}
		time.Sleep(time.Duration(1 + random.Int64N(int64(200*time.Millisecond))))
	}
	if open > 0 {
		p.endOf(client, true)
	}
}

// endOf ends a sender's transaction.
func (p *play) endOf(client *kgo.Client, commit bool) {
	if err := client.EndTransaction(context.Background(), kgo.TransactionEndTry(commit)); err != nil {
		p.t.Errorf("end a sender's transaction: %v", err)
	}
}

// one sends one record, or an ordinary one and then a late one: where a partition has slept, an old record is not late
// but dropped at the sink, which the oracle, who knows no clock, can't foresee.
func (p *play) one(client *kgo.Client, random *rand.Rand, at broker.TopicPartition, late bool) {
	now := time.Now()
	switch random.IntN(40) {
	case 0, 1:
		p.put(client, at, p.shape.Plain(now, 1, "A"))
		old := 80 + random.IntN(60) // seconds: late by every setting
		if late {
			old = random.IntN(60)
		}
		p.put(client, at, p.shape.Plain(now.Add(-time.Duration(old)*time.Second), random.Float64()*100, "B"))
		return
	case 2: // a wrong clock that the broker notices
		p.put(client, at, p.shape.Plain(now.Add(30*time.Minute), 1, "A"))
		return
	case 3: // a wrong clock that vouches for itself
		liar := p.shape.Plain(now.Add(30*time.Minute), 1, "A")
		liar.Timestamp = now.Add(30 * time.Minute)
		p.put(client, at, liar)
		return
	}
	p.put(client, at, p.shape.Some(random, now))
}

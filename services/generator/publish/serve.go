package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/group"
	"github.com/meanstream/meanstream/pkg/progress"
	"github.com/meanstream/meanstream/services/generator/feed"
)

// Feed are the settings that say what is published; the demo has them as well.
type Feed struct {
	Source     []string `default:"synthetic" sep:"none" group:"first" placeholder:"SOURCE" help:"Where records come from: synthetic, tcp://HOST:PORT (lines of JSON, or of Python dicts), - for standard input, or file:PATH: plain, gzip or zstd; a pattern such as file:readings-*.gz, or --source once for each. Files are loaded exactly once, however often that is killed and started again."`
	LoadName   string   `group:"run" placeholder:"NAME" help:"Files: the name under which Kafka remembers how far their load has come. Another name loads them once more. The first file's name (or pattern) without it."`
	Rate       Rate     `group:"first" placeholder:"N" help:"Records per second; 0 = as fast as it goes. 1000 for synthetic, else 0."`
	Count      int64    `default:"0" min:"0" group:"run" placeholder:"N" help:"End after so many records, of files those that earlier starts of the load brought included; 0 = never."`
	Seed       Seed     `group:"run" placeholder:"SEED" help:"Synthetic: the same seed gives the same values and categories. Random and logged without it."`
	Categories []string `default:"A,B,C" group:"run" placeholder:"NAME" help:"Synthetic: the categories to draw from."`
	Key        string   `default:"none" enum:"none,category" group:"run" placeholder:"KEY" help:"Key of the records: none spreads them evenly over partitions, category keeps each category in one."`
}

// Validate reports what the single settings do not show.
func (f *Feed) Validate() []error {
	var all []error
	for _, s := range f.Source {
		switch {
		case s != "synthetic" && s != "-" && !strings.HasPrefix(s, "tcp://") && !strings.HasPrefix(s, "file:"):
			all = append(all, daemon.Wrong("source", "is no source: write synthetic, tcp://HOST:PORT, file:PATH, or - for standard input"))
		case len(f.Source) > 1 && !strings.HasPrefix(s, "file:"):
			all = append(all, daemon.Wrong("source", "stands beside others: only files can be several, one file:PATH each"))
		}
	}
	if f.LoadName != "" && !f.files() {
		all = append(all, daemon.Wrong("load-name", "names nothing: only files are loaded, by --source file:PATH"))
	}
	if f.LoadName != loadName(f.LoadName) {
		all = append(all, daemon.Wrong("load-name", "is no name: write up to %d letters, digits, dots, underscores or dashes", maxLoadName))
	}
	for _, c := range f.Categories {
		if c == "" {
			all = append(all, daemon.Wrong("categories", "has an empty name: write names separated by commas"))
		}
	}
	return all
}

// files tells whether files are to be loaded.
func (f *Feed) files() bool { return strings.HasPrefix(f.Source[0], "file:") }

// rate is the pace in records per second; 0 is none.
func (f *Feed) rate() float64 {
	switch {
	case f.Rate.Set:
		return f.Rate.PerSecond
	case f.Source[0] == "synthetic":
		return 1000
	}
	return 0
}

// Settings is all that a generator is told.
type Settings struct {
	Feed
	MaxRecordBytes int
	Broker         broker.Config // Topics is filled in by Serve
	Records        broker.NewTopic
	Create         bool
	Grace          time.Duration // how long the last records may take once ctx has ended
	Log            *zap.Logger
	Metrics        prometheus.Registerer
	Stdin          io.Reader // nil: the process' own
	Ready          func(ready bool, reason string)
	Screen         *progress.Screen // where a load shows how far it is; nil: in the log
}

// Serve publishes until the source ends or ctx does; either way what was read is flushed first.
func Serve(ctx context.Context, s Settings) error {
	if s.files() {
		return s.load(ctx)
	}
	seed := rand.Uint64()
	if s.Seed.Set {
		seed = s.Seed.Value
	}
	pace := feed.NewPace(s.rate())
	source, err := feed.Open(s.Source[0], feed.Options{
		MaxRecordBytes: s.MaxRecordBytes, FindCategory: s.Key == "category", Seed: seed, Categories: s.Categories,
		Now: pace.Now, Dial: nil, Log: s.Log, Stdin: s.Stdin,
	})
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	client := s.client()
	defer client.Close()
	records, err := s.connect(ctx, client)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if s.Source[0] == "synthetic" {
		s.Log.Info("generating", zap.Uint64("seed", seed), zap.Float64("rate", s.rate()))
	}
	p := New(client, s.Records.Name, records.Partitions(), s.Log)
	s.measure(p.Acked, p.Unacked)
	return s.publish(ctx, p, source, pace)
}

// client makes the one that everything is sent by.
func (s *Settings) client() *broker.Client {
	s.Broker.Topics = []string{s.Records.Name}
	return broker.New(s.Broker)
}

// connect waits for Kafka and the topic. Where ctx ends first the topic is none.
func (s *Settings) connect(ctx context.Context, client *broker.Client) (broker.Topic, error) {
	s.Ready(false, "waiting for Kafka and its topics")
	if err := client.EnsureTopics(ctx, []broker.NewTopic{s.Records}, s.Create, s.Log); err != nil || ctx.Err() != nil {
		return broker.Topic{}, err
	}
	if err := client.CheckTopics(ctx, []broker.Use{s.use()}, s.Log); err != nil || ctx.Err() != nil {
		return broker.Topic{}, err
	}
	return s.find(ctx, client)
}

// measure registers what is counted.
func (s *Settings) measure(acked, unacked func() int64) {
	s.Metrics.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "meanstream_generator_records_total", Help: "Records acknowledged by Kafka."},
			func() float64 { return float64(acked()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "meanstream_generator_unacked_records", Help: "Records read and not acknowledged yet."},
			func() float64 { return float64(unacked()) }))
}

// frame is the most that a batch takes beside the value of its one record: its head, a key of 1 KiB, the header.
const frame = 2 << 10

// use is what is done with the topic.
func (s *Settings) use() broker.Use {
	u := broker.Use{Topic: s.Records.Name, Right: broker.Write, Batch: max(batchBytes, s.MaxRecordBytes+frame)}
	if s.Key == "none" {
		u.Compacted = "records without a key are refused, which stops the generator"
	}
	return u
}

// find looks the topic up; it is none once ctx has ended. Another broker than the one that made the topic may not know it
// yet.
func (s *Settings) find(ctx context.Context, client *broker.Client) (broker.Topic, error) {
	trouble := group.Trouble{Voice: group.NewVoice(s.Log, fmt.Sprintf("looking up topic %q", s.Records.Name))}
	for ctx.Err() == nil {
		topic, waiting, err := client.Find(ctx, s.Records.Name)
		if err != nil {
			return topic, err
		}
		if waiting == "" {
			return topic, nil
		}
		trouble.Pause(ctx, fmt.Errorf("waiting for %s", waiting))
	}
	return broker.Topic{}, nil
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

// publish runs the sender beside the loop that reads the source. What was read is flushed, whatever ended the reading:
// as long as that takes after a source's own end, for the time of grace after a stop.
func (s *Settings) publish(ctx context.Context, p *Publisher, source feed.Source, pace *feed.Pace) error {
	late, cancel := outlive(ctx, s.Grace*4/5)
	defer cancel()
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	sent := make(chan error, 1)
	go func() {
		sent <- p.Run(sending)
		stopReading() // a source that is silent would keep the sender's error back
	}()
	s.Ready(true, "")
	began := time.Now()
	read, err := s.read(reading, late, p, source, pace)
	_ = p.Flush(late) // its errors are late's end, which the count below tells, and Run's own
	stop()
	failed := <-sent
	s.Log.Info("published", zap.Int64("records", p.Acked()), zap.Duration("in", time.Since(began).Round(time.Millisecond)))
	if lost := read - p.Acked(); lost > 0 {
		if failed == nil {
			failed = errors.New("stopping")
		}
		failed = fmt.Errorf("%w: %d records read from %s are not acknowledged by Kafka and may be lost", failed, lost, s.Source[0])
	}
	return errors.Join(err, failed)
}

// read hands lines over at the pace asked for, until the source or ctx or the publisher ends, and returns how many it
// has read. The one in hand as ctx ends may wait for room until late ends. An error is the source's.
func (s *Settings) read(ctx, late context.Context, p *Publisher, source feed.Source, pace *feed.Pace) (n int64, err error) {
	for due := 0; s.Count == 0 || n < s.Count; due-- {
		if due == 0 {
			if due, err = pace.Wait(ctx, 1024); err != nil {
				return n, nil // ctx has ended
			}
		}
		line, err := source.Next(ctx)
		if err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				err = nil
			}
			return n, err
		}
		n++
		r := Record{Value: line.Value, Truncated: line.Truncated}
		if s.Key == "category" {
			r.Key = line.Category
		}
		if err := p.Add(late, r); err != nil {
			return n, nil // Run returns it too, or late has ended
		}
	}
	return n, nil
}

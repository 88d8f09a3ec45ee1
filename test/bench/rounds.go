package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/meanstream/meanstream/test/oracle"
	"github.com/meanstream/meanstream/test/rivals/answer"
)

// bench is what is done with one topic.
type bench struct {
	options
	cluster *cluster
	bin     string
	others  []peer
	topic   topic
	runs    int // of ours, each with topics and groups of its own
}

// program is one row of the table.
type program struct {
	name, does string
	repeat     int
	run        func(context.Context) (sample, error)
}

// programs are ours first, then the others.
func (b *bench) programs() []program {
	onTopic := []string{"-broker", b.cluster.addr, "-topic", b.topic.name}
	decode := []string{"-numbers", string(b.topic.load.Numbers), "-seed", fmt.Sprint(b.topic.load.Seed), "-partitions", fmt.Sprint(b.topic.load.Partitions), "-records", fmt.Sprint(b.topic.load.Records)}
	all := []program{
		{ours, "exactly once, exact sums, late records", b.repeat, b.river},
		{"the same, without transactions", "a crash loses or doubles records", b.repeat, b.plainRiver},
		{"franz-go, by an expert", "nothing survives a crash", b.repeat, b.other("franz", onTopic, checkMeans)},
		{"kafka-go Reader", "a crash loses or doubles records", b.slow, b.other("kafkago", onTopic, checkMeans)},
		{floorFetch, "floor: fetch, CRC, walk", b.repeat, b.other("fetch", onTopic, checkCount)},
		{floorDecode, "floor: decode, filter, exact sums", b.repeat, b.other("decode", decode, checkMeans)},
	}
	for _, p := range b.others {
		all = slices.Insert(all, len(all)-2, p.jobs(b)...) // the floors stay last
	}
	return slices.DeleteFunc(all, func(p program) bool { return p.repeat == 0 })
}

// Names that the table reckons with.
const (
	ours        = "meanstream"
	floorFetch  = "bare fetch"
	floorDecode = "bare decode"
)

// warmUps is how often ours runs before anything counts: while a fresh broker's compiler is at work, it takes a share of the
// cores and their caches, and whoever runs first seems to need a third more than later.
const warmUps = 4

// rounds runs all programs in turn, those that are short several times, so that what else the machine does meets all.
func (b *bench) rounds(ctx context.Context) ([]row, error) {
	for range warmUps {
		if _, err := b.river(ctx); err != nil {
			return nil, fmt.Errorf("warm-up: %w", err)
		}
	}
	all := b.programs()
	rows := make([]row, len(all))
	for i, p := range all {
		rows[i] = row{name: p.name, does: p.does, records: b.topic.load.Records}
	}
	for round := range b.repeat {
		for i, p := range all {
			if round >= p.repeat {
				continue
			}
			s, err := p.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			fmt.Fprintf(os.Stderr, "%s, %s numbers, run %d: %.2f s, %.3f CPU seconds for a million\n", p.name, b.topic.load.Numbers, round+1, s.wall.Seconds(), s.cpu.Seconds()/float64(b.topic.load.Records)*1e6)
			rows[i].samples = append(rows[i].samples, s)
		}
	}
	counted, err := b.mallocs(ctx)
	if err != nil {
		return nil, fmt.Errorf("count our allocations: %w", err)
	}
	for i := range rows[0].samples {
		rows[0].samples[i].mallocs = counted
	}
	return rows, nil
}

// check says what is wrong with an answer.
type check func(answer.Answer, topic) error

// other is a program of this module.
func (b *bench) other(binary string, args []string, right check) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		return b.ask(ctx, right, filepath.Join(b.bin, binary), args...)
	}
}

// ask runs a program that prints an answer, and checks it.
func (b *bench) ask(ctx context.Context, right check, path string, args ...string) (sample, error) {
	p, err := start(ctx, path, args...)
	if err != nil {
		return sample{}, err
	}
	u, err := p.wait()
	if err != nil {
		return sample{}, err
	}
	var a answer.Answer
	if err := json.Unmarshal(p.stdout.Bytes(), &a); err != nil {
		return sample{}, fmt.Errorf("read its answer: %w", err)
	}
	s := sample{used: u, mallocs: a.Mallocs}
	if a.CPU != 0 {
		s.cpu = time.Duration(a.CPU * float64(time.Second))
		s.wall = s.cpu
	}
	return s, right(a, b.topic)
}

// checkCount is for programs that do nothing with the records.
func checkCount(a answer.Answer, t topic) error {
	if a.Records != int64(t.load.Records) {
		return fmt.Errorf("it read %d records of %d", a.Records, t.load.Records)
	}
	return nil
}

// closeEnough is the relative error that a mean of so many numbers may have where sums are rounded with every addition.
const closeEnough = 1e-9

// checkMeans asks for the right count and mean of each window and category in which something was kept.
func checkMeans(a answer.Answer, t topic) error {
	if err := checkCount(a, t); err != nil {
		return err
	}
	type key struct {
		start    int64
		category string
	}
	got := map[key]answer.Mean{}
	for _, m := range a.Means {
		got[key{m.Start, m.Category}] = m
	}
	wanted := 0
	for _, want := range t.want.Results {
		if want.Count == 0 {
			continue
		}
		wanted++
		m := got[key{want.Start / 1e9, want.Category}]
		if m.Count != want.Count || math.Abs(m.Mean-want.Mean) > closeEnough*math.Abs(want.Mean) {
			return fmt.Errorf("window %d, category %s: mean %v of %d records, want %v of %d", want.Start/1e9, want.Category, m.Mean, m.Count, want.Mean, want.Count)
		}
	}
	if len(got) != wanted || len(a.Means) != wanted {
		return fmt.Errorf("it says %d means, want %d", len(a.Means), wanted)
	}
	return nil
}

// checkResults holds our results to the oracle, byte by byte.
func (b *bench) checkResults(ctx context.Context, name string) error {
	published, err := b.cluster.results(ctx, name)
	return cmp.Or(err, oracle.Compare(b.topic.want, published))
}

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// peersDir is where programs in other languages are built; it stays, for their compilers take minutes.
const peersDir = "bin/peers"

// peer is a binary in another language: the tools it takes, how it is built, and what it is run for. One that can be
// measured live has live and result.
type peer struct {
	name   string
	tools  []string
	build  func(ctx context.Context, dir string) *exec.Cmd
	jobs   func(*bench) []program
	live   func(ctx context.Context, c *cluster, topic string, partitions int) ([]*process, string, error)
	result func(*kgo.Record) (liveResult, error)
}

func peers() []peer {
	return []peer{
		{"Kafka Streams", []string{"java", "mvn"}, buildStreams, streams, liveStreams, streamsResult},
		{"Rust", []string{"cargo", "cc"}, buildRust, rust, nil, nil},
	}
}

// buildPeers builds those that can be built here, and says of each of the others why it is left out.
func buildPeers(ctx context.Context, all []peer) (built []peer, err error) {
	dir, err := filepath.Abs(peersDir)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if tool := missing(p.tools); tool != "" {
			fmt.Fprintf(os.Stderr, "%s is left out: there is no %s in the path\n", p.name, tool)
			continue
		}
		if out, err := p.build(ctx, dir).CombinedOutput(); err != nil { // a tool that is too old, a registry out of reach
			fmt.Fprintf(os.Stderr, "%s is left out: build it: %v\n%s\n", p.name, err, tail(string(out)))
			continue
		}
		built = append(built, p)
	}
	return built, nil
}

// missing is the first of the tools that is not in the path; "" if all are.
func missing(tools []string) string {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	return ""
}

func buildStreams(ctx context.Context, dir string) *exec.Cmd {
	return exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", "test/rivals/streams", "-Dout="+filepath.Join(dir, "streams"), "process-classes")
}

func buildRust(ctx context.Context, dir string) *exec.Cmd {
	return exec.CommandContext(ctx, "cargo", "build", "-q", "--release", "--locked", "--manifest-path", "test/rivals/rust/Cargo.toml", "--target-dir", filepath.Join(dir, "rust"))
}

func streams(b *bench) []program {
	job := func(flag string) func(context.Context) (sample, error) {
		return func(ctx context.Context) (sample, error) { return b.streams(ctx, flag) }
	}
	return []program{
		{"Kafka Streams 4.3.1", "exactly_once_v2", b.repeat, job("plain")},
		{"Kafka Streams, pre-aggregated", "exactly_once_v2, two stages by hand", b.repeat, job("staged")},
	}
}

// streams runs Kafka Streams as an application of its own each time: what it keeps in Kafka would be gone on with.
func (b *bench) streams(ctx context.Context, job string) (sample, error) {
	b.runs++
	app := fmt.Sprintf("%s-%d-streams", b.topic.name, b.runs)
	results := app + "-results"
	b.cluster.made = append(b.cluster.made, app+"-by-category-repartition", app+"-averages-changelog", app+"-local-changelog")
	if err := b.cluster.make(ctx, results, partitions); err != nil {
		return sample{}, err
	}
	return b.ask(ctx, checkMeans, "java", javaArgs("-job", job, "-broker", b.cluster.addr, "-topic", b.topic.name, "-app", app, "-results", results, "-state", filepath.Join(b.bin, app))...)
}

// javaArgs starts the program of Kafka Streams.
func javaArgs(flags ...string) []string {
	dir := filepath.Join(peersDir, "streams")
	return append([]string{"-XX:+UseParallelGC", "-Xms1g", "-Xmx1g", "-cp", filepath.Join(dir, "classes") + string(filepath.ListSeparator) + filepath.Join(dir, "lib", "*"), "peer.Main"}, flags...)
}

// liveStreams starts the job for live traffic; what it keeps on disk goes with the folder that the caller's system cleans.
func liveStreams(ctx context.Context, c *cluster, topic string, partitions int) ([]*process, string, error) {
	app := topic + "-streams"
	results := app + "-results"
	if err := c.make(ctx, results, partitions); err != nil {
		return nil, "", err
	}
	p, err := start(ctx, "java", javaArgs("-job", "live", "-broker", c.addr, "-topic", topic, "-app", app, "-results", results, "-state", filepath.Join(os.TempDir(), app))...)
	return []*process{p}, results, err
}

// streamsResult reads one of its results: the key ends with the window's start in milliseconds, the value begins with the
// count.
func streamsResult(r *kgo.Record) (liveResult, error) {
	if len(r.Key) < 8 || len(r.Value) < 8 {
		return liveResult{}, fmt.Errorf("key %q, value %q", r.Key, r.Value)
	}
	start := time.UnixMilli(int64(binary.BigEndian.Uint64(r.Key[len(r.Key)-8:])))
	return liveResult{start.Add(liveWindow), int64(binary.BigEndian.Uint64(r.Value))}, nil
}

func rust(b *bench) []program {
	return []program{{"Rust, by an expert", "nothing survives a crash", b.repeat, func(ctx context.Context) (sample, error) {
		return b.ask(ctx, checkMeans, filepath.Join(peersDir, "rust", "release", "peer-rust"), "-broker", b.cluster.addr, "-topic", b.topic.name)
	}}}
}

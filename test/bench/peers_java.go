package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// maven builds a peer in Java: its classes, and its libraries in lib.
func maven(peer string) func(context.Context, string) *exec.Cmd {
	return func(ctx context.Context, dir string) *exec.Cmd {
		return exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", "test/rivals/"+peer, "-Dout="+filepath.Join(dir, peer), "process-classes")
	}
}

func streams(b *bench) []program {
	job := func(flag string) func(context.Context) (sample, error) {
		return b.java("streams", flag, "-by-category-repartition", "-averages-changelog", "-local-changelog")
	}
	return []program{
		{"Kafka Streams 4.3.1", "exactly_once_v2", b.repeat, job("plain")},
		{"Kafka Streams, pre-aggregated", "exactly_once_v2, two stages by hand", b.repeat, job("staged")},
	}
}

func flink(b *bench) []program {
	return []program{
		{"Flink 2.2.1", "exactly once, a checkpoint a second", b.repeat, b.java("flink", "plain")},
		{"Flink, pre-aggregated", "exactly once, two stages by hand", b.repeat, b.java("flink", "staged")},
	}
}

// java runs a peer in Java as an application of its own each time: what it keeps in Kafka or on disk would be gone on with.
// Topics that it makes itself are named by how they end.
func (b *bench) java(peer, job string, itsOwn ...string) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		b.runs++
		app := fmt.Sprintf("%s-%d-%s", b.topic.name, b.runs, peer)
		results := app + "-results"
		for _, end := range itsOwn {
			b.cluster.made = append(b.cluster.made, app+end)
		}
		if err := b.cluster.make(ctx, results, partitions); err != nil {
			return sample{}, err
		}
		return b.ask(ctx, checkMeans, "java", javaArgs(peer, "-job", job, "-broker", b.cluster.addr, "-topic", b.topic.name, "-app", app, "-results", results, "-state", filepath.Join(b.bin, app))...)
	}
}

// javaArgs starts a peer in Java.
func javaArgs(peer string, flags ...string) []string {
	dir := filepath.Join(peersDir, peer)
	return append([]string{"-XX:+UseParallelGC", "-Xms1g", "-Xmx1g", "-cp", filepath.Join(dir, "classes") + string(filepath.ListSeparator) + filepath.Join(dir, "lib", "*"), "peer.Main"}, flags...)
}

// liveJava starts the job for live traffic; what it keeps on disk is in dir, which goes when the bench does.
func liveJava(peer string) func(dir string) beginning {
	return func(dir string) beginning {
		return func(ctx context.Context, c *cluster, topic string, partitions int) ([]*process, string, error) {
			app := topic + "-" + peer
			results := app + "-results"
			if err := c.make(ctx, results, partitions); err != nil {
				return nil, "", err
			}
			p, err := start(ctx, "java", javaArgs(peer, "-job", "live", "-broker", c.addr, "-topic", topic, "-app", app, "-results", results, "-state", filepath.Join(dir, app))...)
			return []*process{p}, results, err
		}
	}
}

// javaResult reads one of the results of a peer in Java: the key ends with the window's start in milliseconds, the value
// begins with the count.
func javaResult(r *kgo.Record) (liveResult, error) {
	if len(r.Key) < 8 || len(r.Value) < 8 {
		return liveResult{}, fmt.Errorf("key %q, value %q", r.Key, r.Value)
	}
	start := time.UnixMilli(int64(binary.BigEndian.Uint64(r.Key[len(r.Key)-8:])))
	return liveResult{start.Add(liveWindow), int64(binary.BigEndian.Uint64(r.Value))}, nil
}

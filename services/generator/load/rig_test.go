package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/services/generator/feed"
)

const (
	topic    = "records"
	patience = 10 * time.Minute // of the bubble's clock
)

// rig is a cluster, and files to load.
type rig struct {
	t   *testing.T
	c   *kafkatest.Cluster
	dir string
}

func inBubble(t *testing.T, txnVersion int16, test func(*testing.T, *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, kafkatest.Options{Brokers: 2, Topics: map[string]int32{topic: 3}, TxnVersion: txnVersion, Trace: true})
		test(t, &rig{t: t, c: c, dir: dir})
	})
}

// numbers are the lines from, from+1, ... below to.
func numbers(from, to int) []byte {
	var b bytes.Buffer
	for i := from; i < to; i++ {
		fmt.Fprintln(&b, i)
	}
	return b.Bytes()
}

// write puts a file down, compressed as its name says.
func (r *rig) write(name string, text []byte) {
	r.t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch filepath.Ext(name) {
	case ".gz":
		w = gzip.NewWriter(&out)
	case ".zst":
		var err error
		if w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1)); err != nil {
			r.t.Fatal(err)
		}
	}
	if w == nil {
		out.Write(text)
	} else {
		if _, err := w.Write(text); err != nil {
			r.t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, name), out.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// process is one run of a load, on a host of its own.
type process struct {
	*Load
	t    *testing.T
	host *kafkatest.Host
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// begin starts a load of files at a rate that makes many transactions of few lines.
func (r *rig) begin(host string, change func(*Config), names ...string) *process {
	r.t.Helper()
	var specs []string
	for _, name := range names {
		specs = append(specs, "file:"+filepath.Join(r.dir, name))
	}
	files, err := feed.OpenFiles(specs, feed.Options{MaxRecordBytes: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	p := &process{t: r.t, host: r.c.Host(host), done: make(chan struct{})}
	client := broker.New(broker.Config{Brokers: r.c.Addrs(), Topics: []string{topic}, Dial: p.host.Dial, Timeout: 2 * time.Second})
	t, err := client.LookUp(r.t.Context(), topic)
	if err != nil {
		r.t.Fatal(err)
	}
	conf := Config{Client: client, Name: "test", Topic: t, BatchBytes: 500, Rate: 500, Grace: 10 * time.Second, Log: zap.NewNop()}
	if change != nil {
		change(&conf)
	}
	p.Load = New(conf, files)
	var ctx context.Context
	ctx, p.stop = context.WithCancel(r.t.Context())
	go func() {
		defer close(p.done)
		p.err = p.Run(ctx)
		p.stop()
		client.Close()
		if err := files.Close(); err != nil {
			r.t.Error(err)
		}
	}()
	return p
}

// crash ends a process as kill -9 does.
func (p *process) crash() {
	p.host.Kill()
	p.stop()
	<-p.done
}

// end waits for a process that ends by itself.
func (p *process) end() error {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatal("the load does not end")
	}
	return p.err
}

// finish runs a load to its end.
func (r *rig) finish(host string, names ...string) {
	r.t.Helper()
	if err := r.begin(host, nil, names...).end(); err != nil {
		r.t.Fatalf("%s: %v", host, err)
	}
}

// holds wants the lines 0 to n-1 in the topic, each once and those of a partition in their order, and the load's progress to
// say so many.
func (r *rig) holds(n int) {
	r.t.Helper()
	seen, last := map[int]int{}, map[int32]int{}
	for _, m := range r.c.ReadCommitted(topic) {
		i, err := strconv.Atoi(string(m.Value))
		if err != nil {
			r.t.Fatalf("no line of ours: %q", m.Value)
		}
		if seen[i]++; seen[i] > 1 {
			r.t.Errorf("line %d is there %d times", i, seen[i])
		}
		if before, ok := last[m.Partition]; ok && i <= before {
			r.t.Errorf("partition %d: line %d comes behind %d", m.Partition, i, before)
		}
		last[m.Partition] = i
	}
	for i := range n {
		if seen[i] == 0 {
			r.t.Errorf("line %d is not there", i)
		}
	}
	if len(seen) > n {
		r.t.Errorf("%d lines are there, want %d", len(seen), n)
	}
	if got := r.c.CommittedOffsets(Prefix+"test", topic)[keeper].At; got != int64(n) {
		r.t.Errorf("the load's offset is %d, want %d", got, n)
	}
}

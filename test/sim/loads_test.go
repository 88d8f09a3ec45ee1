package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/services/generator/load"
	"github.com/meanstream/meanstream/services/generator/publish"
)

// loaded is a load while its run is on.
type loaded struct {
	fileLoad
	sources []string // as --source names them
	content []string // its lines
	born    []string // its processes
}

// files puts the files of a load down. Each line says which it is, and is measured when it would come if nothing happened.
func (p *play) files(l fileLoad) {
	p.did()
	random, begin, dir := rand.New(rand.NewPCG(l.seed, 7)), time.Now(), p.t.TempDir()
	now := &loaded{fileLoad: l}
	for i := range l.lines {
		at := begin.Add(time.Duration(i) * time.Second / time.Duration(l.rate))
		now.content = append(now.content, tagged(string(p.shape.Some(random, at).Value), l.name, i))
	}
	for i := range l.files {
		text := strings.Join(now.content[i*l.lines/l.files:(i+1)*l.lines/l.files], "\n") + "\n"
		path := filepath.Join(dir, fmt.Sprint(i, ".ndjson"))
		if err := os.WriteFile(path, packed(text, i%2 == 1), 0o600); err != nil {
			p.t.Errorf("write a file to load: %v", err)
		}
		now.sources = append(now.sources, "file:"+path)
	}
	p.loads = append(p.loads, now)
}

// tagged is a line with its number in it, inside of the object if it is one.
func tagged(line, name string, i int) string {
	tag := fmt.Sprintf(`,"load":%q,"n":%d`, name, i)
	if inner, ok := strings.CutSuffix(line, "}"); ok {
		return inner + tag + "}"
	}
	return line + tag
}

// packed is text as a file has it, in gzip's format or as it is.
func packed(text string, zipped bool) []byte {
	if !zipped {
		return []byte(text)
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// bring starts a process that loads, and returns it; nil if the files are not there.
func (p *play) bring(name, as string) *process {
	for _, l := range p.loads {
		if l.name == name {
			p.did()
			h := p.loader(as, l)
			l.born = append(l.born, as)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.born[as] = h
			return h
		}
	}
	return nil
}

// loader is the generator, told to load.
func (r *river) loader(name string, l *loaded) *process {
	key := "none"
	if l.keyed {
		key = "category"
	}
	return r.launch(name, func(ctx context.Context, b broker.Config, log *zap.Logger) error {
		return publish.Serve(ctx, publish.Settings{
			Feed:           publish.Feed{Source: l.sources, LoadName: l.name, Rate: publish.Rate{Set: true, PerSecond: float64(l.rate)}, Key: key},
			MaxRecordBytes: 512 << 10, Broker: b, Records: topic(l.topic, sources), Grace: 10 * time.Second,
			Log: log, Metrics: prometheus.NewRegistry(), Ready: func(bool, string) {},
		})
	})
}

// finishLoads has each load end: its processes in their order, and then one that nothing happens to and that must bring in
// what is left.
func (p *play) finishLoads() {
	for _, l := range p.loads {
		for _, name := range l.born {
			p.mu.Lock()
			h, gone := p.born[name], p.gone[name]
			p.mu.Unlock()
			h.stop()
			<-h.done
			if h.err != nil && !gone && !errors.Is(h.err, load.ErrTakenOver) {
				p.t.Errorf("%s: %v", name, h.err)
			}
		}
		last := p.bring(l.name, l.name+".last")
		select {
		case <-last.done:
		case <-time.After(time.Minute):
			p.t.Errorf("broke live: the last process of %s does not end", l)
			last.Stop()
		}
		if last.err != nil {
			p.t.Errorf("the last process of %s: %v", l, last.err)
		}
	}
}

// key is what the message of a line has as its key; empty: none.
func (l *loaded) key(n int) string {
	var line struct{ Category string }
	if !l.keyed || json.Unmarshal([]byte(l.content[n]), &line) != nil {
		return ""
	}
	return line.Category
}

// line says which line of the load a message is; -1: none. Not ok is one that was changed.
func (l *loaded) line(value []byte) (n int, ok bool) {
	_, after, tagged := strings.Cut(string(value), fmt.Sprintf(`,"load":%q,"n":`, l.name))
	if !tagged {
		return -1, true
	}
	n, err := strconv.Atoi(strings.TrimSuffix(after, "}"))
	return n, err == nil && n < l.lines && string(value) == l.content[n]
}

// judgeLoads wants each line of each load in its topic once, with the key that is asked for, those of a partition in their
// order.
func (p *play) judgeLoads() {
	for _, l := range p.loads {
		seen, last := make([]int, l.lines), map[int32]int{}
		for _, m := range p.cluster.ReadCommitted(l.topic) {
			n, ok := l.line(m.Value)
			switch before, any := last[m.Partition]; {
			case n < 0:
				continue
			case !ok:
				p.t.Errorf("unexpected: %s/%d at %d holds %q, which is no line of %s", l.topic, m.Partition, m.Offset, m.Value, l)
				continue
			case any && n <= before:
				p.t.Errorf("broke ordered: line %d of %s comes behind line %d in partition %d", n, l, before, m.Partition)
			}
			if key := l.key(n); string(m.Key) != key || (m.Key == nil) != (key == "") {
				p.t.Errorf("broke exact: line %d of %s has the key %q, want %q", n, l, m.Key, key)
			}
			seen[n]++
			last[m.Partition] = n
		}
		for n, times := range seen {
			switch {
			case times == 0:
				p.t.Errorf("broke complete: line %d of %s is not there", n, l)
			case times > 1:
				p.t.Errorf("broke once: line %d of %s is there %d times", n, l, times)
			}
		}
	}
}

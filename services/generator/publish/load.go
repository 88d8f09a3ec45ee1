package publish

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/progress"
	"github.com/meanstream/meanstream/services/generator/feed"
	"github.com/meanstream/meanstream/services/generator/load"
)

// maxLoadName leaves room for the prefix in the names that brokers take.
const maxLoadName = 200

// loadName makes a name of a path or pattern: its last part, with a dash for each letter that names can't have. Where a
// file lies plays no part, so that the same one is known from every folder; that two files of one name are two is seen by
// what is in them.
func loadName(path string) string {
	if path == "" {
		return ""
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '-'
	}, filepath.Base(path))
	return name[:min(len(name), maxLoadName)]
}

// load brings files in, and returns when all of them are or ctx has ended.
func (s *Settings) load(ctx context.Context) error {
	files, err := feed.OpenFiles(s.Source, feed.Options{MaxRecordBytes: s.MaxRecordBytes, FindCategory: s.Key == "category", Log: s.Log})
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }() // only read from
	client := s.client()
	defer client.Close()
	topic, err := s.connect(ctx, client)
	if err != nil || ctx.Err() != nil {
		return err
	}
	name := s.LoadName
	if name == "" {
		name = loadName(strings.TrimPrefix(s.Source[0], "file:"))
	}
	l := load.New(load.Config{
		Client: client, Name: name, Topic: topic, BatchBytes: batchBytes, Keyed: s.Key == "category",
		Rate: s.rate(), Count: s.Count, Grace: s.Grace, Log: s.Log,
	}, files)
	s.measure(l.Committed, l.Held)
	s.Ready(true, "")
	began := time.Now()
	end := progress.Beside(ctx, "loading", func(context.Context) (progress.State, bool) {
		in, total := l.Bytes()
		return progress.State{Done: in, Total: total, Items: l.Committed()}, true
	}, s.Screen, s.Log)
	err = l.Run(ctx)
	end()
	s.Log.Info("published", zap.Int64("records", l.Committed()), zap.Duration("in", time.Since(began).Round(time.Millisecond)))
	return err
}

package load

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/meanstream/meanstream/services/generator/feed"
)

// linger is how long a line waits for others at the most, where a rate holds them back.
const linger = 100 * time.Millisecond

// readAll packs lines into blocks until the files end, or so many lines as are asked for are read, or ctx ends. An error is
// the files'; what came before it is packed.
func (l *Load) readAll(ctx context.Context, out chan<- *block) error {
	p := &packer{topic: l.Topic.Name, limit: l.BatchBytes, keyed: l.Keyed}
	last := l.before.Place
	pass := func() {
		if to := l.files.At(); to != last {
			last = to
			select {
			case out <- p.take(to, l.files.Read()):
			case <-ctx.Done(): // what is not committed is read again by the next process
			}
			p.grow(int(l.partitions.Load()))
		}
	}
	p.grow(int(l.partitions.Load()))
	pace := feed.NewPace(l.Rate)
	var opened time.Time
	for due := 0; l.Count == 0 || last.Lines+p.block.records < l.Count; due-- {
		if due == 0 {
			due = l.due(ctx, pace, p.block.records > 0, opened)
		}
		if due == 0 { // nothing for so long
			if ctx.Err() != nil {
				return nil
			}
			pass()
			due = 1
			continue
		}
		line, err := l.files.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			pass()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if p.block.records == 0 {
			opened = time.Now()
		}
		l.read.Add(1)
		p.add(line, opened.UnixMilli())
		if p.full() {
			pass()
		}
	}
	pass()
	return nil
}

// due waits until lines may be read, and tells how many; 0 when ctx has ended, or a block that is begun has waited for long
// enough.
func (l *Load) due(ctx context.Context, pace *feed.Pace, begun bool, opened time.Time) int {
	if begun && l.Rate > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, opened.Add(linger))
		defer cancel()
	}
	n, err := pace.Wait(ctx, 1024)
	if err != nil {
		return 0
	}
	return n
}

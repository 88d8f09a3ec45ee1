package progress

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// How often a terminal's line is rewritten, and after how many times that long there is a line in a log.
const (
	beat   = time.Second
	inLog  = 10
	before = 1 // the beat with which a rate begins that the first line in a log can tell
)

// Look tells how far the work has come; false if that is not known at the moment. It is asked once a second at the most.
type Look func(context.Context) (State, bool)

// Beside starts Follow, and gives what ends it again and waits for that.
func Beside(ctx context.Context, what string, look Look, screen *Screen, log *zap.Logger) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		Follow(ctx, what, look, screen, log)
	}()
	return func() {
		stop()
		<-done
	}
}

// Follow shows how far something has come until ctx ends: on screen or, where that is nil, in the log. what is how a line
// begins: loading.
func Follow(ctx context.Context, what string, look Look, screen *Screen, log *zap.Logger) {
	if screen != nil {
		defer screen.show("")
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	var k track
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if screen == nil && n != before && n%inLog != 0 {
			continue
		}
		s, ok := look(ctx)
		if !ok || ctx.Err() != nil {
			continue
		}
		k.add(time.Now(), s)
		switch {
		case screen != nil:
			screen.show(k.line(what))
		case n%inLog == 0:
			log.Info(what, k.fields()...)
		}
	}
}

// fields are what the log says.
func (k *track) fields() []zap.Field {
	s := k.points[len(k.points)-1].State
	fields := []zap.Field{zap.Int64("records", s.Items)}
	if s.Total > 0 {
		fields = append(fields, zap.Float64("percent", float64(int(1000*s.share()))/10))
	}
	if _, rate := k.rates(); rate > 0 {
		fields = append(fields, zap.Int64("records a second", int64(rate)))
	}
	if left, ok := k.left(); ok {
		fields = append(fields, zap.Duration("left", left.Round(time.Second)))
	}
	return fields
}

package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestAStopFlushesWhatWasReadAndReturnsNil(t *testing.T) {
	for _, tc := range []struct {
		name string
		rate float64
		away time.Duration // how long the brokers have been away when the stop comes
	}{
		{"at leisure", 1000, 0}, {"at full speed", 0, 0}, {"with brokers away", 1000, 3 * time.Second},
		{"with brokers away and a record waiting for room", 0, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t)
				host := c.Host("generator")
				host.Delay(time.Millisecond, time.Millisecond)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				source := &numbers{}
				done := publishing(ctx, c, settings(c, Feed{Source: []string{"numbers"}, Rate: Rate{Set: true, PerSecond: tc.rate}}), source)
				time.Sleep(5 * time.Millisecond) // few round trips: at full speed each costs real time
				if tc.away > 0 {
					host.Cut()
					time.Sleep(tc.away)
				}
				stop()
				time.Sleep(grace / 2)
				host.Heal()
				if err := within(t, done); err != nil {
					t.Error(err)
				}
				if source.n == 0 {
					t.Error("nothing was read")
				}
				onceInOrder(t, c.ReadCommitted(topic), source.n)
			})
		})
	}
}

func TestBrokersThatStayAwayPastTheGraceCostACountedNumberOfRecords(t *testing.T) {
	for _, rate := range []float64{100, 0} {
		t.Run(fmt.Sprint("rate ", rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t)
				host := c.Host("generator")
				host.Delay(time.Millisecond, time.Millisecond) // without, full speed would need no time at all
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				source := &numbers{}
				done := publishing(ctx, c, settings(c, Feed{Source: []string{"numbers"}, Rate: Rate{Set: true, PerSecond: rate}}), source)
				time.Sleep(5 * time.Millisecond)
				host.Cut()
				time.Sleep(time.Minute)
				stop()
				stopped := time.Now()
				err := within(t, done)
				lost := source.n - len(c.ReadAll(topic))
				want := fmt.Sprintf("stopping: %d records read from numbers are not acknowledged by Kafka and may be lost", lost)
				if lost == 0 || err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				if took := time.Since(stopped); took < grace/2 || took >= grace {
					t.Errorf("it gave up after %s, want shortly before the grace of %s ends", took, grace)
				}
			})
		})
	}
}

func TestASourceThatBreaksLosesNothingItGaveBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		broke := errors.New("read file: input/output error")
		source := &numbers{limit: 5000, end: broke}
		if err := within(t, publishing(t.Context(), c, settings(c, Feed{Source: []string{"numbers"}}), source)); !errors.Is(err, broke) {
			t.Errorf("got %v, want the source's own %v", err, broke)
		}
		onceInOrder(t, c.ReadCommitted(topic), 5000)
	})
}

func TestAnEndOfTheSourceWaitsForBrokersAsLongAsTheyAreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.Host("generator").Cut()
		done := publishing(t.Context(), c, settings(c, Feed{Source: []string{"numbers"}}), &numbers{limit: 100, end: io.EOF})
		time.Sleep(time.Hour)
		c.Host("generator").Heal()
		if err := within(t, done); err != nil {
			t.Error(err)
		}
		onceInOrder(t, c.ReadCommitted(topic), 100)
	})
}

func TestAStopEndsAGeneratorThatStillWaits(t *testing.T) {
	for name, f := range map[string]Feed{
		"for a TCP server that is not there": {Source: []string{"tcp://127.0.0.1:1"}},
		"for standard input":                 {Source: []string{"-"}},
		"for brokers":                        {Source: []string{"synthetic"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t)
				if name == "for brokers" {
					c.Host("generator").Cut()
				}
				s := settings(c, f)
				in, out := io.Pipe()
				defer out.Close()
				s.Stdin = in
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- Serve(ctx, s) }()
				time.Sleep(30 * time.Second)
				stop()
				stopped := time.Now()
				if err := within(t, done); err != nil {
					t.Errorf("got %v, want nil: it was told to stop", err)
				}
				if took := time.Since(stopped); took > time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestWhatStopsThePublisherEndsAGeneratorWhoseSourceIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.Host("generator").On(kafkatest.Rule{Key: kmsg.Produce, Times: -1, Do: kafkatest.AnswerCode(29)})
		s := settings(c, Feed{Source: []string{"-"}})
		in, out := io.Pipe()
		defer out.Close()
		s.Stdin = in
		done := make(chan error, 1)
		go func() { done <- Serve(t.Context(), s) }()
		if _, err := io.WriteString(out, "one\ntwo\n"); err != nil {
			t.Fatal(err)
		}
		err := within(t, done)
		if err == nil || !strings.Contains(err.Error(), "grant Write") || !strings.Contains(err.Error(), "2 records read from -") {
			t.Errorf("got %v, want what to grant, and what is lost", err)
		}
	})
}

package feed

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

var errRefused = errors.New("connection refused")

// script is a server: what it does with each dial in turn, the last for ever.
type script struct {
	serve  []func(net.Conn) // nil: refuse
	dialed []time.Duration  // since start
	start  time.Time
}

func (s *script) dial(_ context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" || address != "feed:1" {
		return nil, errors.New("dialled " + network + " " + address)
	}
	s.dialed = append(s.dialed, time.Since(s.start))
	serve := s.serve[min(len(s.dialed), len(s.serve))-1]
	if serve == nil {
		return nil, errRefused
	}
	client, server := net.Pipe()
	go serve(server)
	return client, nil
}

// says writes the pieces one by one, a second apart, and hangs up.
func says(pieces ...string) func(net.Conn) {
	return func(conn net.Conn) {
		for i, piece := range pieces {
			if i > 0 {
				time.Sleep(time.Second)
			}
			_, _ = io.WriteString(conn, piece) // fails when the test hangs up first
		}
		_ = conn.Close()
	}
}

// bridge runs f with a tcp source on a server, in a bubble of fake time.
func bridge(t *testing.T, serve []func(net.Conn), f func(t *testing.T, s Source, server *script, logs *observer.ObservedLogs)) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.DebugLevel)
		server := &script{serve: serve, start: time.Now()}
		s := open(t, "tcp://feed:1", Options{Dial: server.dial, Log: zap.New(core), MaxRecordBytes: 100})
		defer closes(t, s)
		f(t, s, server, logs)
	})
}

func TestPythonLinesComeAsJSONAndAllOthersAsTheyCame(t *testing.T) {
	long := "{'a': '" + strings.Repeat(`\x01`, 20) + "'}"
	lines := [][2]string{
		{`{'timestamp': 1764000000, 'value': 53.2, 'category': 'B'}`, `{"timestamp":1764000000,"value":53.2,"category":"B"}`},
		{` {"timestamp": 1764000000,  "value":5e1, "category":"it's"} `, ` {"timestamp": 1764000000,  "value":5e1, "category":"it's"} `},
		{`{"a": 1} `, `{"a": 1} `},
		{`{'a': 1`, `{'a': 1`},
		{`{'a': 1} {'a': 2}`, `{'a': 1} {'a': 2}`},
		{`it's noise`, `it's noise`},
		{`"it's JSON"`, `"it's JSON"`},
		{long, (`{"a":"` + strings.Repeat(`\u0001`, 20))[:101]},
	}
	var stream strings.Builder
	for _, line := range lines {
		stream.WriteString(line[0] + "\r\n")
	}
	bridge(t, []func(net.Conn){says(stream.String())}, func(t *testing.T, s Source, _ *script, _ *observer.ObservedLogs) {
		for _, line := range lines {
			got := next(t, s)
			if string(got.Value) != line[1] || got.Truncated != (line[0] == long) {
				t.Errorf("%s\n got %s, truncated %t\nwant %s", line[0], got.Value, got.Truncated, line[1])
			}
		}
	})
}

func TestLinesSplitOverPacketsAndTheOneWithoutItsEndComeWhole(t *testing.T) {
	serve := []func(net.Conn){
		says("{'val", "ue': 1}", "\r", "\n{\"value\":2}\n{\"value\":3}\n{'value'", ": 4}"),
		says("{'value': 5}\n"),
	}
	bridge(t, serve, func(t *testing.T, s Source, _ *script, _ *observer.ObservedLogs) {
		for _, want := range []string{`{"value":1}`, `{"value":2}`, `{"value":3}`, `{"value":4}`, `{"value":5}`} {
			if got := next(t, s); string(got.Value) != want {
				t.Errorf("got %s, want %s", got.Value, want)
			}
		}
	})
}

func TestAServerThatIsAwayIsTriedEverLessOftenAndToldOfOnce(t *testing.T) {
	refusals := make([]func(net.Conn), 20, 22)
	serve := append(refusals, says("one\n", "two\n"), says("three\n"))
	bridge(t, serve, func(t *testing.T, s Source, server *script, logs *observer.ObservedLogs) {
		next(t, s)
		for i, at := range server.dialed[1:] {
			pause := at - server.dialed[i]
			// 150 ms doubled each time, up to 7.5 s, a third more or less.
			middle := min(150*time.Millisecond<<i, 7500*time.Millisecond)
			if pause < middle*2/3-1 || pause > middle*4/3+1 || pause < 100*time.Millisecond || pause > 10*time.Second {
				t.Errorf("try %d came after %v, want about %v", i+1, pause, middle)
			}
		}
		next(t, s)
		next(t, s)
		if pause := time.Since(server.start) - server.dialed[20] - time.Second; pause > 200*time.Millisecond {
			t.Errorf("after a connection that brought lines, the next try took %v", pause)
		}
		var got []string
		for _, entry := range logs.All() {
			message, _, _ := strings.Cut(entry.Message, "trying again in ")
			got = append(got, entry.Level.String()+" "+message)
		}
		want := []string{
			"warn tcp source: cannot connect to feed:1: connection refused; ",
			"info tcp source: connected to feed:1",
			"warn tcp source: connection to feed:1 lost: closed by the server; ",
			"info tcp source: connected to feed:1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAServerThatHangsUpAfterEachLineIsNotToldOfPerLine(t *testing.T) {
	bridge(t, []func(net.Conn){says("one\n")}, func(t *testing.T, s Source, server *script, logs *observer.ObservedLogs) {
		for range 1000 {
			next(t, s)
		}
		took := time.Since(server.start)
		if took > 200*time.Second {
			t.Errorf("1000 lines took %v", took)
		}
		if n, most := logs.Len(), 2+2*int(took/minBetweenLogs+1); n > most {
			t.Errorf("%d log lines in %v, want at most %d", n, took, most)
		}
	})
}

func TestALossRightAfterAnotherIsToldWhenItLasts(t *testing.T) {
	serve := []func(net.Conn){says("one\n"), says("two\n"), nil}
	bridge(t, serve, func(t *testing.T, s Source, _ *script, logs *observer.ObservedLogs) {
		next(t, s)
		next(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := s.Next(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		all := logs.All()
		if last := all[len(all)-1]; last.Level != zapcore.WarnLevel || len(all) != 4 {
			t.Errorf("of %d, the last line is: %s", len(all), last.Message)
		}
	})
}

func TestAServerThatHangsUpAtOnceIsTriedEverLessOften(t *testing.T) {
	bridge(t, []func(net.Conn){says()}, func(t *testing.T, s Source, server *script, _ *observer.ObservedLogs) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if _, err := s.Next(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if n := len(server.dialed); n < 60 || n > 130 {
			t.Errorf("dialled %d times in ten minutes", n)
		}
	})
}

func TestAStopReachesASilentConnectionAndLeavesItGood(t *testing.T) {
	serve := []func(net.Conn){says("on", "e\n"), nil}
	bridge(t, serve, func(t *testing.T, s Source, server *script, _ *observer.ObservedLogs) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := s.Next(ctx); err != context.DeadlineExceeded || time.Since(server.start) != 300*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(server.start))
		}
		if line := next(t, s); string(line.Value) != "one" {
			t.Errorf("after the stop came %q", line.Value)
		}
	})
}

func TestADialThatNobodyAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialed int
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialed++
			<-ctx.Done()
			return nil, ctx.Err()
		}
		s := open(t, "tcp://feed:1", Options{Dial: dial})
		defer closes(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 4*dialTimeout)
		defer cancel()
		if _, err := s.Next(ctx); err != context.DeadlineExceeded || dialed < 3 || dialed > 4 {
			t.Errorf("got %v after %d dials", err, dialed)
		}
	})
}

// TestARealServer sends what the Python server of the tutorial does, over TCP.
func TestARealServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for range 2 {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			says("{'value': 1, 'category': 'B'}\n")(conn)
		}
	}()
	s := open(t, "tcp://"+listener.Addr().String(), Options{FindCategory: true})
	defer closes(t, s)
	for range 2 {
		if line := next(t, s); string(line.Value) != `{"value":1,"category":"B"}` || string(line.Category) != "B" {
			t.Errorf("got %s, category %s", line.Value, line.Category)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.Next(ctx); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

package kafkatest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	kafka "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

// write sends records with kafka-go's Writer through a host.
func write(t *testing.T, h *Host, topic string, vals ...string) error {
	t.Helper()
	tr := &kafka.Transport{Dial: h.Dial}
	defer tr.CloseIdleConnections()
	w := &kafka.Writer{Addr: kafka.TCP(h.c.Addrs()...), Topic: topic, BatchTimeout: 10 * time.Millisecond,
		WriteTimeout: time.Second, ReadTimeout: time.Second, RequiredAcks: kafka.RequireAll, Transport: tr}
	defer w.Close()
	var ms []kafka.Message
	for _, v := range vals {
		ms = append(ms, kafka.Message{Value: []byte(v)})
	}
	return w.WriteMessages(context.Background(), ms...)
}

func TestWhatOneFaultDoesToKafkaGosWriter(t *testing.T) {
	for _, tc := range []struct {
		name string
		rule Rule
		log  string
	}{
		{"no fault: every record once", Rule{Key: kmsg.Heartbeat, Do: DropRequest(Break)}, "one two"},
		{"an answer lost with its connection: every record twice", Rule{Do: LoseAnswer(Break)}, "one two one two"},
		{"an answer lost in silence: every record twice", Rule{Do: LoseAnswer(Silent)}, "one two one two"},
		{"a request lost with its connection: the retry brings it", Rule{Do: DropRequest(Break)}, "one two"},
		{"a request lost in silence: the retry brings it", Rule{Do: DropRequest(Silent)}, "one two"},
		{"a request that the network doubles: every record twice", Rule{Do: Duplicate()}, "one two one two"},
		{"a retriable refusal: the retry brings it", Rule{Do: AnswerCode(19)}, "one two"},
		{"a time-out with the effect done: every record twice", Rule{Do: AnswerCodeDone(7)}, "one two one two"},
		{"an answer later than the client's deadline: every record twice", Rule{Do: DelayAnswer(3 * time.Second)}, "one two one two"},
		{"an answer that is late but in time: every record once", Rule{Do: DelayAnswer(500 * time.Millisecond)}, "one two"},
		{"a request later than the client's deadline: every record twice", Rule{Do: DelayRequest(3 * time.Second)}, "one two one two"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Start(t, Options{Topics: map[string]int32{"in": 1}})
				armed := c.Host("p").On(tc.rule)
				if err := write(t, c.Host("p"), "in", "one", "two"); err != nil {
					t.Errorf("WriteMessages: %v", err)
				}
				time.Sleep(5 * time.Second) // what is still in the network arrives
				want(t, "log", values(c.ReadCommitted("in")), tc.log)
				if tc.rule.Key == kmsg.Produce {
					want(t, "hits", armed.Hits(), 1)
				}
			})
		})
	}
}

func TestAHeldEndTxnCommitsHalfOfTheNextTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		p := newProducer(t, h, "tx")
		p.begin("out", "first", "g", 0, 1)
		armed := h.On(Rule{Key: kmsg.EndTxn, Do: HoldRequest()})
		if _, err := call(h, p.addr, p.endReq(true), time.Second); err == nil {
			t.Fatal("a held request was answered")
		}
		held, err := armed.Held(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want(t, "abort after the doubt", p.end(false), 0)
		p.begin("out", "second", "g", 0, 2)
		want(t, "before the late copy", values(c.ReadCommitted("out")), "")
		held.Release()
		answer, err := held.Answer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		resp, err := answer.Parse()
		if err != nil {
			t.Fatal(err)
		}
		want(t, "the late copy's code", resp.(*kmsg.EndTxnResponse).ErrorCode, 0)
		want(t, "after the late copy", values(c.ReadCommitted("out")), "second")
		want(t, "offset", c.CommittedOffsets("g", "in")[0], Offset{2, "by tx"})
	})
}

func TestAHeldRequestOutlivesItsProcess(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(*Host)
	}{
		{"killed", (*Host).Kill}, {"cut", (*Host).Cut}, {"frozen", (*Host).Freeze}, {"alive", func(*Host) {}},
	} {
		t.Run(end.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
				h := c.Host("p")
				armed := h.On(Rule{Key: kmsg.Produce, Do: HoldRequest()})
				go call(h, c.Addrs()[0], produceReq("out", "late", nil), time.Minute)
				held, err := armed.Held(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				end.do(h)
				time.Sleep(time.Second)
				want(t, "while held", values(c.ReadAll("out")), "")
				held.Release()
				if _, err := held.Answer(t.Context()); err != nil {
					t.Fatal(err)
				}
				want(t, "after release", values(c.ReadAll("out")), "late")
				h.Thaw()
			})
		})
	}
}

func TestADroppedHeldRequestNeverArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		armed := c.Host("p").On(Rule{Key: kmsg.Produce, Do: HoldRequest()})
		go func() {
			held, err := armed.Held(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			held.Drop()
		}()
		if _, err := call(c.Host("p"), c.Addrs()[0], produceReq("out", "lost", nil), time.Minute); err == nil {
			t.Error("a dropped request was answered")
		}
		want(t, "log", values(c.ReadAll("out")), "")
	})
}

func TestALossEndsItsStream(t *testing.T) {
	for _, tc := range []struct {
		name  string
		do    Action
		after time.Duration // when the client sees it
		log   string
	}{
		{"a dropped request breaks the connection at once", DropRequest(Break), 0, ""},
		{"a request dropped in silence takes what follows with it", DropRequest(Silent), 10 * time.Second, ""},
		{"a lost answer breaks the connection at once", LoseAnswer(Break), 0, "a"},
		{"an answer lost in silence lets requests through and no answers", LoseAnswer(Silent), 10 * time.Second, "a b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Start(t, Options{Topics: map[string]int32{"out": 1}})
				h := c.Host("p")
				h.On(Rule{Key: kmsg.Produce, Do: tc.do})
				conn, err := h.Dial(t.Context(), "tcp", c.Addrs()[0])
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				start := time.Now()
				if err := conn.SetDeadline(start.Add(10 * time.Second)); err != nil {
					t.Fatal(err)
				}
				for i, v := range []string{"a", "b"} {
					if _, err := conn.Write(frameOf(produceReq("out", v, nil), int32(i))); err != nil {
						break // broken already
					}
					synctest.Wait()
				}
				if _, err := readFrame(conn); err == nil {
					t.Error("an answer came through")
				}
				want(t, "the client sees it after", time.Since(start), tc.after)
				want(t, "log", values(c.ReadAll("out")), tc.log)
			})
		})
	}
}

func TestWhatIsWrittenBeforeCloseReachesTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		h.Delay(time.Second, 0)
		conn, err := h.Dial(t.Context(), "tcp", c.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range []string{"a", "b", "c"} {
			if _, err := conn.Write(frameOf(produceReq("out", v, nil), int32(i))); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
		want(t, "at once", values(c.ReadAll("out")), "")
		time.Sleep(2 * time.Second)
		want(t, "after the delay", values(c.ReadAll("out")), "a b c")
	})
}

func TestAnswersOfAConnectionComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		h.On(Rule{Key: kmsg.Produce, Do: DelayAnswer(time.Second)})
		h.On(Rule{Key: kmsg.Produce, Do: AnswerCode(19)})
		conn, err := h.Dial(t.Context(), "tcp", c.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for i := range 3 { // pipelined: delayed, refused without the broker, served
			if _, err := conn.Write(frameOf(produceReq("out", "v", nil), int32(i))); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 3 {
			frame, err := readFrame(conn)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := corr(frame)
			want(t, "correlation", got, int32(i))
		}
		want(t, "log", values(c.ReadAll("out")), "v v")
	})
}

func TestAProduceWithoutAcksLeavesNothingWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		conn, err := h.Dial(t.Context(), "tcp", c.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		req := produceReq("out", "unacked", nil)
		req.Acks = 0
		for _, r := range []kmsg.Request{req, produceReq("out", "acked", nil)} {
			if _, err := conn.Write(frameOf(r, 7)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := readFrame(conn); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		synctest.Wait()
		h.mu.Lock()
		want(t, "links left", len(h.links), 0)
		h.mu.Unlock()
		want(t, "log", values(c.ReadAll("out")), "unacked acked")
	})
}

// Nothing here needs the fake clock: the demo's tests run it on the real one.
func TestOutsideABubble(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Run("cluster", func(t *testing.T) {
		c := Start(t, Options{Brokers: 2, Topics: map[string]int32{"in": 2}})
		if err := write(t, c.Host("p"), "in", "one"); err != nil {
			t.Fatal(err)
		}
		want(t, "log", values(c.ReadCommitted("in")), "one")
	})
}

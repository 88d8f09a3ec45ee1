package kafkatest

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	kafka "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// member runs a kafka-go group member and notes how many partitions each of its generations has.
type member struct {
	mu   sync.Mutex
	gens []int
}

func (m *member) last() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.gens) == 0 {
		return -1
	}
	return m.gens[len(m.gens)-1]
}

func (m *member) run(ctx context.Context, t *testing.T, h *Host) {
	g, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: "g", Brokers: h.c.Addrs(), Topics: []string{"in"},
		Dialer: &kafka.Dialer{DialFunc: h.Dial, Timeout: time.Second}, Timeout: 2 * time.Second,
		SessionTimeout: 6 * time.Second, HeartbeatInterval: 500 * time.Millisecond, JoinGroupBackoff: 250 * time.Millisecond})
	if err != nil {
		t.Error(err)
		return
	}
	defer g.Close()
	for ctx.Err() == nil {
		gen, err := g.Next(ctx)
		if err != nil {
			continue
		}
		m.mu.Lock()
		m.gens = append(m.gens, len(gen.Assignments["in"]))
		m.mu.Unlock()
	}
}

func TestAFrozenMembersSessionExpiresAndItComesBack(t *testing.T) {
	for _, fault := range []struct {
		name       string
		begin, end func(*Host)
	}{
		{"frozen", (*Host).Freeze, (*Host).Thaw}, {"cut", (*Host).Cut, (*Host).Heal},
	} {
		t.Run(fault.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Start(t, Options{Brokers: 3, Topics: map[string]int32{"in": 4}})
				ctx, cancel := context.WithCancel(t.Context())
				var a, b member
				var wg sync.WaitGroup
				wg.Go(func() { a.run(ctx, t, c.Host("a")) })
				wg.Go(func() { b.run(ctx, t, c.Host("b")) })
				time.Sleep(20 * time.Second)
				want(t, "a with both", a.last(), 2)
				want(t, "b with both", b.last(), 2)
				fault.begin(c.Host("a"))
				time.Sleep(30 * time.Second)
				want(t, "b alone", b.last(), 4)
				fault.end(c.Host("a"))
				time.Sleep(30 * time.Second)
				want(t, "a again", a.last(), 2)
				want(t, "b again", b.last(), 2)
				cancel()
				wg.Wait()
			})
		})
	}
}

func TestACutRefusesDialsUntilHealedAndAKillForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h, other := c.Host("p"), c.Host("other")
		send := func(h *Host, v string) error {
			_, err := call(h, c.Addrs()[0], produceReq("out", v, nil), time.Second)
			return err
		}
		conn, err := h.Dial(t.Context(), "tcp", c.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		h.Cut()
		if _, err := conn.Write(frameOf(produceReq("out", "into the void", nil), 1)); err == nil {
			t.Error("a cut connection took a request")
		}
		if send(h, "cut") == nil {
			t.Error("a cut host was answered")
		}
		if err := send(other, "other"); err != nil {
			t.Error("a cut reached another host:", err)
		}
		h.Heal()
		if err := send(h, "healed"); err != nil {
			t.Error(err)
		}
		h.Kill()
		h.Heal()
		if send(h, "killed") == nil {
			t.Error("a killed host was answered")
		}
		want(t, "log", values(c.ReadAll("out")), "other healed")
		want(t, "dials, refused ones too", h.Dials(), 4)
	})
}

func TestAFreezeStopsTheBytesBothWaysAndKeepsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		conn, err := h.Dial(t.Context(), "tcp", c.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		h.Freeze()
		for i, v := range []string{"a", "b"} {
			if _, err := conn.Write(frameOf(produceReq("out", v, nil), int32(i))); err != nil {
				t.Fatal("a frozen host's writes go into its buffers:", err)
			}
		}
		dial, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Dial(dial, "tcp", c.Addrs()[0]); err == nil {
			t.Error("a frozen host dialled")
		}
		time.Sleep(time.Minute)
		want(t, "frozen", values(c.ReadAll("out")), "")
		h.Thaw()
		for i := range 2 {
			frame, err := readFrame(conn)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := corr(frame)
			want(t, "correlation", got, int32(i))
		}
		want(t, "thawed", values(c.ReadAll("out")), "a b")
	})
}

func TestAFreezeAfterTheEffectHoldsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		h.After(func(Request, Answer) { h.Freeze() })
		start := time.Now()
		time.AfterFunc(3*time.Second, h.Thaw)
		if _, err := call(h, c.Addrs()[0], produceReq("out", "v", nil), time.Minute); err != nil {
			t.Error(err)
		}
		want(t, "answered after", time.Since(start), 3*time.Second)
	})
}

func TestDelaysAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
		h := c.Host("p")
		h.Delay(20*time.Millisecond, 50*time.Millisecond)
		h.On(Rule{Key: kmsg.Produce, Do: DelayRequest(time.Second)})
		start := time.Now()
		if _, err := call(h, c.Addrs()[0], produceReq("out", "v", nil), time.Minute); err != nil {
			t.Fatal(err)
		}
		want(t, "dial, request and answer", time.Since(start), 1140*time.Millisecond)
		want(t, "time of the effect", c.ReadAll("out")[0].Time.Sub(start) <= 1090*time.Millisecond, true)
	})
}

func TestAProcessCanDieBeforeAndAfterEveryEffect(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before bool
		log    string
	}{
		{"before its third EndTxn is sent", true, "1 2"},
		{"after its third EndTxn is answered, before it knows", false, "1 2 3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := Start(t, Options{Topics: map[string]int32{"in": 1, "out": 1}})
				h := c.Host("p")
				kill := func(r Request) {
					if r.Key == kmsg.EndTxn && r.N == 3 {
						h.Kill()
					}
				}
				if tc.before {
					h.Before(kill)
				} else {
					h.After(func(r Request, a Answer) {
						if resp, err := a.Parse(); err != nil || r.Key == kmsg.EndTxn && resp.(*kmsg.EndTxnResponse).ErrorCode != 0 {
							t.Error("answer in hook:", resp, err)
						}
						kill(r)
					})
				}
				p := newProducer(t, h, "tx")
				for i, v := range []string{"1", "2", "3"} {
					p.begin("out", v, "g", 0, int64(i))
					if _, err := call(h, p.addr, p.endReq(true), time.Second); (err == nil) != (i < 2) {
						t.Errorf("EndTxn %d: %v", i+1, err)
					}
				}
				want(t, "log", values(c.ReadCommitted("out")), tc.log)
				want(t, "sent", h.Sent(kmsg.EndTxn), 3)
			})
		})
	}
}

func TestFranzGoRunsOverAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, Options{Brokers: 3, Topics: map[string]int32{"out": 6}})
		h := c.Host("p")
		lost := h.On(Rule{Key: kmsg.Produce, Nth: 2, Do: LoseAnswer(Break)})
		cl := c.Client(kgo.Dialer(h.Dial), kgo.DefaultProduceTopic("out"), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
		for range 12 {
			if err := cl.ProduceSync(t.Context(), kgo.StringRecord("v")).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		want(t, "answers lost", lost.Hits(), 1)
		want(t, "records of an idempotent producer", len(c.ReadCommitted("out")), 12)
	})
}

package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/services/generator/feed"
)

const grace = 10 * time.Second

// settings are those of a generator on host "generator" of c.
func settings(c *kafkatest.Cluster, f Feed) Settings {
	if f.Key == "" {
		f.Key = "none"
	}
	return Settings{
		Feed: f, MaxRecordBytes: 1000, Grace: grace, Create: true,
		Broker:  broker.Config{Brokers: c.Addrs(), Dial: c.Host("generator").Dial},
		Records: broker.NewTopic{Name: topic, Partitions: 3, Replication: 1},
		Log:     zap.NewNop(), Metrics: prometheus.NewRegistry(), Ready: func(bool, string) {},
	}
}

// numbers is a source that numbers its lines, so that what is missing shows.
type numbers struct {
	n     int   // lines handed out
	limit int   // how many there are; 0: endless
	end   error // what comes behind them
}

func (s *numbers) Next(ctx context.Context) (feed.Line, error) {
	if err := ctx.Err(); err != nil {
		return feed.Line{}, err
	}
	if s.limit > 0 && s.n == s.limit {
		return feed.Line{}, s.end
	}
	s.n++
	return feed.Line{Value: strconv.AppendInt(nil, int64(s.n-1), 10)}, nil
}

func (s *numbers) Close() error { return nil }

// publishing runs a generator over a source of the test's own.
func publishing(ctx context.Context, c *kafkatest.Cluster, s Settings, source feed.Source) chan error {
	done := make(chan error, 1)
	go func() {
		s.Broker.Topics = []string{topic}
		client := broker.New(s.Broker)
		defer client.Close()
		done <- s.publish(ctx, New(client, topic, 3, s.Log), source, feed.NewPace(s.rate()))
	}()
	return done
}

// within gives what a generator returned.
func within(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("the generator does not end")
		return nil
	}
}

func start(t *testing.T) *kafkatest.Cluster {
	return kafkatest.Start(t, kafkatest.Options{Topics: map[string]int32{topic: 3}, Trace: true})
}

func values(t *testing.T, c *kafkatest.Cluster) (all []string) {
	t.Helper()
	for _, m := range c.ReadCommitted(topic) {
		var r struct {
			Value    float64
			Category string
		}
		if err := json.Unmarshal(m.Value, &r); err != nil {
			t.Fatalf("%q: %v", m.Value, err)
		}
		all = append(all, fmt.Sprint(r.Value, " ", r.Category))
	}
	return all
}

func TestTheSameSeedGivesTheSameValuesAndCategories(t *testing.T) {
	run := func(seed uint64) (all []string) {
		synctest.Test(t, func(t *testing.T) {
			c := kafkatest.Start(t, kafkatest.Options{Topics: map[string]int32{topic: 1}})
			time.Sleep(time.Duration(seed) * time.Hour) // another time of day
			s := settings(c, Feed{Source: []string{"synthetic"}, Count: 300, Seed: Seed{Set: true, Value: seed % 10}, Categories: []string{"A", "Ä"}})
			if err := Serve(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			all = values(t, c)
		})
		return all
	}
	one, again, other := run(1), run(11), run(2)
	if len(one) != 300 || !slices.Equal(one, again) {
		t.Errorf("the same seed gave %d and %d records, equal: %t; want 300, the same ones", len(one), len(again), slices.Equal(one, again))
	}
	if slices.Equal(one, other) {
		t.Error("another seed gave the same values")
	}
}

func TestACountEndsExactlyAndIsWhatTheMetricsSay(t *testing.T) {
	for _, tc := range []struct {
		count int64
		rate  Rate
		key   string
	}{
		{1, Rate{}, "none"}, {1000, Rate{}, "category"}, {1024, Rate{Set: true}, "none"}, {1025, Rate{Set: true}, "category"},
		{50_000, Rate{Set: true}, "none"}, {7, Rate{Set: true, PerSecond: 0.5}, "none"},
	} {
		t.Run(fmt.Sprintf("%d at rate %v", tc.count, tc.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kafkatest.Start(t, kafkatest.Options{}) // the topic is made
				c.Host("generator").On(kafkatest.Rule{Key: kmsg.Produce, Times: 3, Do: kafkatest.LoseAnswer(kafkatest.Break)})
				s := settings(c, Feed{Source: []string{"synthetic"}, Count: tc.count, Rate: tc.rate, Key: tc.key})
				registry := prometheus.NewRegistry()
				s.Metrics = registry
				began := time.Now()
				if err := Serve(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				if got := len(c.ReadCommitted(topic)); int64(got) != tc.count {
					t.Errorf("%d records in the topic, want %d", got, tc.count)
				}
				if rate := s.rate(); rate > 0 {
					least := time.Duration(float64(tc.count-1) / rate * float64(time.Second))
					if took := time.Since(began); took < least || took > least+5*time.Second {
						t.Errorf("it took %s, want little more than %s", took, least)
					}
				}
				metric(t, registry, "meanstream_generator_records_total", tc.count)
				metric(t, registry, "meanstream_generator_unacked_records", 0)
			})
		})
	}
}

func metric(t *testing.T, registry *prometheus.Registry, name string, want int64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if m := f.GetMetric(); f.GetName() == name {
			if got := m[0].GetCounter().GetValue() + m[0].GetGauge().GetValue(); got != float64(want) {
				t.Errorf("%s is %g, want %d", name, got, want)
			}
			return
		}
	}
	t.Errorf("there is no metric %s", name)
}

func TestAFileGoesOutByteForByteWithItsKeysAndEnds(t *testing.T) {
	lines := []string{`{"timestamp":1,"value":2,"category":"B"}`, `not a record`, `{"category" : "\u0041"}`, strings.Repeat("x", 1500)}
	file := filepath.Join(t.TempDir(), "records")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		if err := Serve(t.Context(), settings(c, Feed{Source: []string{"file:" + file}, Key: "category"})); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, m := range c.ReadCommitted(topic) {
			got[string(m.Value)] = fmt.Sprintf("%s %t", m.Key, len(m.Headers) == 1)
		}
		for i, want := range []string{"B false", " false", "A false", " true"} {
			if line := lines[i][:min(len(lines[i]), 1001)]; got[line] != want {
				t.Errorf("%.40q: key and header truncated are %q, want %q", line, got[line], want)
			}
		}
	})
}

func TestATopicThatABrokerDoesNotKnowYetIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		looks := 0
		// The first look is EnsureTopics', the second asks for the number of partitions.
		c.Host("generator").On(kafkatest.Rule{Key: kmsg.Metadata, Times: 2, Do: kafkatest.LoseAnswer(kafkatest.Break),
			Match: func(q kafkatest.Request) bool {
				if q.Version == 12 {
					looks++
				}
				return q.Version == 12 && looks >= 2
			}})
		if err := Serve(t.Context(), settings(c, Feed{Source: []string{"synthetic"}, Count: 10})); err != nil {
			t.Fatal(err)
		}
		if got := len(c.ReadCommitted(topic)); got != 10 {
			t.Errorf("%d records, want 10", got)
		}
	})
}

func TestAFeedSaysWhatIsWrongWithIt(t *testing.T) {
	for source, right := range map[string]bool{"synthetic": true, "-": true, "tcp://h:1": true, "file:x": true, "": false, "synthetic -": false, "udp://h:1": false,
		"file:a file:b": true, "file:a synthetic": false, "tcp://h:1 tcp://h:2": false} {
		f := Feed{Source: strings.Split(source, " "), Categories: []string{"A"}}
		if got := len(f.Validate()) == 0; got != right {
			t.Errorf("source %q is right: %t, want %t", source, got, right)
		}
	}
	for name, f := range map[string]Feed{
		"an empty category":        {Source: []string{"synthetic"}, Categories: []string{"A", ""}},
		"a name without files":     {Source: []string{"-"}, LoadName: "x"},
		"a name with a blank":      {Source: []string{"file:a"}, LoadName: "a b"},
		"a name with a slash":      {Source: []string{"file:a"}, LoadName: "a/b"},
		"a name beyond all bounds": {Source: []string{"file:a"}, LoadName: strings.Repeat("x", maxLoadName+1)},
	} {
		if len(f.Validate()) != 1 {
			t.Errorf("%s passed", name)
		}
	}
}

func TestALoadIsCalledLikeItsFirstFile(t *testing.T) {
	for path, want := range map[string]string{
		"archive/2026/readings.ndjson.gz": "readings.ndjson.gz", "readings-*.gz": "readings--.gz", "a b": "a-b", "Ä": "-", "": "",
	} {
		if got := loadName(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

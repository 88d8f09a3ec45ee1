package sim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meanstream/meanstream/pkg/partial"
	"github.com/meanstream/meanstream/pkg/record"
	"github.com/meanstream/meanstream/pkg/window"
	"github.com/meanstream/meanstream/services/processor/worker"
	"github.com/meanstream/meanstream/test/oracle"
	"github.com/meanstream/meanstream/test/shapes"
)

// setting is what users choose of the rule.
type setting struct {
	window, lateness time.Duration
	below            int // values that are kept
	hop              time.Duration
	aggregates       string // as on the command line; empty: the default
	zone             string // of days; empty: none
	shape, keeps     int    // of shapes; of its rules
}

func usual() setting { return setting{window: windowSize, lateness: lateness, below: 90} }

// settings are those that a rolling restart may bring. No lateness is below the usual one: the oracle, who knows no
// clock, relies on it that a partition that wakes has nothing to say of windows that others have closed.
func settings() []setting {
	hopping, uneven, chosen, both := usual(), usual(), usual(), usual()
	hopping.window, hopping.hop = 2*windowSize, windowSize/2
	uneven.hop = windowSize * 3 / 10
	chosen.aggregates = "last,count,stddev,first"
	both.hop, both.aggregates, both.below = windowSize/5, "count,mean,last", 60
	return []setting{usual(), {window: windowSize / 2, lateness: lateness, below: 90}, {window: 2 * windowSize, lateness: 2 * lateness, below: 50},
		{window: windowSize, lateness: lateness + time.Second, below: 40}, hopping, uneven, chosen, both}
}

func (s setting) String() string {
	return fmt.Sprintf("windows of %s every %s, lateness %s, aggregates %q, %s that keep %q", s.window, s.hop, s.lateness, s.aggregates, s.of().Name, s.keep())
}

func (s setting) of() shapes.Shape { return shapes.All()[s.shape] }

func (s setting) keep() string { return s.of().Keeps[s.keeps].Rule(s.below) }

// rule is what a processor makes of it.
func (s setting) rule() (worker.Rule, error) {
	keep, err := record.ParseKeep(s.keep())
	mapping, errs := s.of().Mapping.Compile()
	if err := errors.Join(append(errs, err)...); err != nil {
		return worker.Rule{}, err
	}
	zone, err := s.location()
	return worker.Rule{
		Window: window.Rule{Size: int64(s.window), Lateness: int64(s.lateness), Keep: keep.String(), Hop: int64(s.hop), Zone: zone,
			Aggregates: s.carried(), Mapping: mapping.String()},
		Keep: keep, Mapping: mapping, MaxFuture: 5 * time.Minute, MaxBytes: 512 << 10,
	}, err
}

func (s setting) location() (*time.Location, error) {
	if s.zone == "" {
		return nil, nil
	}
	return time.LoadLocation(s.zone)
}

func (s setting) carried() (a window.Aggregates) {
	if s.aggregates != "" {
		if err := a.UnmarshalText([]byte(s.aggregates)); err != nil {
			panic(err)
		}
	}
	return a
}

// asked is the same for the oracle.
func (s setting) asked() oracle.Rule {
	var aggregates []string
	if s.aggregates != "" {
		aggregates = strings.Split(s.aggregates, ",")
	}
	zone, err := s.location()
	if err != nil {
		panic(err)
	}
	rule := oracle.Rule{Hop: s.hop, Aggregates: aggregates, Window: s.window, Lateness: s.lateness, Zone: zone, Fields: s.of().Fields,
		MaxFuture: 5 * time.Minute, MaxBytes: 512 << 10}
	s.of().Keeps[s.keeps].Tell(&rule, s.below)
	return rule
}

// rule is what the simulated river goes by where nothing else is said.
func rule() oracle.Rule { return usual().asked() }

// span is what one partial says of a source.
type span struct {
	from, to int64
	rule     uint64
}

// ruleOf says which rule counts for a record: that of whoever has committed it. The partials tell, which is no begging
// of the question: a record that is missing there, or there twice, is noticed by the ledger.
func (r *river) ruleOf() func(source oracle.Source, offset int64) oracle.Rule {
	r.t.Helper()
	known := map[uint64]oracle.Rule{}
	for _, s := range r.given {
		counts, err := s.rule()
		if err != nil {
			r.t.Fatal(err)
		}
		known[counts.Window.Fingerprint()] = s.asked()
	}
	spans := map[oracle.Source][]span{}
	for _, m := range r.cluster.ReadCommitted(partialsTopic) {
		if m.Partition != 0 { // each carries all spans
			continue
		}
		p, err := partial.Decode(m.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		if _, ok := known[p.Rule]; !ok {
			r.t.Errorf("partials/0 at offset %d goes by a rule that nobody was given", m.Offset)
		}
		for _, s := range p.Sources {
			source := oracle.Source{Topic: cmp.Or(s.Topic, recordsTopic), Partition: s.Partition} // a single topic is not named
			spans[source] = append(spans[source], span{s.From, s.To, p.Rule})
		}
	}
	return func(source oracle.Source, offset int64) oracle.Rule {
		all := spans[source]
		i := slices.IndexFunc(all, func(s span) bool { return s.from <= offset && offset < s.to })
		if i < 0 {
			return r.setting.asked()
		}
		return known[all[i].rule]
	}
}

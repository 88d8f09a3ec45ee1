package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/meanstream/meanstream/test/oracle"
)

// The posts of a mixed run: those that are held unless something happens to them, and those that are held only while
// the river is scaled up.
const (
	basicProcessors, basicSinks = 2, 1
	allProcessors, allSinks     = 4, 2
)

// partitionsByDefault is how many records has.
const partitionsByDefault = 6

// mixture is everything that is drawn in a mixed run on a cluster with that level of transaction.version.
func mixture(level int16) []kind {
	var processors, sinks, extras, everybody []string
	for i := range allProcessors {
		if name := fmt.Sprintf("processor %d", i); i < basicProcessors {
			processors = append(processors, name)
		} else {
			extras = append(extras, name)
		}
	}
	for i := range allSinks {
		if name := fmt.Sprintf("sink %d", i); i < basicSinks {
			sinks = append(sinks, name)
		} else {
			extras = append(extras, name)
		}
	}
	everybody = append(append(everybody, processors...), sinks...)
	one := func(lists ...[]string) (sets [][]string) {
		for _, list := range lists {
			for _, place := range list {
				sets = append(sets, []string{place})
			}
		}
		return sets
	}
	basic, generator, kafka := one(processors, sinks), one([]string{"generator 0"}), one([]string{"broker"})
	records := one([]string{"records"})
	reachable := slices.Concat(basic, generator)
	return []kind{
		{"killed", 5, basic, 8 * time.Second, kill, fill},
		{"killed, all at once", 1, [][]string{everybody}, 4 * time.Second, kill, fill},
		{"told to leave", 3, basic, 8 * time.Second, leave, follow},
		{"told to leave, all at once", 1, [][]string{everybody}, 4 * time.Second, leave, follow},
		{"paused", 5, reachable, 12 * time.Second,
			func(f *fleet, place string) { f.post(place).now.pause() }, func(f *fleet, place string) { f.post(place).now.resume() }},
		{"cut off", 5, reachable, 15 * time.Second,
			func(f *fleet, place string) { f.post(place).now.cutOff() }, func(f *fleet, place string) { f.post(place).now.mend() }},
		{"killed, as a generator", 1, generator, 2 * time.Second, kill, fill},
		{"added, to leave", 4, one(extras), 15 * time.Second, fill, left},
		{"added, to be killed", 3, one(extras), 15 * time.Second, fill, kill},
		// It is never stopped in order: see lostMarkers.
		{"killed, as a broker", 2, kafka, 4 * time.Second, onBroker((*cluster).killBroker), onBroker((*cluster).startBroker)},
		{"paused, as a broker", 1, kafka, 10 * time.Second, onBroker((*cluster).pauseBroker), onBroker((*cluster).resumeBroker)},
		{"of another transaction.version", 1, kafka, 15 * time.Second,
			onBroker(func(c *cluster) { c.finalize(3 - level) }), onBroker(func(c *cluster) { c.finalize(level) })},
		{"burst of late records", 1, records, 0, burstOf(2000, func(i int) []byte {
			return measured(time.Now().Add(-time.Minute-time.Duration(i)*time.Hour), 1, "late")
		}), nothing},
		{"burst of early records", 1, records, 0, burstOf(2000, func(i int) []byte {
			return measured(time.Now().Add(6*time.Minute+time.Duration(i)*time.Hour), 1, "early")
		}), nothing},
		{"burst of poison", 1, records, 0, burstOf(200, func(i int) []byte {
			values := poison(time.Now())
			return values[i/6%len(values)]
		}), nothing},
		{"burst of categories", 1, records, 0, burstOf(5000, func(i int) []byte {
			return measured(time.Now(), float64(i%100), fmt.Sprintf("category %d", i))
		}), nothing},
	}
}

// The two ends of faults that befall a post.

func kill(f *fleet, place string) { f.post(place).now.kill() }

func fill(f *fleet, place string) { f.t.Helper(); f.fill(f.post(place)) }

func leave(f *fleet, place string) { f.t.Helper(); f.post(place).now.terminate() }

// left tells a service to leave that has not been told yet, and waits until it has.
func left(f *fleet, place string) {
	f.t.Helper()
	s := f.post(place).now
	if !s.told {
		s.terminate()
	}
	if code := s.wait(grace); code != 0 && len(s.log()) > 0 { // or it was told before it could listen
		f.t.Errorf("%s was told to end, and did so with exit code %d", s.name, code)
	}
}

func follow(f *fleet, place string) { f.t.Helper(); left(f, place); fill(f, place) }

func nothing(*fleet, string) {}

func onBroker(do func(c *cluster)) func(f *fleet, _ string) {
	return func(f *fleet, _ string) { f.t.Helper(); do(f.cluster) }
}

// burstOf sends records, at once or when the broker is back. Those that the client gives up meanwhile are not in the
// topic, or are though it does not know: what is there is what counts.
func burstOf(n int, value func(i int) []byte) func(f *fleet, _ string) {
	return func(f *fleet, _ string) {
		for i := range n {
			m := &kgo.Record{Topic: f.topic("records"), Partition: int32(i % partitionsByDefault), Value: value(i)}
			f.client.Produce(f.t.Context(), m, nil)
		}
	}
}

// post finds a post by its name.
func (f *fleet) post(name string) *post {
	for _, p := range slices.Concat([]*post{f.generator}, f.processors, f.sinks) {
		if p.name == name {
			return p
		}
	}
	f.t.Fatalf("there is no post %q", name)
	return nil
}

// roundLength is how long faults go on before everything has to be well for a moment.
const roundLength = 30 * time.Second

// TestMixedChaos draws faults from a seed while traffic flows, 15 seconds of them or for as long as CHAOS says, in
// rounds. After each the river has to make progress again; in the end all that it published is judged.
func TestMixedChaos(t *testing.T) {
	t.Parallel()
	length, seed := 15*time.Second, uint64(time.Now().UnixNano())%100_000
	var err error
	if text := os.Getenv("CHAOS"); text != "" {
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("CHAOS is to say how long, such as 10m: %v", err)
		}
	}
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CHAOS_SEED is to be a whole number: %v", err)
		}
	}
	t.Logf("again: CHAOS=%s CHAOS_SEED=%d go test -run 'TestMixedChaos$' -timeout 90m ./test/chaos", length, seed)
	r := startOwn(t, 1+allProcessors+allSinks).river("mixed", time.Second)
	r.drawRule(seed / 2)
	f := r.fleet(1000, allProcessors, allSinks)
	level := int16(1 + seed%2)
	f.finalize(level)
	f.fill(f.generator)
	f.fill(f.processors[:basicProcessors]...)
	f.fill(f.sinks[:basicSinks]...)
	f.flows()

	random, kinds := rand.New(rand.NewPCG(seed, 0)), mixture(level)
	suffered, worst := map[string]int{}, time.Duration(0)
	for begun := time.Now(); time.Since(begun) < length; {
		for _, d := range f.round(draw(random, kinds, min(roundLength, length)), kinds) {
			suffered[kinds[d.kind].name]++
		}
		if f.forgot() {
			t.Skipf("seed %d: all was right until the broker itself forgot the end of a transaction, as a lone one may", seed)
		}
		worst = max(worst, f.back("round of faults"))
		f.spread(basicProcessors)
		f.shared("sink", "partials", basicSinks)
		for _, p := range slices.Concat(f.processors[:basicProcessors], f.sinks[:basicSinks]) {
			f.atMost(p, 512<<20)
		}
	}
	want := f.verdict()
	t.Logf("seed %d: %d records, %d results, progress was back within %s; transaction.version %d, rule %v; suffered: %v", seed, want.Read(), len(want.Results), worst, level, r.told, suffered)
}

// forgot tells whether the broker has lost markers, so that some of what it was told hangs for ever. What was published
// before must be right all the same, as far as it goes.
func (f *fleet) forgot() bool {
	f.t.Helper()
	forgot, err := f.broker.lostMarkers()
	f.must(err)
	if !forgot {
		return false
	}
	err = oracle.Compare(f.want(), f.published())
	for _, promise := range []error{oracle.ErrBrokeOnce, oracle.ErrBrokeExact, oracle.ErrBrokeFinal, oracle.ErrBrokeOrdered, oracle.ErrUnexpected} {
		if errors.Is(err, promise) {
			f.t.Errorf("the broker forgot the end of a transaction; what it still tells is wrong, too: %v", err)
			break
		}
	}
	return true
}

// drawRule chooses what the processors are told beside the defaults.
func (r *river) drawRule(seed uint64) {
	hop := func(size, hop time.Duration) {
		r.rule.Window, r.rule.Hop = size, hop
		r.told = append(r.told, "--hop", hop.String())
	}
	aggregates := func(names string) {
		r.rule.Aggregates = strings.Split(names, ",")
		r.told = append(r.told, "--aggregates", names)
	}
	switch seed % 4 {
	case 1:
		hop(2*time.Second, 500*time.Millisecond)
	case 2:
		aggregates("last,count,stddev,first")
	case 3:
		hop(time.Second, 300*time.Millisecond)
		aggregates("count,mean,last")
		r.rule.Keep, r.rule.KeepRecord = nil, func(_ map[string]any, value float64, category string) (keep, ok bool) {
			return value < 60 && category != "C", true
		}
		r.told = append(r.told, "--keep", `value < 60 && category != "C"`)
	}
}

// round lets faults happen at their times, and gives those that did.
func (f *fleet) round(faults []drawn, kinds []kind) []drawn {
	f.t.Helper()
	begun := time.Now()
	for _, s := range steps(faults) {
		time.Sleep(s.at - time.Since(begun))
		k, word, do := kinds[s.kind], "from now on", kinds[s.kind].begin
		if !s.begin {
			word, do = "no longer", k.end
		}
		f.t.Logf("%s %v %s %s", time.Now().Format("15:04:05.000"), s.places, word, k.name)
		for _, place := range s.places {
			do(f, place)
		}
		f.complete()
	}
	f.brokerAnswers()
	f.must(f.client.Flush(f.t.Context()))
	return faults
}

package sim

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// seeds is how many drawn runs there are: SEEDS, or a few.
func seeds(t *testing.T) int {
	text := os.Getenv("SEEDS")
	if text == "" {
		return 8
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SEEDS=%q is no number of runs: write a whole number from 1 on", text)
	}
	return n
}

// TestDrawnFromASeed runs the river while processes come, go, die, fall asleep and lose requests, all drawn from the
// seed that names the run.
func TestDrawnFromASeed(t *testing.T) {
	for seed := range seeds(t) {
		scenario(t, fmt.Sprint("seed ", seed), options{brokers: 1 + seed%2*2, txnVersion: int16(1 + seed/2%2)}, func(r *river) {
			p := &play{river: r, random: rand.New(rand.NewPCG(uint64(seed), 1))}
			p.run()
		})
	}
}

// play is a drawn run: who is alive, and what may happen to them.
type play struct {
	*river
	random *rand.Rand
	born   int
	alive  map[string][]*process // by kind
}

func (p *play) run() {
	p.alive = map[string][]*process{}
	p.birth("p")
	p.birth("s")
	for i := range 8 {
		p.flow(p.random.Uint64(), time.Duration(2+p.random.IntN(6))*time.Second)
		p.happen(i)
	}
	// Whatever happened, one of each that nothing happens to must bring everything to its end.
	p.birth("p")
	p.birth("s")
	settle()
	time.Sleep(20 * time.Second)
	p.end(append(p.alive["p"], p.alive["s"]...)...)
}

func (p *play) birth(kind string) {
	p.born++
	name := fmt.Sprint(kind, p.born)
	if kind == "p" {
		p.alive[kind] = append(p.alive[kind], p.processor(name))
	} else {
		p.alive[kind] = append(p.alive[kind], p.sink(name))
	}
}

// happen does one thing to one process, or brings another to life.
func (p *play) happen(i int) {
	kind := []string{"p", "s"}[p.random.IntN(2)]
	if len(p.alive[kind]) == 0 || (len(p.alive[kind]) < 3 && p.random.IntN(3) == 0) {
		p.birth(kind)
		return
	}
	n := p.random.IntN(len(p.alive[kind]))
	victim := p.alive[kind][n]
	gone := func() { p.alive[kind] = append(p.alive[kind][:n:n], p.alive[kind][n+1:]...) }
	switch p.random.IntN(6) {
	case 5: // somebody changes the brokers' feature under the running processes
		p.cluster.FinalizeTxnVersion(int16(p.random.IntN(3)))
	case 0:
		gone()
		victim.Stop()
	case 1:
		gone()
		victim.Crash()
	case 2:
		victim.Freeze()
		asleep := time.Duration(p.random.IntN(12)) * time.Second
		p.all.Go(func() {
			time.Sleep(asleep)
			victim.Thaw()
		})
	default:
		p.arm(victim, i)
	}
}

// arm has one of the coming requests of a process go wrong.
func (p *play) arm(victim *process, i int) {
	keys := requests()
	rule := kafkatest.Rule{Key: keys[p.random.IntN(len(keys))], Nth: 1 + p.random.IntN(4)}
	how := []kafkatest.How{kafkatest.Break, kafkatest.Silent}[p.random.IntN(2)]
	switch p.random.IntN(5) {
	case 0:
		rule.Do = kafkatest.LoseAnswer(how)
	case 1:
		rule.Do = kafkatest.DropRequest(how)
	case 2:
		rule.Do = kafkatest.Duplicate()
	case 3:
		rule.Do, rule.Times = kafkatest.DelayAnswer(time.Duration(p.random.IntN(3000))*time.Millisecond), 1+i%3
	case 4:
		rule.Key, rule.Do = kmsg.EndTxn, kafkatest.HoldRequest()
		armed, late := victim.On(rule), time.Duration(p.random.IntN(9000))*time.Millisecond
		p.all.Go(func() {
			if held, err := armed.Held(p.over); err == nil {
				time.Sleep(late)
				held.Release()
			}
		})
		return
	}
	victim.On(rule)
}

package main

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/meanstream/meanstream/test/bench/workload"
)

// TestTheFloorReadsEveryRecord: a floor that skips work would be too low.
func TestTheFloorReadsEveryRecord(t *testing.T) {
	for _, numbers := range []workload.Numbers{workload.Short, workload.Long} {
		p := workload.Load{Seed: 5, Partitions: 1, Records: 50_000, Numbers: numbers}.Partition(0)
		for r, ok := p.Next(); ok; r, ok = p.Next() {
			text := p.Append(make([]byte, 0, 128), r)
			second, v, category, ok := read(text)
			if !ok || second != r.Second || v != r.Value || category != r.Category {
				t.Fatalf("%s was read as %d, %v, %c, %v", text, second, v, category, ok)
			}
		}
	}
}

func TestAQuotientIsRoundedOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		m, e := random.Uint64()>>random.IntN(12), 1+random.IntN(18)
		want, err := strconv.ParseFloat(strconv.FormatUint(m, 10)+"e-"+strconv.Itoa(e), 64)
		if got := quotient(m, power(e)); err != nil || got != want {
			t.Fatalf("%d / 10^%d is %v, want %v", m, e, got, want)
		}
	}
}

package sim

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAWindowClosesAndItsAveragesComeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, options{})
		p, s := r.processor("p1"), r.sink("s1")
		for i := range 300 {
			r.send(int32(i%sources), measurement(time.Now(), float64(i%100), string(rune('A'+i%3))))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		r.end(p, s)
		t.Logf("%s", r.results())
	})
}

package sim

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestABackfillThatTakesLongSaysHowFarItIs has the brokers refuse most fetches for a while, so that there is something to say.
func TestABackfillThatTakesLongSaysHowFarItIs(t *testing.T) {
	for _, two := range []bool{false, true} {
		t.Run(fmt.Sprint("two topics: ", two), func(t *testing.T) { tellsHowFar(t, two) })
	}
}

func tellsHowFar(t *testing.T, two bool) {
	synctest.Test(t, func(t *testing.T) {
		core, seen := observer.New(zapcore.InfoLevel)
		r := start(t, options{exitAtEnd: true, two: two})
		r.log = zap.New(core)
		r.load(5, 3000, lastYear())
		p, s := r.processor("p1"), r.sink("s1")
		refused := p.On(kafkatest.Rule{Key: kmsg.Fetch, Nth: 2, Times: -1, Do: kafkatest.AnswerCode(6)})
		time.Sleep(25 * time.Second)
		refused.Remove()
		wait(p, s)
		r.end(p, s)
		r.judge()
		for _, what := range []string{"processing", "merging"} {
			lines := seen.FilterMessage(what).All()
			if len(lines) == 0 {
				t.Errorf("nobody said how far %s is", what)
			}
			for _, line := range lines {
				m := line.ContextMap()
				if percent, ok := m["percent"].(float64); !ok || percent < 0 || percent > 100 || m["records"].(int64) > 3002 {
					t.Errorf("%s: %v", what, m)
				}
			}
		}
	})
}

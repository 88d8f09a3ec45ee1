package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/test/oracle"
)

// TestEachRejectIsThereOnce, with its reason, whoever dies meanwhile.
func TestEachRejectIsThereOnce(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.EndTxn} {
		scenario(t, "killed after "+key.Name(), options{two: key == kmsg.EndTxn}, func(r *river) {
			p1, s := r.processor("p1"), r.sink("s1")
			killAt(p1, key, 9, false)
			r.flow(uint64(key), 20*time.Second)
			p2 := r.processor("p2")
			r.flow(uint64(key)+1, 20*time.Second)
			settle()
			p1.Crash()
			r.end(p2, s)
			r.judgeRejects()
		})
	}
}

// judgeRejects holds the rejects topic against the oracle's verdicts.
func (r *river) judgeRejects() {
	r.t.Helper()
	missing := map[string]string{}
	for _, v := range r.outcome().Verdicts {
		from := fmt.Sprintf("%s/%d/%d", v.Topic, v.Partition, v.Offset)
		switch v.Verdict {
		case oracle.Rejected:
			missing[from] = v.Reason
		case oracle.Late:
			missing[from] = "late"
		case oracle.Kept, oracle.Filtered:
		}
	}
	if len(missing) == 0 {
		r.t.Error("the oracle expects no rejects: this test can't fail")
	}
	for _, m := range r.cluster.ReadCommitted(rejectsTopic) {
		headers := map[string]string{}
		for _, h := range m.Headers {
			headers[h.Key] = string(h.Value)
		}
		from := headers["meanstream-topic"] + "/" + headers["meanstream-partition"] + "/" + headers["meanstream-offset"]
		want, ok := missing[from]
		switch {
		case !ok:
			r.t.Errorf("%v: record %s is rejected as %q, and should not be, or is there twice", oracle.ErrBrokeOnce, from, headers["meanstream-reason"])
		case headers["meanstream-reason"] != want:
			r.t.Errorf("record %s is rejected as %q, want %q", from, headers["meanstream-reason"], want)
		}
		delete(missing, from)
	}
	for from, reason := range missing {
		r.t.Errorf("%v: record %s should be in rejects as %q", oracle.ErrBrokeComplete, from, reason)
	}
}

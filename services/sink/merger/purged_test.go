package merger

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestABrokerThatDoesNotHaveWhatTheLogHoldsIsAskedAgain: nothing was deleted, and nothing is said to be.
func TestABrokerThatDoesNotHaveWhatTheLogHoldsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.start(nil)
		time.Sleep(10 * time.Second)
		s.On(kafkatest.Rule{Key: kmsg.Fetch, Times: 10, Do: kafkatest.AnswerCode(1)})
		s.On(kafkatest.Rule{Key: kmsg.ListOffsets, Times: 3, Do: kafkatest.DropRequest(kafkatest.Break)})
		r.report(5, 10, "a", 1)
		r.report(15, 20, "b", 1)
		time.Sleep(20 * time.Second)
		if err := s.End(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a000 1970-01-01T00:00:10Z"}, r.results()); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
	})
}

// TestRetentionPassesARunningSink whose fetches find nobody for a while: it stops by name.
func TestRetentionPassesARunningSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.start(nil)
		r.report(5, 10, "a", 1)
		time.Sleep(10 * time.Second)
		deaf := s.On(kafkatest.Rule{Key: kmsg.Fetch, Times: -1, Do: kafkatest.DropRequest(kafkatest.Break)})
		time.Sleep(time.Second)
		for range 3 {
			r.report(6, 10, "b", 1)
		}
		offsets := kadm.Offsets{}
		offsets.Add(kadm.Offset{Topic: "partials", At: 3})
		if _, err := r.adm.DeleteRecords(context.Background(), offsets); err != nil {
			t.Fatal(err)
		}
		deaf.Remove()
		if err := s.Ended(); !errors.Is(err, ErrPurged) || !strings.Contains(err.Error(), "holds offsets 3 to 4") || !strings.Contains(err.Error(), "--start-over") {
			t.Errorf("error %v", err)
		}
		if n := len(r.results()); n != 0 {
			t.Errorf("%d results of windows that are not complete", n)
		}
	})
}

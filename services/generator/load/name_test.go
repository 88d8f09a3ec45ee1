package load

import (
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// TestOfTwoLoadsOfOneNameTheLaterOneGoesOn begins the second at many moments of the first.
func TestOfTwoLoadsOfOneNameTheLaterOneGoesOn(t *testing.T) {
	for _, version := range []int16{1, 2} {
		for after := time.Duration(0); after < 700*time.Millisecond; after += 70 * time.Millisecond {
			t.Run(after.String(), func(t *testing.T) {
				inBubble(t, version, func(t *testing.T, r *rig) {
					r.write("a", numbers(0, 600))
					first := r.begin("first", nil, "a")
					time.Sleep(after)
					second := r.begin("second", nil, "a")
					one, other := first.end(), second.end()
					if after == 0 && other != nil {
						one, other = other, one // who comes second is not said
					}
					if !errors.Is(one, ErrTakenOver) || other != nil {
						t.Errorf("the first ends with %v, the second with %v", one, other)
					}
					r.holds(600)
				})
			})
		}
	}
}

// TestALoadThatWakesUpTooLateEnds sleeps while another one of its name brings everything in.
func TestALoadThatWakesUpTooLateEnds(t *testing.T) {
	for _, version := range []int16{1, 2} {
		inBubble(t, version, func(t *testing.T, r *rig) {
			r.write("a", numbers(0, 600))
			first := r.begin("first", nil, "a")
			time.Sleep(500 * time.Millisecond)
			first.host.Freeze()
			r.finish("second", "a")
			first.host.Thaw()
			if err := first.end(); !errors.Is(err, ErrTakenOver) {
				t.Errorf("it ends with %v", err)
			}
			r.holds(600)
		})
	}
}

// TestAfterADirtyCommitItIsLookedWhoHasTheLoad lets another load of the name come in between a commit that needed a second
// try, after which version 1 asks for a new epoch, and the next one.
func TestAfterADirtyCommitItIsLookedWhoHasTheLoad(t *testing.T) {
	inBubble(t, 1, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 600))
		first := r.begin("first", nil, "a")
		first.host.On(kafkatest.Rule{Key: kmsg.EndTxn, Nth: 3, Do: kafkatest.LoseAnswer(kafkatest.Break)})
		tried, goOn := make(chan struct{}), make(chan struct{})
		first.host.After(func(q kafkatest.Request, _ kafkatest.Answer) {
			if q.Key == kmsg.EndTxn && q.N == 4 {
				close(tried)
				<-goOn
			}
		})
		<-tried
		second := r.begin("second", nil, "a")
		for second.Committed() == 0 {
			time.Sleep(time.Millisecond)
		}
		close(goOn)
		if err := first.end(); !errors.Is(err, ErrTakenOver) {
			t.Errorf("the first ends with %v", err)
		}
		if err := second.end(); err != nil {
			t.Error(err)
		}
		r.holds(600)
	})
}

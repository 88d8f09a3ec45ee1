package merger

import "testing"

// TestResultsOfOneClosingGoTogether asks for a commit once the last partition has closed as far as one that waits.
func TestResultsOfOneClosingGoTogether(t *testing.T) {
	c := newCompany()
	for i, s := range []struct {
		partition int32
		target    int64
		closing   bool
		commit    bool
	}{
		{0, 10, false, false}, // nobody waits
		{1, 10, true, true},   // and nobody is behind
		{1, 10, false, false}, // handed over
		{0, 20, true, false},  // 1 has yet to close up to there
		{1, 20, false, true},  // and now has, without a result of its own
		{0, 20, true, true},   // more than one transaction holds
		{0, 20, false, false},
		{0, 30, true, false},
		{1, 40, true, true}, // further than the one who waits
		{0, 30, false, false},
		{0, 40, false, true},
	} {
		if got := c.come(s.partition, s.target, s.closing); got != s.commit {
			t.Errorf("step %d: a commit is asked for: %v", i, got)
		}
	}
}

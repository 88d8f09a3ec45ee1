package record

import (
	"regexp"
	"strings"
	"testing"
)

// Headers, metrics and people's queries hold these words: changing one breaks them.
func TestReasonsKeepTheirNames(t *testing.T) {
	const want = "too-large tombstone empty not-json not-object missing-timestamp timestamp-type timestamp-format timestamp-range " +
		"missing-value value-type value-range missing-category category-type category-utf8 category-empty category-long value-failed keep-failed future"
	var names []string
	for _, r := range Reasons() {
		names = append(names, r.String())
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the reasons are\n%s\nwant\n%s", got, want)
	}
	if None.String() != "none" || reasonsEnd.String() != "unknown" {
		t.Errorf("none is %q, what does not exist is %q", None, reasonsEnd)
	}
}

func TestEveryReasonExplainsItselfInItsOwnSentence(t *testing.T) {
	seen := map[string]Reason{}
	for _, r := range Reasons() {
		s := r.Explain()
		if !regexp.MustCompile(`^The .{30,250}\.$`).MatchString(s) {
			t.Errorf("%v: not a sentence: %q", r, s)
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%v says what %v says", r, other)
		}
		seen[s] = r
		for _, field := range []string{"timestamp", "value", "category"} {
			if strings.Contains(r.String(), field) && r != ValueFailed && !strings.Contains(s, `"`+field+`"`) {
				t.Errorf("%v does not name its field: %q", r, s)
			}
		}
	}
}

func TestVerdictsKeepTheirNames(t *testing.T) {
	for v, want := range map[Verdict]string{Kept: "kept", Filtered: "filtered", Late: "late", Rejected: "rejected", Rejected + 1: "unknown"} {
		if v.String() != want {
			t.Errorf("verdict %d is %q, want %q", v, v, want)
		}
	}
}

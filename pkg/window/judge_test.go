package window

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// slowJudge follows the definition with integers that cannot overflow and looks at everything read so far.
type slowJudge struct {
	size     int64
	hop      int64
	greatest *big.Int // of event time - lateness as each record was read
}

func (s *slowJudge) late(t, lateness int64) bool {
	// The last window that holds t is the last one that begins at or before it.
	end := new(big.Int).Div(big.NewInt(t), big.NewInt(s.hop))
	end.Mul(end, big.NewInt(s.hop)).Add(end, big.NewInt(s.size))
	late := s.greatest != nil && end.Cmp(s.greatest) <= 0
	mark := new(big.Int).Sub(big.NewInt(t), big.NewInt(lateness))
	if !late && (s.greatest == nil || mark.Cmp(s.greatest) > 0) {
		s.greatest = mark
	}
	return late
}

func TestJudgeAgainstTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 20).Draw(t, "size")
		hop := rapid.Int64Range(1, size).Draw(t, "hop")
		slow := slowJudge{size: size, hop: hop}
		fast := Judge{Windows: Windows{Size: size, Hop: hop}, Watermark: NoWatermark}
		for range rapid.IntRange(1, 60).Draw(t, "records") {
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				// A new owner knows the watermark alone, and may have been given another lateness.
				fast = Judge{Windows: fast.Windows, Lateness: rapid.Int64Range(0, 30).Draw(t, "lateness"), Watermark: fast.Watermark}
			}
			at := rapid.Int64Range(-60, 60).Draw(t, "t")
			want := slow.late(at, fast.Lateness)
			if got := fast.Late(at); got != want {
				t.Fatalf("Late(%d) = %v, want %v (size %d, hop %d, watermark %v)", at, got, want, size, hop, slow.greatest)
			}
			if slow.greatest.Cmp(big.NewInt(fast.Watermark)) != 0 {
				t.Fatalf("after %d the watermark is %d, want %v", at, fast.Watermark, slow.greatest)
			}
		}
	})
}

func TestAWatermarkBeforeInt64IsStillAWatermark(t *testing.T) {
	j := Judge{Windows: Windows{Size: 10}, Lateness: math.MaxInt64, Watermark: NoWatermark}
	if j.Late(-5) {
		t.Error("the first record is late")
	}
	if j.Watermark != NoWatermark+1 {
		t.Errorf("watermark %d, want the smallest time there is, %d", j.Watermark, NoWatermark+1)
	}
	j.Watermark = NoWatermark
	if j.Late(-1); j.Watermark != NoWatermark+1 {
		t.Errorf("watermark %d: a time just before it must not read as none", j.Watermark)
	}
	if j.Late(5); j.Watermark != 5-math.MaxInt64 {
		t.Errorf("watermark %d, want %d", j.Watermark, 5-math.MaxInt64)
	}
}

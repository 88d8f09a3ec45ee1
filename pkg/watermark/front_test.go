package watermark

import "testing"

// TestTheLastToPassIsWaitedFor, unless it has stood still for too long.
func TestTheLastToPassIsWaitedFor(t *testing.T) {
	f := NewFront[string](20)
	if !f.Passed(100, 0) {
		t.Error("nobody is there, and yet somebody is waited for")
	}
	f.Come("slow", 90, 1)
	f.Come("quick", 110, 2)
	if f.Passed(100, 3) {
		t.Error("one of two is below 100")
	}
	if !f.Passed(90, 3) {
		t.Error("both have passed 90")
	}
	f.Come("slow", 90, 15) // it has not risen
	f.Come("slow", 80, 16) // and does not fall
	if !f.Passed(90, 20) || f.Passed(100, 20) {
		t.Error("slow stands at 90 and rose 19 ago")
	}
	if !f.Passed(100, 21) {
		t.Error("slow has not risen for 20: nobody waits for it any more")
	}
	f.Come("slow", 95, 22)
	if f.Passed(100, 23) {
		t.Error("slow is coming again")
	}
	f.Come("slow", 100, 24)
	if !f.Passed(100, 24) {
		t.Error("both have passed 100")
	}
}

// TestWithoutPatienceEverybodyIsWaitedFor for ever.
func TestWithoutPatienceEverybodyIsWaitedFor(t *testing.T) {
	f := NewFront[int](0)
	f.Come(0, 5, 0)
	f.Come(1, 4, 0)
	if f.Passed(5, 1<<60) {
		t.Error("1 is below 5")
	}
}

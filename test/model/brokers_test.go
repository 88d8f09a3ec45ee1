package model

import "testing"

// What real brokers were seen to do, and the promises lean on.

func TestInitProducerOnAnOpenTransactionAnswers51UntilItsMarkersAreWritten(t *testing.T) {
	c := coordinator{state: ongoing, epoch: 1, out: true, offsets: true}
	for range 2 {
		if _, code := c.initProducer(); code != concurrent || c.epoch != 2 || c.state != prepareAbort {
			t.Fatalf("answered %d, epoch %d, state %d", code, c.epoch, c.state)
		}
	}
	if _, code := c.end(1, prepareCommit, false); code != fencedProducer {
		t.Errorf("its owner's end is answered %d, want %d", code, fencedProducer)
	}
	c.toOut = false
	c.finish()
	if _, code := c.initProducer(); code != concurrent {
		t.Errorf("with one marker missing it answers %d", code)
	}
	c.toOffsets = false
	c.finish()
	if epoch, code := c.initProducer(); code != ok || epoch != 3 {
		t.Errorf("with both written it answers %d, epoch %d", code, epoch)
	}
}

func TestAnEndThatIsResentIsAnsweredAsTheFirst(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		c := coordinator{state: ongoing, epoch: 1, out: true}
		first, _ := c.end(1, prepareCommit, v2)
		if _, code := c.end(1, prepareCommit, v2); code != concurrent {
			t.Errorf("version 2 %v: before the markers it is answered %d, want %d", v2, code, concurrent)
		}
		c.toOut = false
		c.finish()
		if epoch, code := c.end(1, prepareCommit, v2); code != ok || epoch != first || (epoch == 2) != v2 {
			t.Errorf("version 2 %v: it is answered %d, epoch %d, the first one brought epoch %d", v2, code, epoch, first)
		}
		if _, code := c.end(1, prepareAbort, v2); v2 && code != fencedProducer || !v2 && code != invalidTxnState {
			t.Errorf("version 2 %v: an abort after the commit is answered %d", v2, code)
		}
	}
}

func TestAPlainCommitBehindAPendingOneStays(t *testing.T) {
	g := group{gen: 1, pending: [2][2]int8{{1, 1}, {}}, at: [2]int8{0, 0}}
	if code := g.name(request{id: 1, gen: 1, at: [2]int8{0, none}}, Holes{}); code != ok {
		t.Fatal(code)
	}
	g.marker(0, 1, true)
	if g.at != [2]int8{0, 1} || g.writer != [2]int8{1, 0} {
		t.Errorf("committed %v by %v: the marker must bring back what was pending before, and only that", g.at, g.writer)
	}
	if code := g.name(request{id: 1, gen: 0, at: [2]int8{2, 2}}, Holes{}); code != illegalGeneration || g.at[1] != 1 {
		t.Errorf("of an old generation it is answered %d and leaves %v", code, g.at)
	}
}

func TestALeaderKnowsACopyAGapAndAnOldEpoch(t *testing.T) {
	o := out{seq: [2]int8{none, none}}
	c := &coordinator{state: ongoing, epoch: 2, out: true}
	r := &Rules{}
	send := func(epoch, seq int8) int8 { return o.produce(request{epoch: epoch, seq: seq}, c, r) }
	for _, s := range []struct{ epoch, seq, want int8 }{
		{2, 1, outOfOrder}, {2, 0, ok}, {2, 0, ok}, {2, 2, outOfOrder}, {2, 1, ok}, {1, 2, invalidEpoch},
	} {
		if code := send(s.epoch, s.seq); code != s.want {
			t.Errorf("epoch %d, sequence %d is answered %d, want %d", s.epoch, s.seq, code, s.want)
		}
	}
	if !o.log[1].used || o.log[2].used {
		t.Errorf("the log is %+v, want two batches", o.log)
	}
	o.marker(0, 2, false)
	c.state = empty
	if code := send(2, 2); code != invalidTxnState {
		t.Errorf("without a transaction it is answered %d", code)
	}
	r.Unverified = true
	if code := send(2, 2); code != ok {
		t.Errorf("a broker that does not verify answers %d", code)
	}
}

func TestReadersStopAtTheFirstOpenBatch(t *testing.T) {
	var o out
	o.log[0] = batch{used: true, id: 0, at: [2]int8{0, none}}
	o.log[1] = batch{used: true, id: 1, at: [2]int8{none, 0}}
	o.marker(1, 1, true)
	if o.visible != [2]int8{0, 0} {
		t.Errorf("readers see up to %v behind an open batch", o.visible)
	}
	o.marker(0, 1, false)
	if o.visible != [2]int8{0, 1} || o.log[0].used {
		t.Errorf("readers see up to %v, and the log is %+v", o.visible, o.log)
	}
}

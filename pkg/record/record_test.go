package record

import (
	"math"
	"testing"
)

func TestDecode(t *testing.T) {
	var d Decoder // one for all, so that nothing of one record is left to the next
	for _, c := range decodeCases() {
		t.Run(c.name, func(t *testing.T) {
			var got Record
			why := d.Decode(&Message{Value: []byte(c.value)}, &got)
			if why != c.why {
				t.Fatalf("judged %v, want %v: %q", why, c.why, clip(c.value))
			}
			if !same(got, c.want) {
				t.Fatalf("read as %v, want %v: %q", got, c.want, clip(c.value))
			}
			agree(t, []byte(c.value))
		})
	}
}

func TestDecodeJudgesTheMessageBeforeItsContent(t *testing.T) {
	record := []byte(with("", ""))
	for _, c := range []struct {
		name  string
		max   int
		value []byte
		want  Reason
	}{
		{"a record of exactly the limit counts", len(record), record, None},
		{"a record over the limit is too large", len(record) - 1, record, TooLarge},
		{"without a limit any record counts", 0, record, None},
		{"garbage over the limit is too large, not garbage", 3, []byte("xxxx"), TooLarge},
		{"a null value is a tombstone, not empty", 10, nil, Tombstone},
		{"a value of no bytes is empty, not a tombstone", 10, []byte{}, Empty},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Decoder{MaxBytes: c.max}
			if why := d.Decode(&Message{Value: c.value}, new(Record)); why != c.want {
				t.Fatalf("judged %v, want %v", why, c.want)
			}
		})
	}
}

func TestNothingOfOneRecordIsLeftToTheNext(t *testing.T) {
	// The name with an escape is what sends a record to the reference, whose scratch it is.
	for _, more := range []string{`"\u0078":{}`, `"\u0078":{},` + manyNames(10*maxScratch)} {
		var d Decoder
		var r Record
		if why := d.Decode(&Message{Value: []byte(also(more))}, &r); why != None {
			t.Fatal(why)
		}
		if len(d.fields) > 0 {
			t.Errorf("the scratch still holds %d fields", len(d.fields))
		}
		if why := d.Decode(&Message{Value: []byte(`{"timestamp":1,"value":2}`)}, &r); why != MissingCategory {
			t.Errorf("a record without category was judged %v after one with", why)
		}
	}
}

// One odd record must not make every later one dear: clearing a map costs its greatest size.
func TestAGreatScratchIsDropped(t *testing.T) {
	var d Decoder
	d.Decode(&Message{Value: []byte(also(`"\u0078":1`))}, new(Record))
	if d.fields == nil {
		t.Fatal("the reference was not asked")
	}
	d.Decode(&Message{Value: []byte(also(`"\u0078":1,` + manyNames(maxScratch)))}, new(Record))
	if d.fields != nil {
		t.Error("it was kept")
	}
}

func TestCategoryCannotGrowIntoTheInput(t *testing.T) {
	value := []byte(with("", ""))
	before := string(value)
	var d Decoder
	var r Record
	d.Decode(&Message{Value: value}, &r)
	_ = append(r.Category, '!')
	if string(value) != before {
		t.Fatalf("appending to the category made the input %q", value)
	}
}

func TestFuture(t *testing.T) {
	for _, c := range []struct {
		name              string
		event, record, by int64
		want              bool
	}{
		{"exactly the bound ahead is allowed", 105, 100, 5, false},
		{"one more is not", 106, 100, 5, true},
		{"the past is always allowed", 99, 100, 5, false},
		{"the farthest past is allowed", math.MinInt64, math.MaxInt64, 1, false},
		{"0 switches the rule off", math.MaxInt64, 0, 0, false},
		{"a negative bound switches the rule off", math.MaxInt64, 0, -1, false},
		{"a difference beyond 64 bits does not wrap", math.MaxInt64, math.MinInt64, math.MaxInt64, true},
		{"negative times are times", -100, -106, 5, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Future(c.event, c.record, c.by); got != c.want {
				t.Fatalf("Future(%d, %d, %d) = %v", c.event, c.record, c.by, got)
			}
		})
	}
}

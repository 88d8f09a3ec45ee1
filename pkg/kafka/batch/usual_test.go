package batch

import (
	"bytes"
	"slices"
	"testing"
)

// agreesWithParse holds usual to parse over the records section of a batch that claims these offsets and this time. A
// record that usual takes is what parse makes of it, and the walk stands where it would stand.
func agreesWithParse(t *testing.T, records []byte, h header) (taken int) {
	t.Helper()
	quick := Walker{head: h, records: records, left: h.count, delta: -1}
	for quick.left > 0 {
		slow := quick
		var got, want Record
		ok := quick.usual(&got)
		if !ok && (quick.at != slow.at || quick.delta != slow.delta || quick.left != slow.left || quick.err != nil) {
			t.Fatalf("usual gave a record of %x at %d back and went on", records, slow.at)
		}
		parsed := slow.parse(&want)
		if ok && !parsed {
			t.Fatalf("usual took a record of %x at %d, of which parse says %v", records, slow.at, slow.err)
		}
		if !parsed {
			return taken
		}
		if ok {
			taken++
			if quick.at != slow.at || quick.delta != slow.delta || got.Offset != want.Offset || got.Time != want.Time || (got.Key == nil) != (want.Key == nil) || !bytes.Equal(got.Key, want.Key) ||
				(got.Value == nil) != (want.Value == nil) || !bytes.Equal(got.Value, want.Value) || got.Raw.Len() != want.Raw.Len() {
				t.Fatalf("usual read %+v of %x, parse %+v", got, records, want)
			}
		}
		quick = slow
	}
	return taken
}

// FuzzUsual feeds both readers of records anything.
func FuzzUsual(f *testing.F) {
	for _, s := range []spec{
		{base: 1, last: 4, records: numbered(mixed(), 1)},
		data(100_000, -1, false, 300),
	} {
		f.Add(s.bytes(f)[headerLen:], int64(0), int64(1000))
	}
	long := []Record{{Value: make([]byte, 100)}, {Key: []byte("key"), Value: make([]byte, 20_000)}, {Value: make([]byte, 2_000_000)}}
	f.Add(spec{last: 2, records: numbered(long, 0)}.bytes(f)[headerLen:], int64(1)<<62, int64(0))
	f.Fuzz(func(t *testing.T, records []byte, baseTime, maxTime int64) {
		h := header{base: 7, end: 7 + 1<<20, baseTime: baseTime, maxTime: maxTime, count: 1 << 20}
		agreesWithParse(t, records, h)
		h.attributes = attrLogAppend
		agreesWithParse(t, records, h)
	})
}

// TestMostRecordsAreUsual has it take all but those at the end of a batch, behind which nothing may be read: a usual that
// takes none would pass every other test.
func TestMostRecordsAreUsual(t *testing.T) {
	var records []Record
	for i := range 10_000 {
		r := Record{Offset: int64(i), Time: 1764000000000 + int64(i)*7, Value: []byte(`{"timestamp":1764000000,"value":53.214,"category":"B"}`)}
		if i%2 == 0 {
			r.Key = []byte("B")
		}
		records = append(records, r)
	}
	s := spec{last: 9999, records: records, baseTime: records[0].Time}
	section := slices.Clip(s.bytes(t))
	if taken := agreesWithParse(t, section[headerLen:], header{end: 10_000, count: 10_000, baseTime: s.baseTime}); taken < 9999 {
		t.Errorf("usual took %d of 10000 records", taken)
	}
}

// TestUsualAgreesOnEveryCutAndEverySlip: the places where a reader by hand takes one varint for another.
func TestUsualAgreesOnEveryCutAndEverySlip(t *testing.T) {
	records := []Record{
		{Offset: 7, Time: 1764000000123, Value: []byte(`{"timestamp":1764000000,"value":53.214,"category":"B"}`)},
		{Offset: 300, Time: 1764000000001, Key: []byte("B"), Value: []byte("five!")},
		{Offset: 20_000, Time: 1764000009999, Key: []byte{}, Value: []byte{}},
		{Offset: 20_001, Time: 1764000000123, Value: make([]byte, 40)},
	}
	s := spec{base: 7, last: 100_000, records: records, baseTime: 1764000000123}
	section := s.bytes(t)[headerLen:]
	h := header{base: 7, end: 7 + 100_001, count: 5, baseTime: s.baseTime, maxTime: 1}
	for i := range section {
		agreesWithParse(t, section[:i:i], h)
		for c := range 256 {
			b := bytes.Clone(section)
			b[i] = byte(c)
			agreesWithParse(t, b, h)
		}
	}
}

// TestAVarintThatIsTooLongIsNotPassedOver: read on from the beginning of the record, its bytes would make another record.
func TestAVarintThatIsTooLongIsNotPassedOver(t *testing.T) {
	record := append([]byte{0x8c, 0x80, 0x01, 2, 0x80, 0x80, 0x80, 0x01}, make([]byte, 8193)...)
	agreesWithParse(t, record, header{end: 100_000, count: 1})
}

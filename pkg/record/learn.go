package record

// Records that come in many shapes are not worth a guess each: after so many in a row that were guessed wrong, so many are
// not guessed.
const (
	maxMisses = 8
	pause     = 1000
)

// maxShape bounds what is remembered, in bytes; longer records are read as any other.
const maxShape = 4 << 10

// learn takes the shape of a record that fast has read, and found the three at these places.
func (s *shape) learn(b []byte, at spots, time int64) {
	s.misses++
	if s.misses > maxMisses+pause {
		s.misses = 1
	}
	if s.whole = s.misses <= maxMisses && len(b) <= maxShape; !s.whole {
		return
	}
	s.findMembers(b, at)
	s.text = append(s.text[:0], b...)
	s.fields = s.fields[:0]
	for _, m := range s.members {
		if m.varies || m.kind != otherField {
			s.fields = append(s.fields, m)
		}
	}
	last := len(s.fields) - 1
	for i := range last {
		s.fields[i].behind = newGap(s.text[s.fields[i].to:s.fields[i+1].from])
		s.fields[i].more = s.fields[i+1].kind == otherField
	}
	s.fields[last].behind = newGap(s.text[s.fields[last].to:])

	s.head, s.tail = 0, nil
	if s.fields[0].kind == timeField {
		s.head, s.time = s.fields[1].from, time
	}
	if s.fields[last].kind == categoryField {
		s.tail = s.fields[last].behind.text
	}
	for i := range s.ends { // they go with the shape
		s.ends[i].text = s.ends[i].text[:0]
	}
}

// findMembers finds all values in a record that fast has read, and which of them vary: those that differ from what stood
// in their place in the record learnt before, or once did. To take too many or too few for those costs time, and nothing
// else.
func (s *shape) findMembers(b []byte, at spots) {
	n := 0
	for i := skipSpace(b, 0); b[i] != '}'; n++ {
		from, _ := skipName(b, skipSpace(b, i+1))
		to, _ := skipValue(b, from, 1)
		m := spot{kind: otherField, from: from, to: to}
		for _, asked := range at {
			if asked.from == from {
				m.kind = asked.kind
			}
		}
		if n == len(s.members) {
			s.members = append(s.members, m)
		} else {
			old := &s.members[n]
			m.varies = m.kind == otherField && (old.varies || string(s.text[old.from:old.to]) != string(b[from:to]))
			*old = m
		}
		i = skipSpace(b, to)
	}
	s.members = s.members[:n]
}

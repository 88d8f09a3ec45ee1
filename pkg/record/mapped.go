package record

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/vm"
)

// mapped decodes by a mapping: one pass over the record puts the fields that are asked for into slots, then the three are
// judged, and a value that is computed last.
type mapped struct {
	layout *Layout
	tree   tree
	slots  []slot

	flat  *flatNames // nil: there is more to it than other names
	shape shape      // of records, where that is all

	timeSlot, valueSlot int // of sources that are fields; else unused
	categorySlots       []int

	scope  scope  // of the expression that computes the value
	joined []byte // the category, where it is joined of several
	part   int    // of the category: which source was judged last
}

// newMapped makes the scratch for a layout and for what the rule's expression reads, whose scope it completes.
func newMapped(l *Layout, keep *program, keepScope *scope) *mapped {
	if l == nil {
		l = &Layout{time: source{path: path{"timestamp"}}, value: source{path: path{"value"}}, category: []source{{path: path{"category"}}}}
	}
	m := &mapped{layout: l, tree: newTree()}
	place := func(s source) int {
		if s.from != fromField {
			return -1
		}
		return m.place(s.path)
	}
	m.timeSlot = place(l.time)
	if l.compute == nil {
		m.valueSlot = place(l.value)
	}
	for _, s := range l.category {
		m.categorySlots = append(m.categorySlots, place(s))
	}
	m.open(l.compute, &m.scope)
	m.open(keep, keepScope)
	m.scope.slots, keepScope.slots = m.slots, m.slots
	if len(m.slots) == 3 && (keep == nil || len(keep.reads) == 0) { // fast fills no slots
		m.flat = l.flat()
	}
	return m
}

// open tells a scope where the fields are that its program, nil if there is none, reads.
func (m *mapped) open(p *program, s *scope) {
	if p == nil {
		return
	}
	s.reads = p.reads
	for _, read := range p.reads {
		s.places = append(s.places, m.place(read.path))
	}
}

// flat are the names of a layout that renames the default's fields and does no more, else nil.
func (l *Layout) flat() *flatNames {
	if l.compute != nil || l.lenient || l.format != unixSeconds || len(l.category) != 1 {
		return nil
	}
	for _, s := range []source{l.time, l.value, l.category[0]} {
		// encoding/json puts U+FFFD into a name that is not Unicode, and fast compares bytes.
		if len(s.path) != 1 || strings.ContainsRune(s.path[0], utf8.RuneError) {
			return nil
		}
	}
	return &flatNames{time: l.time.path[0], value: l.value.path[0], category: l.category[0].path[0]}
}

func (m *mapped) place(p path) int {
	at := m.tree.add(p, len(m.slots))
	if at == len(m.slots) {
		m.slots = append(m.slots, slot{})
	}
	return at
}

// decode reads a message. detail is set where the reason needs one.
func (m *mapped) decode(msg *Message, machine *vm.VM, r *Record, detail *string) (why Reason) {
	if m.flat != nil {
		if m.shape.read(msg.Value, r) {
			return None
		}
		var at spots
		if m.flat.fast(msg.Value, r, &at) {
			m.shape.learn(msg.Value, at, r.Time)
			return None
		}
	}
	if len(m.slots) > 0 { // else nothing is taken from the value, which may be anything
		if why = m.read(msg.Value); why != None {
			return why
		}
	}
	if r.Time, why = m.time(msg); why != None {
		return why
	}
	if m.layout.compute == nil {
		if r.Value, why = m.value(msg); why != None {
			return why
		}
	}
	if r.Category, why = m.category(msg); why != None {
		return why
	}
	if m.layout.compute != nil {
		var err error
		if r.Value, err = m.computed(machine, r); err != nil {
			*detail = err.Error()
			return ValueFailed
		}
	}
	return None
}

// read fills the slots.
func (m *mapped) read(value []byte) Reason {
	switch {
	case value == nil:
		return Tombstone
	case len(value) == 0:
		return Empty
	case m.tree.scan(value, m.slots):
		return None
	}
	return m.tree.slow(value, m.slots)
}

// text is what a source outside of the value holds, nil if it holds nothing.
func (s source) text(msg *Message) []byte {
	switch s.from {
	case fromKey:
		return msg.Key
	case fromTopic:
		return []byte(msg.Topic)
	case fromHeader:
		if msg.Header != nil {
			return msg.Header(s.header)
		}
	}
	return nil
}

func (m *mapped) time(msg *Message) (int64, Reason) {
	l := m.layout
	if l.time.from == fromStamp {
		return judgeStamp(msg.Time)
	}
	if l.time.from != fromField {
		text := l.time.text(msg)
		if text == nil {
			return 0, MissingTimestamp
		}
		return l.format.judgeText(text)
	}
	s := &m.slots[m.timeSlot]
	switch {
	case s.raw == nil:
		return 0, MissingTimestamp
	case s.isNum && l.format.numeric():
		t, ok := l.format.nanos(s.num)
		if !ok {
			return 0, TimestampRange
		}
		return t, None
	case s.raw[0] == '"' && (l.lenient || l.format.textual()):
		text, ok := s.string()
		if !ok {
			return 0, TimestampType
		}
		return l.format.judgeText(text)
	}
	return 0, TimestampType
}

func (m *mapped) value(msg *Message) (float64, Reason) {
	l := m.layout
	if l.value.from != fromField {
		text := l.value.text(msg)
		if text == nil {
			return 0, MissingValue
		}
		return judgeNumberText(text)
	}
	s := &m.slots[m.valueSlot]
	switch {
	case s.raw == nil:
		return 0, MissingValue
	case s.isNum:
		return judgeNumeral(s.num)
	case s.raw[0] == '"' && l.lenient:
		text, _ := s.string() // what is not Unicode is no number either
		return judgeNumberText(text)
	}
	return 0, ValueType
}

func judgeNumberText(text []byte) (float64, Reason) {
	x, ok := readNumeral(text)
	if !ok {
		return 0, ValueType
	}
	return judgeNumeral(x)
}

func judgeNumeral(x numeral) (float64, Reason) {
	v, ok := x.float()
	if !ok {
		return 0, ValueRange
	}
	return v, None
}

func (m *mapped) category(msg *Message) (name []byte, why Reason) {
	m.joined = m.joined[:0]
	for m.part = range m.layout.category {
		if name, why = m.categoryPart(msg); why != None {
			return nil, why
		}
		if len(m.layout.category) == 1 {
			return name, None
		}
		if m.part > 0 {
			m.joined = append(m.joined, m.layout.separator...)
		}
		if m.joined = append(m.joined, name...); len(m.joined) > MaxCategory {
			return nil, CategoryLong
		}
	}
	return m.joined, None
}

// categoryPart is what the source m.part gives.
func (m *mapped) categoryPart(msg *Message) (name []byte, why Reason) {
	from := m.layout.category[m.part]
	ok := true
	if from.from != fromField {
		name = from.text(msg)
		ok = utf8.Valid(name)
	} else if s := &m.slots[m.categorySlots[m.part]]; s.raw != nil {
		if s.raw[0] != '"' {
			return nil, CategoryType
		}
		name, ok = s.string()
	}
	switch {
	case name == nil && ok:
		return nil, MissingCategory
	case !ok:
		return nil, CategoryUTF8
	case len(name) == 0:
		return nil, CategoryEmpty
	case len(name) > MaxCategory:
		return nil, CategoryLong
	}
	return name[:len(name):len(name)], None
}

// computed is the value that the mapping's expression gives.
func (m *mapped) computed(machine *vm.VM, r *Record) (float64, error) {
	m.scope.fill(m.layout.compute, r)
	result, err := m.layout.compute.run(machine, &m.scope)
	if err != nil {
		return 0, err
	}
	v, ok := finite(result.(float64)) // the library has converted it
	if !ok {
		return 0, fmt.Errorf("it gives %v, which is no finite number", result)
	}
	return v, nil
}

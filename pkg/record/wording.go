package record

import "strings"

// wording is what the sentences about a rejection say differently under another mapping.
type wording struct {
	fields                            string // what an object should hold
	time, value, category             string // subjects of sentences
	timeCase, valueCase, categoryCase string // a hint behind "is missing"
	timeMissing, timeKind, timeRight  string
	timeOutside                       string
	unit                              string
	valueQuotes                       string
	detail                            string // of an expression that failed
}

const caseMatters = " (names are case-sensitive)"

// usualWording speaks of the default mapping.
func usualWording() wording {
	return wording{
		fields: "timestamp, value and category",
		time:   `The field "timestamp"`, value: `The field "value"`, category: `The field "category"`,
		timeCase: caseMatters, valueCase: caseMatters, categoryCase: caseMatters,
		timeMissing: "the seconds since 1970 as a number, such as 1764000000",
		timeKind:    "a number",
		timeRight:   "the seconds since 1970 without quotes, such as 1764000000",
		timeOutside: ": it counts seconds since 1970, not milliseconds",
		unit:        "seconds",
		valueQuotes: " without quotes",
		detail:      "a field that it needs is missing or of another type",
	}
}

// wording names the sources of the mapping.
func (m *mapped) wording() wording {
	l := m.layout
	w := usualWording()
	category := l.category[min(m.part, len(l.category)-1)]
	w.time, w.timeCase = l.time.subject(), l.time.caseHint()
	w.value, w.valueCase = l.value.subject(), l.value.caseHint()
	w.category, w.categoryCase = category.subject(), category.caseHint()
	w.fields = "the fields that the processor reads"
	if l.String() == "" {
		w.fields = usualWording().fields
	}
	if l.lenient || l.value.from != fromField {
		w.valueQuotes = ""
	}
	if l.format != unixSeconds {
		w.timeOutside = " as --time-format=" + l.format.String() + " reads it"
		w.unit = "what --time-format=" + l.format.String() + " says"
	}
	switch l.format {
	case unixSeconds:
		if l.lenient || l.time.from != fromField {
			w.timeRight = w.timeMissing
		}
	case rfc3339:
		w.timeKind = "a text"
		w.timeMissing = `a date and time in double quotes, such as "2025-11-24T16:00:00Z"`
		w.timeRight = w.timeMissing
	case autoTime:
		w.timeKind = "a number or text"
		w.timeMissing = `a date and time such as "2025-11-24T16:00:00Z", or the seconds, milli-, micro- or nanoseconds since 1970`
		w.timeRight = w.timeMissing
	default:
		w.timeMissing = "the " + l.format.unit() + " since 1970 as a number"
		w.timeRight = w.timeMissing
	}
	return w
}

// unit is what a numeric format counts.
func (f timeFormat) unit() string {
	return [...]string{"seconds", "milliseconds", "microseconds", "nanoseconds"}[f]
}

// caseHint reminds of what is true of fields and headers alone.
func (s source) caseHint() string {
	if s.from == fromField || s.from == fromHeader {
		return caseMatters
	}
	return ""
}

// clippedDetail bounds what a sentence says of an expression that failed.
func clippedDetail(s string) string {
	const most = 180
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-3], "") + "..."
}

package record

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Mapping says where in a message the measurement stands, as settings spell it. An empty text is the default, so the
// zero Mapping reads {"timestamp":SECONDS,"value":NUMBER,"category":TEXT}.
type Mapping struct {
	ValueField        string // path, @key or @header:NAME; default "value"
	CategoryField     string // the same, or @topic, or several with commas between them; default "category"
	CategorySeparator string // between several; default "/"
	TimeField         string // path, @timestamp, @key or @header:NAME; default "timestamp"
	TimeFormat        string // unix, unix_ms, unix_us, unix_ns, rfc3339 or auto; default unix
	Value             string // expression that computes the value, in place of ValueField
	LenientNumbers    bool   // numbers in quotes are numbers
}

// Names of the settings that errors speak of.
const (
	valueFieldSetting        = "value-field"
	categoryFieldSetting     = "category-field"
	categorySeparatorSetting = "category-separator"
	timeFieldSetting         = "time-field"
	timeFormatSetting        = "time-format"
	valueSetting             = "value"
	keepSetting              = "keep"
)

// SettingError says what is wrong with one setting, named without dashes. The problem completes a sentence that begins
// with the setting's text, and says what would be right.
type SettingError struct{ Setting, Problem string }

// Error names the setting, and the problem.
func (e *SettingError) Error() string { return "--" + e.Setting + " " + e.Problem }

// maxSeparator is the greatest length of a category separator in bytes.
const maxSeparator = 16

// maxCategoryFields is how many fields a category may be joined of.
const maxCategoryFields = 16

// Layout is a compiled Mapping. It never changes, so any number of decoders may share one.
type Layout struct {
	time, value source
	category    []source
	separator   string
	format      timeFormat
	lenient     bool
	compute     *program // nil: the value is read, not computed
	text        string
}

// String is the mapping's canonical text, the same for all spellings that say the same; empty for the default and for a
// nil Layout.
func (l *Layout) String() string {
	if l == nil {
		return ""
	}
	return l.text
}

// Compile checks a mapping. Every error is a *SettingError, one for each setting that is wrong.
func (m Mapping) Compile() (*Layout, []error) {
	or := func(text, standard string) string {
		if text == "" {
			return standard
		}
		return text
	}
	l := &Layout{lenient: m.LenientNumbers, separator: or(m.CategorySeparator, "/")}
	var errs []error
	note := func(setting string, err error) {
		if err != nil {
			errs = append(errs, &SettingError{setting, err.Error()})
		}
	}
	var err error
	l.value, err = parseSource(or(m.ValueField, "value"))
	if err == nil {
		err = l.value.allowed(fromField, fromKey, fromHeader)
	}
	if err == nil && m.Value != "" && m.ValueField != "" && m.ValueField != "value" {
		err = errors.New("can't be read where --value computes it: leave out one of the two")
	}
	note(valueFieldSetting, err)
	l.category, err = parseCategory(or(m.CategoryField, "category"))
	note(categoryFieldSetting, err)
	if len(l.separator) > maxSeparator || !utf8.ValidString(l.separator) {
		note(categorySeparatorSetting, fmt.Errorf("is no separator: write 1 to %d bytes of UTF-8", maxSeparator))
	}
	l.format, err = parseTimeFormat(or(m.TimeFormat, unixSeconds.String()))
	note(timeFormatSetting, err)
	l.time, err = parseSource(or(m.TimeField, "timestamp"))
	if err == nil {
		err = l.time.allowed(fromField, fromStamp, fromKey, fromHeader)
	}
	if err == nil && l.time.from == fromStamp && l.format != unixSeconds {
		err = errors.New("is Kafka's own time, which has no format: leave out --time-format")
	}
	note(timeFieldSetting, err)
	if m.Value != "" {
		l.compute, err = compileExpression(m.Value, numberWanted)
		note(valueSetting, err)
	}
	if errs != nil {
		return nil, errs
	}
	l.text = l.canonical()
	return l, nil
}

func parseCategory(s string) ([]source, error) {
	all, err := parseSources(s)
	if err != nil {
		return nil, err
	}
	if len(all) > maxCategoryFields {
		return nil, fmt.Errorf("names %d fields: at most %d can be joined", len(all), maxCategoryFields)
	}
	for _, one := range all {
		if err := one.allowed(fromField, fromKey, fromTopic, fromHeader); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// allowed says whether a source may serve a field at all.
func (s source) allowed(from ...origin) error {
	if slices.Contains(from, s.from) {
		return nil
	}
	if s.from == fromStamp {
		return errors.New("can't come from @timestamp: that is a time, and serves --time-field alone")
	}
	return errors.New("can't come from @topic: that is a name, and serves --category-field alone")
}

// canonical has a line for each setting that is not at its default.
func (l *Layout) canonical() string {
	var b strings.Builder
	line := func(setting, text, standard string) {
		if text != standard {
			b.WriteString(setting + " " + text + "\n")
		}
	}
	var category []string
	for _, one := range l.category {
		category = append(category, one.String())
	}
	line(valueFieldSetting, l.value.String(), "value")
	line(categoryFieldSetting, strings.Join(category, ","), "category")
	if len(category) > 1 { // else there is nothing to separate
		line(categorySeparatorSetting, strconv.Quote(l.separator), `"/"`)
	}
	line(timeFieldSetting, l.time.String(), "timestamp")
	line(timeFormatSetting, l.format.String(), unixSeconds.String())
	if l.compute != nil {
		line(valueSetting, l.compute.text, "")
	}
	if l.lenient {
		line("lenient-numbers", "true", "")
	}
	return b.String()
}

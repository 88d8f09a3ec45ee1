package worker

import (
	"errors"
	"fmt"
	"strings"

	"github.com/meanstream/meanstream/pkg/daemon"
	"github.com/meanstream/meanstream/pkg/record"
)

// Fields are the settings that say where in a message a measurement stands.
type Fields struct {
	ValueField        string `default:"value" group:"first" placeholder:"FIELD" help:"Where the value stands: a field, dotted where nested (readings.0.v), @key or @header:NAME."`
	CategoryField     string `default:"category" group:"first" placeholder:"FIELD,..." help:"Where the category stands: a field, @key, @topic or @header:NAME, or several of these, which are joined."`
	CategorySeparator string `default:"/" group:"time" placeholder:"TEXT" help:"What stands between the parts of a joined category; choose one that no part contains."`
	TimeField         string `default:"timestamp" group:"first" placeholder:"FIELD" help:"Where the event time stands: a field, @timestamp (Kafka's time of the message), @key or @header:NAME."`
	TimeFormat        string `default:"unix" enum:"unix,unix_ms,unix_us,unix_ns,rfc3339,auto" group:"first" placeholder:"FORMAT" help:"How the event time is spelled: unix (seconds), unix_ms, unix_us, unix_ns, rfc3339 or auto."`
	Value             string `group:"first" placeholder:"EXPRESSION" help:"Compute the value from fields instead of reading it, such as \"price * quantity\"."`
	LenientNumbers    bool   `group:"time" help:"Accept numbers in quotes as value and time."`
}

// Mapping is what the settings say.
func (f *Fields) Mapping() record.Mapping {
	return record.Mapping{
		ValueField: f.ValueField, CategoryField: f.CategoryField, CategorySeparator: f.CategorySeparator,
		TimeField: f.TimeField, TimeFormat: f.TimeFormat, Value: f.Value, LenientNumbers: f.LenientNumbers,
	}
}

// Validate reports every setting that names no place in a message.
func (f *Fields) Validate() []error {
	_, errs := f.Mapping().Compile()
	for i, err := range errs {
		if wrong, ok := errors.AsType[*record.SettingError](err); ok {
			errs[i] = daemon.Wrong(wrong.Setting, "%s", wrong.Problem)
		}
	}
	return errs
}

// CheckKeep reports a rule that can't be read.
func CheckKeep(keep string) []error {
	if _, err := record.ParseKeep(keep); err != nil {
		return []error{daemon.Wrong("keep", "is no rule: %s", strings.TrimPrefix(err.Error(), fmt.Sprintf("read keep rule %q: ", keep)))}
	}
	return nil
}

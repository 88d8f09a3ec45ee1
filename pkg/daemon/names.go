package daemon

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// own are the settings that a service has besides the groups of this package. One file serves all services, so each must
// tell a setting of another from a slip of the pen; a test of each service holds its own to this list.
func own() map[string][]string {
	fields := []string{"value", "value-field", "category-field", "category-separator", "time-field", "time-format", "lenient-numbers"}
	return map[string][]string{
		"generator": {"source", "load-name", "rate", "count", "seed", "categories", "key", "max-record-bytes"},
		"processor": append([]string{"group", "sink-group", "max-ahead", "start", "start-over", "on-lost-records", "exit-at-end"}, fields...),
		"sink":      {"group", "also", "start-over", "exit-at-end"},
		"demo":      append([]string{"source", "load-name", "rate", "count", "seed", "categories", "key", "also", "exit-at-end", "port", "partitions"}, fields...),
	}
}

// services are the names of the sections, in the order of the data's way.
func services() []string { return []string{"generator", "processor", "sink", "demo"} }

// shared are the settings of all groups in this package.
func shared() []string {
	var all struct {
		Kafka
		Topics
		Rule
		Idle
		Flush
		Log
		Admin
	}
	model, err := kong.New(&all, kong.NoDefaultHelp())
	if err != nil {
		panic(err) // the groups' tags are constants
	}
	var names []string
	for _, flag := range model.Model.Flags {
		names = append(names, flag.Name)
	}
	return names
}

// isSecret tells whether a flag's value must not be shown, nor come from anywhere but the environment.
func isSecret(flag *kong.Flag) bool { return flag.Tag.Has("secret") }

// isList tells whether a flag takes several values, as one text with commas at the least.
func isList(flag *kong.Flag) bool {
	return flag.Target.Kind() == reflect.Slice
}

// separator is what joins the values of a list into one text.
func separator(flag *kong.Flag) string {
	if flag.IsSlice() && flag.Tag.Sep != -1 {
		return string(flag.Tag.Sep)
	}
	return ","
}

// splitKept tells whether several texts of a flag stay apart, because its values may have commas in them.
func splitKept(flag *kong.Flag) bool { return flag.IsSlice() && flag.Tag.Sep == -1 }

// joined is how texts are written as one value.
func joined(flag *kong.Flag, texts []string) string { return strings.Join(texts, separator(flag)) }

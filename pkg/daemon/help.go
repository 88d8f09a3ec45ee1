package daemon

import (
	"strings"

	"github.com/alecthomas/kong"
)

// helpWidth is the most that a line of help takes, however wide the terminal.
const helpWidth = 100

// helpGroups are the values of the group tag that have a title of their own.
// Groups appear in the order of their first flag: "first" comes first because
// every service embeds Kafka before all else.
func helpGroups() []kong.Group {
	return []kong.Group{
		{Key: "first", Title: "What matters first:"},
		{Key: "security", Title: "Secured clusters:"},
		{Key: "time", Title: "Time and limits:"},
		{Key: "topics", Title: "Topics:"},
		{Key: "run", Title: "Starting, ending, starting over:"},
		{Key: "process", Title: "The process:"},
	}
}

func (p *parser) printHelp(prog Program) error {
	if prog.Description != "" {
		p.model.Model.Help = prog.Description + "\n\n"
	}
	p.model.Model.Help += "Every flag --some-name is also the variable " + envPrefix + "SOME_NAME and the key some-name of the file that --config names. Flags win over variables, and those over the file; empty variables count as unset."
	for _, flag := range p.model.Model.Flags {
		if flag.PlaceHolder == "" && !flag.IsBool() {
			flag.PlaceHolder = "VALUE"
		}
	}
	ctx, err := kong.Trace(p.model, nil)
	if err != nil {
		return err
	}
	return ctx.PrintUsage(false)
}

// formatHelp adds to a flag's help its default and its variable.
func formatHelp(value *kong.Value) string {
	if !fromEnvironment(value.Name) {
		return value.Help
	}
	notes := []string{"$" + envName(value.Name)}
	if value.HasDefault {
		notes = append([]string{"default " + value.Default}, notes...)
	}
	return value.Help + " (" + strings.Join(notes, "; ") + ")"
}

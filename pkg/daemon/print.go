package daemon

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// printConfig writes the settings as a file that --config reads, each with where it came from. A setting that is not set,
// and a secret, are comments.
func (p *parser) printConfig(prog Program, out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Settings of %s %s, each with where it comes from\n", prog.Name, prog.Version.filled().Version)
	for _, name := range p.settable() {
		flag := p.flags[name]
		texts, origin := p.given[name], p.from[name]
		switch {
		case texts != nil:
			origin = strings.TrimSuffix(origin, ": "+name) // of a place in a file
		case flag.HasDefault:
			texts, origin = []string{flag.Default}, "default"
		case flag.IsBool():
			texts, origin = []string{"false"}, "default"
		}
		switch {
		case texts == nil && isSecret(flag):
		case texts == nil:
			fmt.Fprintf(&b, "# %s: not set\n", name)
		case isSecret(flag):
			fmt.Fprintf(&b, "# %s: %s  # %s\n", name, mask, origin)
		default:
			value, err := yamlValue(flag, texts)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s: %s  # %s\n", name, value, origin)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// yamlValue is a value in one line of YAML.
func yamlValue(flag *kong.Flag, texts []string) (string, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: text, Style: quotes(text)})
	}
	if !splitKept(flag) {
		text := texts[len(texts)-1]
		if isList(flag) && flag.IsSlice() {
			text = joined(flag, texts)
		}
		node = &yaml.Node{Kind: yaml.ScalarNode, Value: text, Style: quotes(text)}
	}
	line, err := yaml.Marshal(node)
	return strings.TrimSpace(string(line)), err
}

// quotes keeps a text in one line, and an empty one a text.
func quotes(text string) yaml.Style {
	if text == "" || strings.ContainsAny(text, "\n\r\t#,[]{}~") || len(text) > 60 || strings.EqualFold(text, "null") {
		return yaml.DoubleQuotedStyle
	}
	return 0
}

package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// written is what a file says about one setting.
type written struct {
	texts []string
	place string // FILE:LINE
}

// settingsFile is a file of settings as one service reads it: keys at the top are for every service that knows them, and
// those in the section of this one win. Keys of others are looked at, too: a slip must not wait for its service to start.
type settingsFile struct {
	*parser
	name, service string
	known         []string // settings of any service
	found         map[string]written
	inSection     map[string]bool // those of found that came from our section
}

// readFile reads a file of settings; what is wrong goes to the mistakes.
func (p *parser) readFile(name, service string) map[string]written {
	f := &settingsFile{parser: p, name: name, service: service, found: map[string]written{}, inSection: map[string]bool{}}
	f.known = append(shared(), p.settable()...)
	for _, names := range own() {
		f.known = append(f.known, names...)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // the rest repeats the name
		}
		p.mistakes = append(p.mistakes, &Mistake{Flag: "config", From: p.from["config"], Value: name,
			Problem: fmt.Sprintf("can't be read: %v: give the path of a YAML file", err)})
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil // nothing but comments
	case err != nil:
		f.syntax(err)
		return nil
	}
	if err := decoder.Decode(&next); err == nil {
		f.wrong(&next, "a second document: write all settings into one, without ---")
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err)
	}
	f.mapping(doc.Content[0], "")
	return f.found
}

// settable are the settings that the service of this parser has.
func (p *parser) settable() []string {
	return slices.DeleteFunc(slices.Clone(p.names), isBuiltin)
}

func (f *settingsFile) syntax(err error) {
	f.mistakes = append(f.mistakes, fmt.Errorf("%s: no YAML: %s", f.name, strings.TrimPrefix(err.Error(), "yaml: ")))
}

func (f *settingsFile) wrong(at *yaml.Node, format string, args ...any) {
	f.mistakes = append(f.mistakes, fmt.Errorf("%s:%d: %s", f.name, at.Line, fmt.Sprintf(format, args...)))
}

// mapping reads the keys at the top, or in a section.
func (f *settingsFile) mapping(m *yaml.Node, section string) {
	m = resolved(m)
	if m.Kind != yaml.MappingNode {
		f.wrong(m, "no settings: write one to a line, such as window: 10s")
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], resolved(m.Content[i+1])
		if first := lines[key.Value]; first != 0 {
			f.wrong(key, "%s: given in line %d already: leave one of them out", key.Value, first)
			continue
		}
		lines[key.Value] = key.Line
		if section == "" && slices.Contains(services(), key.Value) {
			if value.Tag != "!!null" { // a section whose lines are all comments
				f.mapping(value, key.Value)
			}
			continue
		}
		f.setting(key, value, section)
	}
}

// resolved follows an alias.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// setting reads one key.
func (f *settingsFile) setting(key, value *yaml.Node, section string) {
	name := key.Value
	known := f.known
	switch {
	case section == f.service && section != "":
		known = f.settable()
	case section != "":
		known = append(shared(), own()[section]...)
	}
	if !slices.Contains(known, name) {
		f.unknownKey(key, known, section)
		return
	}
	flag := f.flags[name]
	ours := flag != nil && (section == "" || section == f.service)
	if name == "sasl-password" || ours && isSecret(flag) {
		f.wrong(key, "%s: not in a file that is copied and shown: set %s, or the file of the secret by %s-file", name, envName(name), name)
		return
	}
	if !ours || section == "" && f.inSection[name] {
		return
	}
	texts, problem := textsOf(value)
	if problem == "" && len(texts) > 1 && !isList(flag) {
		problem = "is a list: write one value"
	}
	if problem != "" {
		f.parser.wrong[name] = true
		f.wrong(key, "%s: %s", name, problem)
		return
	}
	if isList(flag) && !splitKept(flag) {
		texts = []string{joined(flag, texts)}
	}
	f.found[name] = written{texts: texts, place: fmt.Sprintf("%s:%d", f.name, key.Line)}
	f.inSection[name] = section != ""
}

// textsOf is a value as a command line would have it, one text for each entry of a list.
func textsOf(n *yaml.Node) (texts []string, problem string) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, "has no value: write one, or leave the key out"
		}
		return []string{n.Value}, ""
	case yaml.SequenceNode:
		for _, entry := range n.Content {
			entry = resolved(entry)
			if entry.Kind != yaml.ScalarNode || entry.Tag == "!!null" {
				return nil, "has an entry that is no text or number"
			}
			texts = append(texts, entry.Value)
		}
		if len(texts) == 0 {
			return nil, "is an empty list: leave the key out"
		}
		return texts, ""
	}
	return nil, "has settings below it: write a value, or a list of values"
}

func (f *settingsFile) unknownKey(key *yaml.Node, known []string, section string) {
	name, of := key.Value, ""
	if section != "" {
		of = " of the " + section
	}
	switch near := closest(name, append(slices.Clone(known), sectionsAt(section)...)); {
	case isBuiltin(name):
		f.wrong(key, "%s: not in a file: give --%s on the command line", name, name)
	case section != "" && slices.Contains(f.known, name):
		f.wrong(key, "%s: no setting%s: move it to the service that has it", name, of)
	case near != "":
		f.wrong(key, "%s: unknown setting%s, did you mean %s?", name, of, near)
	default:
		f.wrong(key, "%s: unknown setting%s: keys are flags without their dashes, --help lists them", name, of)
	}
}

// sectionsAt are the names of sections where there may be any.
func sectionsAt(section string) []string {
	if section == "" {
		return services()
	}
	return nil
}

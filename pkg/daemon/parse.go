package daemon

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

const envPrefix = "MEANSTREAM_"

// builtin are the flags that every program has besides its settings; of these, the environment sets only config.
type builtin struct {
	Config      string `group:"process" placeholder:"FILE" help:"Read settings from this YAML file: keys are flags without dashes, at the top or in the section of one service."`
	PrintConfig bool   `group:"process" help:"Print the settings, and where each comes from, as such a file, and exit."`
	Check       bool   `group:"process" help:"Check settings, connection, rights and topics, change nothing, and exit: 0 if all is well."`
	Help        bool   `short:"h" group:"process" help:"Print this and exit."`
	Version     bool   `group:"process" help:"Print the version and exit."`
}

func isBuiltin(flag string) bool {
	return slices.Contains([]string{"config", "print-config", "check", "help", "version"}, flag)
}

// fromEnvironment tells whether a variable may set the flag.
func fromEnvironment(flag string) bool { return flag == "config" || !isBuiltin(flag) }

// parser fills a Config. The flags, their defaults, groups and help are kong's
// model of the struct; reading the arguments is not left to kong, since it
// stops at the first mistake.
type parser struct {
	model *kong.Kong
	flags map[string]*kong.Flag
	names []string // in the order of the help

	given    map[string][]string // flag name -> values, wherever they came from
	from     map[string]string   // flag name -> flag, variable or place in a file that the values came from
	wrong    map[string]bool     // flags whose value could not be read
	mistakes []error
}

// Parse fills cfg, a pointer to a struct with kong tags, from the arguments,
// else from the variables MEANSTREAM_SOME_NAME, else from the file that --config
// or MEANSTREAM_CONFIG names, else from the defaults; an
// empty variable counts as unset. Fields may be strings, booleans, numbers,
// durations, lists, and anything that unmarshals text; besides kong's tags,
// min and max limit numbers, durations and sizes.
//
// Then each Validate() []error of cfg and of the structs embedded in it is asked
// for what is wrong. All mistakes come back together in one *ConfigError; any
// other error means that cfg itself is unusable. When --help, --version or --print-config was asked for, it has been
// printed to host.Stdout and done is true.
//
// Unknown variables MEANSTREAM_... are no mistake: one environment is commonly
// shared by all services, and each knows only its own settings.
func Parse(prog Program, cfg any, host Host) (done bool, err error) {
	p, err := newParser(prog, cfg, host)
	if err != nil {
		return false, fmt.Errorf("flags of %s: %w", prog.Name, err)
	}
	return p.parse(prog, cfg, host)
}

func (p *parser) parse(prog Program, cfg any, host Host) (done bool, err error) {
	p.readArgs(host.Args)
	switch {
	case p.given["help"] != nil:
		return true, p.printHelp(prog)
	case p.given["version"] != nil:
		_, err := fmt.Fprintln(host.Stdout, prog.Name, prog.Version.filled())
		return true, err
	}
	p.readEnvironment(host.Getenv)
	if texts := p.given["config"]; texts != nil && !p.wrong["config"] {
		p.merge(p.readFile(texts[len(texts)-1], prog.Name))
	}
	for _, name := range p.names {
		if err := p.set(name); err != nil {
			return false, fmt.Errorf("flags of %s: %w", prog.Name, err)
		}
	}
	p.validate(reflect.ValueOf(cfg))
	if len(p.mistakes) > 0 {
		return false, &ConfigError{Program: prog.Name, Errors: p.mistakes}
	}
	if p.given["print-config"] != nil {
		return true, p.printConfig(prog, host.Stdout)
	}
	return false, nil
}

func newParser(prog Program, cfg any, host Host) (*parser, error) {
	model, err := kong.New(cfg,
		kong.Name(prog.Name), kong.Description(prog.Description),
		kong.Writers(host.Stdout, host.Stderr),
		kong.NoDefaultHelp(), kong.Embed(&builtin{}),
		kong.ExplicitGroups(helpGroups()), kong.ValueFormatter(formatHelp),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: helpWidth}),
	)
	if err != nil {
		return nil, err
	}
	p := &parser{
		model: model,
		flags: map[string]*kong.Flag{},
		given: map[string][]string{},
		from:  map[string]string{},
		wrong: map[string]bool{},
	}
	model.Model.Flags = slices.DeleteFunc(model.Model.Flags, func(f *kong.Flag) bool {
		return f.Name == "check" && prog.Check == nil
	})
	for _, flag := range model.Model.Flags {
		p.flags[flag.Name] = flag
		p.names = append(p.names, flag.Name)
	}
	return p, nil
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// readArgs sorts the command line into given and mistakes.
func (p *parser) readArgs(args []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			for _, rest := range args[i+1:] {
				p.stray(rest, "")
			}
			return
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			before := ""
			if i > 0 {
				before = args[i-1]
			}
			p.stray(arg, before)
			continue
		}
		if arg == "-h" {
			arg = "--help"
		}
		dashed, value, hasValue := strings.Cut(arg, "=")
		name := strings.TrimPrefix(dashed, "--")
		flag := p.flags[name]
		if flag != nil && flag.IsBool() && !hasValue {
			value, hasValue = "true", true
		}
		if !hasValue && i+1 < len(args) && !looksLikeFlag(args[i+1]) {
			// An unknown flag takes its value with it: one slip, one line.
			i++
			value, hasValue = args[i], true
		}
		switch {
		case flag == nil:
			p.unknown(dashed)
		case !hasValue:
			p.wrong[name] = true
			p.mistakes = append(p.mistakes, fmt.Errorf("--%s: no value given: write --%s=%s", name, name, flag.FormatPlaceHolder()))
		case isSecret(flag):
			p.wrong[name] = true
			p.mistakes = append(p.mistakes, fmt.Errorf("--%s: not on a command line, which others see: set %s, or the file of the secret by --%s-file", name, envName(name), name))
		default:
			p.given[name], p.from[name] = append(p.given[name], value), "--"+name
		}
	}
}

// readEnvironment takes the variables of what the command line left open.
func (p *parser) readEnvironment(getenv func(string) string) {
	for _, name := range p.names {
		if p.given[name] != nil || p.wrong[name] || !fromEnvironment(name) {
			continue
		}
		if text := getenv(envName(name)); text != "" {
			p.given[name], p.from[name] = []string{text}, envName(name)
		}
	}
}

// merge takes from a file what is still open.
func (p *parser) merge(file map[string]written) {
	for name, w := range file {
		if p.given[name] == nil && !p.wrong[name] {
			p.given[name], p.from[name] = w.texts, w.place+": "+name
		}
	}
}

// looksLikeFlag lets values begin with a dash: -5, and - for standard input.
func looksLikeFlag(arg string) bool {
	return arg == "-h" || len(arg) > 2 && strings.HasPrefix(arg, "--")
}

func (p *parser) stray(arg, before string) {
	name := strings.TrimPrefix(before, "--")
	if flag := p.flags[name]; flag != nil && flag.IsBool() && !isBuiltin(name) {
		p.mistakes = append(p.mistakes, fmt.Errorf("%q: unexpected argument: write --%s=%s", arg, name, arg))
		return
	}
	p.mistakes = append(p.mistakes, fmt.Errorf("%q: unexpected argument: settings are written --some-name=value", arg))
}

func (p *parser) unknown(dashed string) {
	name := strings.TrimLeft(dashed, "-")
	negated := strings.TrimPrefix(name, "no-")
	if flag := p.flags[negated]; negated != name && flag != nil && flag.IsBool() {
		p.mistakes = append(p.mistakes, fmt.Errorf("%s: unknown flag, did you mean --%s=false?", dashed, negated))
		return
	}
	hint := ""
	if near := closest(name, p.shown()); near != "" {
		hint = fmt.Sprintf(", did you mean --%s?", near)
	}
	p.mistakes = append(p.mistakes, fmt.Errorf("%s: unknown flag%s", dashed, hint))
}

// shown are the flags that a command line may have.
func (p *parser) shown() []string {
	return slices.DeleteFunc(slices.Clone(p.names), func(name string) bool { return isSecret(p.flags[name]) })
}

// set gives one flag its value. The error is a mistake of the service.
func (p *parser) set(name string) error {
	flag := p.flags[name]
	if flag.HasDefault {
		if err := decode(flag, []string{flag.Default}); err != nil {
			return fmt.Errorf("default of --%s: %q %w", name, flag.Default, err)
		}
	}
	texts := p.given[name]
	if texts == nil {
		p.from[name] = "--" + name
		return nil
	}
	err := decode(flag, texts)
	if errors.Is(err, errUnsupported) {
		return fmt.Errorf("--%s: %w", name, err)
	}
	if err != nil {
		p.wrong[name] = true
		p.mistakes = append(p.mistakes, p.placed(&Mistake{Flag: name, Problem: err.Error()}))
	}
	return nil
}

// placed says where the value came from and what it was.
func (p *parser) placed(m *Mistake) *Mistake {
	flag := p.flags[m.Flag]
	if flag == nil {
		return m
	}
	placed := *m
	placed.From, placed.Value = p.from[m.Flag], flag.Default
	if texts := p.given[m.Flag]; texts != nil {
		placed.Value = texts[len(texts)-1]
		if flag.IsSlice() && flag.Tag.Sep != -1 {
			placed.Value = strings.Join(texts, string(flag.Tag.Sep))
		}
	}
	if isSecret(flag) && placed.Value != "" {
		placed.Value = mask
	}
	return &placed
}

// validate asks v and, first, the structs embedded in it. Where Go promotes an
// embedded struct's Validate, the same is said twice and noted once.
func (p *parser) validate(v reflect.Value) {
	eachEmbedded(v, func(part any) {
		if c, ok := part.(interface{ Validate() []error }); ok {
			for _, err := range c.Validate() {
				p.relation(err)
			}
		}
	})
}

// warnings asks v, and first the structs embedded in it, what is worth a line though it is not wrong.
func warnings(v reflect.Value) (all []string) {
	eachEmbedded(v, func(part any) {
		if c, ok := part.(interface{ Warnings() []string }); ok {
			for _, w := range c.Warnings() {
				if !slices.Contains(all, w) {
					all = append(all, w)
				}
			}
		}
	})
	return all
}

// eachEmbedded visits the structs embedded in v, and then v itself, as pointers.
func eachEmbedded(v reflect.Value, visit func(part any)) {
	s := reflect.Indirect(v)
	for i := range s.NumField() {
		field := s.Type().Field(i)
		_, embedded := field.Tag.Lookup("embed")
		if (field.Anonymous || embedded) && field.IsExported() && field.Type.Kind() == reflect.Struct {
			eachEmbedded(s.Field(i).Addr(), visit)
		}
	}
	visit(v.Interface())
}

// relation notes what a Validate method found, unless it is about a setting
// that could not be read and so was compared by its default.
func (p *parser) relation(err error) {
	var m *Mistake
	if errors.As(err, &m) {
		if p.wrong[m.Flag] {
			return
		}
		for name := range p.wrong {
			if slices.Contains(strings.FieldsFunc(m.Problem, endsWord), "--"+name) {
				return
			}
		}
		err = p.placed(m)
	}
	known := func(e error) bool { return e.Error() == err.Error() }
	if !slices.ContainsFunc(p.mistakes, known) {
		p.mistakes = append(p.mistakes, err)
	}
}

// endsWord is true of what cannot be part of a flag's name.
func endsWord(r rune) bool { return strings.ContainsRune(" ,.;:=()", r) }

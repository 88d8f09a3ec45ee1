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

// builtin are the flags that every program has and no environment can set.
type builtin struct {
	Help    bool `short:"h" group:"process" help:"Print this and exit."`
	Version bool `group:"process" help:"Print the version and exit."`
}

// parser fills a Config. The flags, their defaults, groups and help are kong's
// model of the struct; reading the arguments is not left to kong, since it
// stops at the first mistake.
type parser struct {
	model *kong.Kong
	flags map[string]*kong.Flag
	names []string // in the order of the help

	given    map[string][]string // flag name -> values on the command line
	from     map[string]string   // flag name -> flag or variable that the value came from
	wrong    map[string]bool     // flags whose value could not be read
	mistakes []error
}

// Parse fills cfg, a pointer to a struct with kong tags, from the arguments,
// else from the variables MEANSTREAM_SOME_NAME, else from the defaults; an
// empty variable counts as unset. Fields may be strings, booleans, numbers,
// durations, lists, and anything that unmarshals text; besides kong's tags,
// min and max limit numbers, durations and sizes.
//
// Then each Validate() []error of cfg and of the structs embedded in it is asked
// for what is wrong. All mistakes come back together in one *ConfigError; any
// other error means that cfg itself is unusable. When --help or --version was asked for, it has been
// printed to host.Stdout, done is true and cfg is untouched.
//
// Unknown variables MEANSTREAM_... are no mistake: one environment is commonly
// shared by all services, and each knows only its own settings.
func Parse(prog Program, cfg any, host Host) (done bool, err error) {
	p, err := newParser(prog, cfg, host)
	if err != nil {
		return false, fmt.Errorf("flags of %s: %w", prog.Name, err)
	}
	p.readArgs(host.Args)
	switch {
	case p.given["help"] != nil:
		return true, p.printHelp(prog)
	case p.given["version"] != nil:
		_, err := fmt.Fprintln(host.Stdout, prog.Name, prog.Version.filled())
		return true, err
	}
	for _, name := range p.names {
		if err := p.set(name, host.Getenv); err != nil {
			return false, fmt.Errorf("flags of %s: %w", prog.Name, err)
		}
	}
	p.validate(reflect.ValueOf(cfg))
	if len(p.mistakes) > 0 {
		return false, &ConfigError{Program: prog.Name, Errors: p.mistakes}
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
	for _, flag := range model.Model.Flags {
		p.flags[flag.Name] = flag
		p.names = append(p.names, flag.Name)
	}
	return p, nil
}

func isBuiltin(flag string) bool { return flag == "help" || flag == "version" }

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
		default:
			p.given[name] = append(p.given[name], value)
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
	if near := closest(name, p.names); near != "" {
		hint = fmt.Sprintf(", did you mean --%s?", near)
	}
	p.mistakes = append(p.mistakes, fmt.Errorf("%s: unknown flag%s", dashed, hint))
}

// set gives one flag its value. The error is a mistake of the service.
func (p *parser) set(name string, getenv func(string) string) error {
	flag := p.flags[name]
	if flag.HasDefault {
		if err := decode(flag, []string{flag.Default}); err != nil {
			return fmt.Errorf("default of --%s: %q %w", name, flag.Default, err)
		}
	}
	texts := p.given[name]
	p.from[name] = "--" + name
	if texts == nil && !isBuiltin(name) && !p.wrong[name] {
		if text := getenv(envName(name)); text != "" {
			texts = []string{text}
			p.given[name], p.from[name] = texts, envName(name)
		}
	}
	if texts == nil {
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
	return &placed
}

// validate asks v and, first, the structs embedded in it. Where Go promotes an
// embedded struct's Validate, the same is said twice and noted once.
func (p *parser) validate(v reflect.Value) {
	s := reflect.Indirect(v)
	for i := range s.NumField() {
		field := s.Type().Field(i)
		_, embedded := field.Tag.Lookup("embed")
		if (field.Anonymous || embedded) && field.IsExported() && field.Type.Kind() == reflect.Struct {
			p.validate(s.Field(i).Addr())
		}
	}
	if c, ok := v.Interface().(interface{ Validate() []error }); ok {
		for _, err := range c.Validate() {
			p.relation(err)
		}
	}
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

package main

import (
	"errors"
	"strconv"
	"strings"
)

// options are the arguments.
type options struct {
	list, try, inside, who bool
	leave, serve, scratch  string
	init                   int
	victims                []string // NAME=VALUE
	attacks                []string
}

// parse reads the arguments. There are no files and no environment to read.
func parse(args []string) (*options, error) {
	o := &options{init: 1}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		value := func() string {
			if len(args) == 0 {
				return ""
			}
			v := args[0]
			args = args[1:]
			return v
		}
		switch arg {
		case "--list":
			o.list = true
		case "--who": // what a setuid copy of the probe is asked
			o.who = true
		case "--try": // the child that makes one attack
			o.try = true
		case "--inside": // what it starts in other namespaces
			o.inside = true
		case "--scratch":
			o.scratch = value()
		case "--leave":
			o.leave = value()
		case "--serve":
			o.serve = value()
		case "--init":
			n, err := strconv.Atoi(value())
			if err != nil {
				return nil, errors.New(usage)
			}
			o.init = n
		case "--victim":
			v := value()
			if !strings.Contains(v, "=") {
				return nil, errors.New(usage)
			}
			o.victims = append(o.victims, v)
		default:
			if strings.HasPrefix(arg, "-") {
				return nil, errors.New(usage)
			}
			o.attacks = append(o.attacks, arg)
		}
	}
	return o, nil
}

// arguments are those of a child that makes one attack.
func (o *options) arguments(name, scratch string, further ...string) []string {
	line := []string{"jailsh-probe", "--try", "--scratch", scratch, "--init", strconv.Itoa(o.init)}
	for _, v := range o.victims {
		line = append(line, "--victim", v)
	}
	return append(append(line, further...), name)
}

func (o *options) probe(a *attack) *probe {
	p := &probe{attack: a, home: home(), scratch: o.scratch, init: o.init, victim: map[string]string{}, filtered: filtered()}
	for _, v := range o.victims {
		name, value, _ := strings.Cut(v, "=")
		p.victim[name] = value
	}
	return p
}

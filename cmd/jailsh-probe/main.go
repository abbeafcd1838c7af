package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

// attack is one way out of a jail.
type attack struct {
	name string
	what string // what it is: a CVE, a man page, whose idea
	try  func(*probe) outcome

	// inside is what try does in a further process, with probe.within.
	inside func(*probe) outcome
}

// probe is what an attack knows.
type probe struct {
	attack   *attack
	home     string
	scratch  string            // an empty folder of the attack's own
	init     int               // the process that is attacked as the jail's PID 1
	victim   map[string]string // what --leave has left elsewhere, and what a test has
	filtered bool
}

// all is every attack, class by class.
func all() []attack {
	return slices.Concat(
		rootAttacks(), descriptorAttacks(), identityAttacks(), namespaceAttacks(),
		mountAttacks(), procAttacks(), deviceAttacks(), terminalAttacks(),
		foreignAttacks(), socketAttacks(), kernelAttacks(), processAttacks(),
		ipcAttacks(), linkAttacks(), limitAttacks(), hostAttacks(),
	)
}

func main() {
	runtime.LockOSThread() // namespaces and ids belong to a thread
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "jailsh-probe:", err)
		if errors.Is(err, errBroken) {
			os.Exit(1)
		}
		os.Exit(2)
	}
}

var errBroken = errors.New("the jail doesn't hold")

const usage = "usage: jailsh-probe [--list] [--init PID] [--victim NAME=VALUE]... [ATTACK...] | --leave NAME | --serve NAME"

func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	switch {
	case o.list:
		for _, a := range all() {
			fmt.Printf("%-28s %s\n", a.name, a.what)
		}
		return nil
	case o.leave != "":
		return leave(o.leave)
	case o.serve != "":
		return serve(o.serve)
	case o.who:
		fmt.Println(os.Geteuid(), os.Getegid())
		return nil
	}
	attacks, err := chosen(o.attacks)
	if err != nil {
		return err
	}
	if o.try {
		return o.one(&attacks[0])
	}
	return o.each(attacks)
}

// chosen are the attacks of those names, or all.
func chosen(names []string) ([]attack, error) {
	every := all()
	if len(names) == 0 {
		return every, nil
	}
	var found []attack
	for _, name := range names {
		i := slices.IndexFunc(every, func(a attack) bool { return a.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%s: no such attack - run: jailsh-probe --list", name)
		}
		found = append(found, every[i])
	}
	return found, nil
}

// oneLine is a detail as it is printed: names of files are in it, which anybody may
// have chosen.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(text))
	if len(text) > 400 {
		text = text[:400] + "..."
	}
	return text
}

package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWorst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		all  []outcome
		want outcome
	}{
		{nil, outcome{isAbsent, "nothing to try"}},
		{[]outcome{absent("a"), held("b"), absent("c")}, held("b")},
		{[]outcome{held("a"), held("b")}, held("a")},
		{[]outcome{held("a"), broken("b"), held("c"), broken("d")}, broken("b; d")},
	} {
		if got := worst(c.all...); got != c.want {
			t.Errorf("%v: %v, want %v", c.all, got, c.want)
		}
	}
}

// ENOSYS is the kernel's answer or the filter's; an error about arguments is from
// behind both.
func TestWhatAnErrorSays(t *testing.T) {
	t.Parallel()
	bare, confined := &probe{}, &probe{filtered: true}
	for _, c := range []struct {
		err             error
		refused, reach  verdict
		refusedFiltered verdict
	}{
		{nil, isBroken, isBroken, isBroken},
		{unix.EPERM, isHeld, isHeld, isHeld},
		{unix.ENOSYS, isAbsent, isAbsent, isHeld},
		{unix.EINVAL, isHeld, isBroken, isHeld},
		{&os.PathError{Err: unix.EFAULT}, isHeld, isBroken, isHeld},
	} {
		if got := bare.refused("x", c.err).verdict; got != c.refused {
			t.Errorf("refused %v: %s", c.err, got)
		}
		if got := bare.unreached("x", c.err).verdict; got != c.reach {
			t.Errorf("unreached %v: %s", c.err, got)
		}
		if got := confined.refused("x", c.err).verdict; got != c.refusedFiltered {
			t.Errorf("with a filter: refused %v: %s", c.err, got)
		}
	}
}

// Nobody may take silence for a jail that holds.
func TestNoAnswerIsBroken(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]verdict{
		"echo held by a wall":     isHeld,
		"echo absent":             isAbsent,
		"echo BROKEN and out":     isBroken,
		"true":                    isBroken,
		"exit 3":                  isBroken,
		"echo holds":              isBroken,
		"kill -SEGV $$":           isBroken,
		"echo ' '; kill -KILL $$": isBroken,
		"kill -SYS $$":            isHeld,
	} {
		c := exec.Command("sh", "-c", script)
		out, err := c.Output()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if got := answer(string(out), c.ProcessState); got.verdict != want {
			t.Errorf("%s: %v, want %s", script, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for line, good := range map[string]bool{
		"":                      true,
		"--list":                true,
		"setns tiocsti":         true,
		"--init 7 --victim a=b": true,
		"--init x":              false,
		"--victim a":            false,
		"--victim":              false,
		"--no-such":             false,
	} {
		if _, err := parse(strings.Fields(line)); (err == nil) != good {
			t.Errorf("%q: %v", line, err)
		}
	}
	if _, err := chosen([]string{"no-such"}); err == nil {
		t.Error("an attack that there isn't is chosen")
	}
	o, err := parse([]string{"--victim", "a=b=c", "--init", "7", "setns"})
	if err != nil {
		t.Fatal(err)
	}
	// What a child is told is what its parent was.
	again, err := parse(o.arguments("setns", "/scratch", "--inside")[1:])
	if err != nil || !again.try || !again.inside || again.scratch != "/scratch" || again.init != 7 {
		t.Fatalf("%+v %v", again, err)
	}
	if p := again.probe(&attack{}); p.victim["a"] != "b=c" {
		t.Errorf("%+v", p)
	}
}

func TestADetailIsOneHarmlessLine(t *testing.T) {
	t.Parallel()
	if got := oneLine(" a\nb\x1b[2J\u009b1m\xff é "); got != "a?b?[2J?1m\ufffd é" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("x", 1000)); len(got) > 410 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestAttacksHaveNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range all() {
		if a.name == "" || a.what == "" || a.try == nil || seen[a.name] || strings.Trim(a.name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%+v", a)
		}
		seen[a.name] = true
	}
}

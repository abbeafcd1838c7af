package main

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func watching(t *testing.T, id string) *terminal {
	t.Helper()
	return startJailsh(t, 24, 80, func(config string) []string { return []string{"watch", id, "--config", config} })
}

// over waits for the end, and looks at what is left on the terminal.
func (x *terminal) over(want int) {
	x.t.Helper()
	if status := x.wait(); status != want {
		x.t.Errorf("exit status %d, want %d; seen %q", status, want, x.seen.String())
	}
	if after := x.modes(); after != x.before {
		x.t.Errorf("modes before:\n%+v\nafter:\n%+v", x.before, after)
	}
	if seen := x.seen.String(); strings.Contains(seen, "\x1b[6n") || strings.Contains(seen, "\x1b[c") {
		x.t.Errorf("the terminal is asked: %q", seen)
	}
}

// The terminal shows what comes for its size, and is afterwards as it was, whoever ends
// it.
func TestWatch(t *testing.T) {
	t.Parallel()
	x := watching(t, "00000000-1")
	x.expect("asked for 80x24")
	x.expect("now 80x24")
	x.resize(30, 100)
	x.expect("now 100x30")
	x.resize(1, 1)
	x.expect("the last\r\n")
	x.expect("00000000-1 has ended")
	x.over(0)
}

func TestWatchIsLeft(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"q", "\x03", "\x04", "nothing of this, but q"} {
		x := watching(t, "00000000-1")
		x.expect("now 80x24")
		x.send("\x1b[<0;3;4q\x1b[Mqqq\x1bOq") // neither the mouse nor a key of the keypad leaves
		x.resize(30, 100)
		x.expect("now 100x30")
		x.send(key)
		x.expect("\x1b[?1047l")
		x.over(0)
		if strings.Contains(x.seen.String(), "has ended") {
			t.Errorf("%q: %q", key, x.seen.String())
		}
	}
	x := watching(t, "00000000-1")
	x.expect("now 80x24")
	if err := x.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	x.expect("\x1b[?1047l")
	x.over(0)
	x = watching(t, "22222222-000")
	x.expect("22222222-000: it has no terminal")
	x.over(1)
}

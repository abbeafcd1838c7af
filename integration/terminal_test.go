package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// terminal is a program on a terminal of 132x43: a pane of a tmux of its own,
// which draws what the program writes.
type terminal struct {
	t      *testing.T
	socket string
}

var terminals atomic.Int32

// over is what a terminal shows when its program has ended, before the status.
const over = "PROGRAM OVER WITH "

// terminal logs name in, on a terminal, with further arguments for ssh.
func (i *instance) terminal(name string, args ...string) *terminal {
	i.t.Helper()
	return openTerminal(i.t, i.sshCommand(name, append([]string{"-t"}, args...)...).Args)
}

// openTerminal starts a program on a terminal.
func openTerminal(t *testing.T, args []string) *terminal {
	t.Helper()
	x := &terminal{t: t, socket: filepath.Join(place(), fmt.Sprint("tmux", terminals.Add(1)))}
	words := make([]string, len(args))
	for n, a := range args {
		words[n] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	settings := filepath.Join(place(), "tmux.conf")
	if err := os.WriteFile(settings, []byte("set -g status off\nset -g default-terminal screen-256color\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x.tmux("-f", settings, "new-session", "-d", "-x", "132", "-y", "43",
		"sh", "-c", strings.Join(words, " ")+`; echo "`+over+`$?"; exec sleep 1000`)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal shows:\n%s", x.screen())
		}
		x.tmux("kill-server")
	})
	return x
}

func (x *terminal) command(args ...string) *exec.Cmd {
	return command(x.t, "tmux", append([]string{"-S", x.socket}, args...)...)
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := x.command(args...).CombinedOutput()
	if err != nil {
		x.t.Errorf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// typed sends text as if it had been typed, with Enter.
func (x *terminal) typed(text string) {
	x.t.Helper()
	x.tmux("send-keys", "-l", "--", text)
	x.press("Enter")
}

// press sends keys by tmux's names: C-c, Enter, Escape.
func (x *terminal) press(keys ...string) {
	x.t.Helper()
	x.tmux(append([]string{"send-keys"}, keys...)...)
}

func (x *terminal) screen() string {
	x.t.Helper()
	return strings.TrimRight(x.tmux("capture-pane", "-p"), "\n")
}

func (x *terminal) resize(columns, rows int) {
	x.t.Helper()
	x.tmux("resize-window", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows))
}

// wait waits until the screen has all the words, and returns it.
func (x *terminal) wait(words ...string) string {
	x.t.Helper()
	var screen string
	eventually(x.t, patience, func() string {
		if screen = x.screen(); containsAll(screen, words) {
			return ""
		}
		return fmt.Sprintf("no %q on the screen:\n%s", words, screen)
	})
	return screen
}

// prompt waits for the shell's prompt to be the last thing on the screen.
func (x *terminal) prompt() {
	x.t.Helper()
	eventually(x.t, patience, func() string {
		screen := x.screen()
		if strings.HasSuffix(screen, "$") {
			return ""
		}
		return fmt.Sprintf("no prompt on the screen:\n%s", screen)
	})
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// window is the user's terminal, in which the published command runs. It keeps the
// screen, for viewers who have missed something.
type window struct {
	stdin, stdout *os.File
	hub           *share.Hub
	live          *share.Live
	noted         chan struct{} // of one: note has changed

	pty atomic.Pointer[os.File] // nil until the command runs

	mu   sync.Mutex // held while something is written
	note string     // that is in the title, beside the command's own
}

func newWindow(stdin, stdout *os.File) *window {
	w := &window{stdin: stdin, stdout: stdout, hub: share.NewHub(), noted: make(chan struct{}, 1)}
	w.live = w.hub.Begin("", "", sizeOf(stdin), nil)
	return w
}

// sizeOf is that of a terminal.
func sizeOf(f *os.File) share.Size {
	if s := windowSize(f); s.Columns > 0 && s.Rows > 0 {
		return share.Size{Cols: int(s.Columns), Rows: int(s.Rows)}
	}
	return share.Usual()
}

// Write shows what the command has written. A terminal that is gone takes nothing,
// and the command goes on until it notices.
func (w *window) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live.Write(b)
	_, _ = w.stdout.Write(b)
	return len(b), nil
}

// The title before is put aside, and taken back (XTWINOPS 22 and 23).
const keepTitle, restoreTitle = "\x1b[22;2t", "\x1b[23;2t"

// run runs the command, and returns its status when all of its output was read.
func (w *window) run(command []string) (status int, err error) {
	c := exec.Command(command[0], command[1:]...) //nolint:forbidigo // the user's own program, with her rights
	saved, err := term.MakeRaw(int(w.stdin.Fd()))
	if err != nil {
		return 1, fmt.Errorf("terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(w.stdin.Fd()), saved) }()
	_, _ = io.WriteString(w.stdout, keepTitle)
	defer func() { _, _ = io.WriteString(w.stdout, restoreTitle) }()
	master, err := pty.StartWithSize(c, ptySize(w.stdin))
	if err != nil {
		return 1, fmt.Errorf("publish: %s: %w", command[0], err)
	}
	defer master.Close()
	w.pty.Store(master)
	defer followSize(w.stdin, func(wire.Size) { w.resize(master) })()
	defer onSignal(func(s os.Signal) {
		if n, ok := s.(unix.Signal); ok {
			_ = unix.Kill(-c.Process.Pid, n) // it has just ended
		}
	}, unix.SIGTERM, unix.SIGHUP)()
	ended := make(chan struct{})
	var titles sync.WaitGroup
	titles.Go(func() { w.titles(ended) })
	go func() { _, _ = io.Copy(master, w.stdin) }() // owned by the process: a read of standard input can't be called off
	_, _ = io.Copy(w, master)                       // EIO: nobody has the terminal any more
	err = c.Wait()
	close(ended)
	titles.Wait()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("publish: %s: %w", command[0], err)
	}
	if s, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal()), nil
	}
	return c.ProcessState.ExitCode(), nil
}

// close ends what is shown.
func (w *window) close() { w.hub.End(w.live) }

// keyboard is what viewers type on. Without a command it leads nowhere.
func (w *window) keyboard() io.Writer { return keyboard{w} }

type keyboard struct{ *window }

func (k keyboard) Write(b []byte) (int, error) {
	if to := k.pty.Load(); to != nil {
		_, _ = to.Write(b) // the command has ended
	}
	return len(b), nil
}

func (w *window) resize(master *os.File) {
	_ = pty.Setsize(master, ptySize(w.stdin)) // it has ended
	w.live.Resize(sizeOf(w.stdin))
}

func ptySize(f *os.File) *pty.Winsize {
	s := sizeOf(f)
	return &pty.Winsize{Cols: uint16(s.Cols), Rows: uint16(s.Rows)}
}

// say puts a note into the title, beside the command's own.
func (w *window) say(note string) {
	w.mu.Lock()
	w.note = note
	w.mu.Unlock()
	select {
	case w.noted <- struct{}{}:
	default:
	}
}

// retitle is after which time it is tried again to set the title.
const retitle = 100 * time.Millisecond

// titles keeps the title as it is to be, until the end.
func (w *window) titles(ended <-chan struct{}) {
	again := time.NewTicker(retitle)
	defer again.Stop()
	for shown := ""; ; {
		now, due := w.title(shown)
		shown = now
		later := again.C
		if !due {
			later = nil
		}
		select {
		case <-w.noted:
		case <-later:
		case <-ended:
			return
		}
	}
}

// title shows the note if it isn't the one that is shown. It is due if the command
// was in the middle of a sequence.
func (w *window) title(shown string) (now string, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.note == shown {
		return shown, false
	}
	title, settled := w.live.Title()
	if !settled {
		return shown, true
	}
	if title != "" && w.note != "" {
		title += " - "
	}
	_, _ = fmt.Fprintf(w.stdout, "\x1b]2;%s\x1b\\", title+w.note)
	return w.note, false
}

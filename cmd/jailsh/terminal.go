package main

import (
	"os"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// windowSize is the size of the terminal f; all zero when it has none, as over a
// serial line.
func windowSize(f *os.File) wire.Size {
	ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return wire.Size{}
	}
	return wire.Size{
		Columns: uint32(ws.Col), Rows: uint32(ws.Row),
		Width: uint32(ws.Xpixel), Height: uint32(ws.Ypixel),
	}
}

// onTerminal tells whether somebody is there who sees the output and can type.
func (a *app) onTerminal() bool {
	return term.IsTerminal(int(a.stdin.Fd())) && term.IsTerminal(int(a.stdout.Fd()))
}

// followSize tells the size of f now and whenever it changes, until stop is called.
func followSize(f *os.File, tell func(wire.Size)) (stop func()) {
	resize := func(os.Signal) { tell(windowSize(f)) }
	stop = onSignal(resize, unix.SIGWINCH)
	resize(nil) // the size may have changed between the request and Notify
	return stop
}

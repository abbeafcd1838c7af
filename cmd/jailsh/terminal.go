package main

import (
	"os"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
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

// followSize gives the command's terminal the size of f now and whenever it
// changes, until stop is called.
func followSize(f *os.File, p *cell.Process) (stop func()) {
	resize := func(os.Signal) { _ = p.Resize(windowSize(f)) } // it has ended: Exit tells
	stop = onSignal(resize, unix.SIGWINCH)
	resize(nil) // the size may have changed between the request and Notify
	return stop
}

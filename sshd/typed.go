package sshd

import (
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// typed is a channel whose input is recorded when it has been handed on to the
// terminal, unless the terminal didn't echo before or doesn't echo then: what is typed
// at a question for a password isn't recorded, nor how long it is, nor when it was
// typed. Both are asked since the program may turn the echo off in between.
//
// A program that draws what is typed by itself, as a shell's line editor does, turns
// the echo off too: what is typed there is in the output.
type typed struct {
	ssh.Channel
	to     *recording
	master syscall.RawConn
	last   []byte // handed on, but not yet recorded
}

func (t *typed) Read(b []byte) (int, error) {
	if len(t.last) > 0 {
		if echoes(t.master) {
			t.to.typed(t.last)
		}
		clear(t.last)
		t.last = t.last[:0]
	}
	n, err := t.Channel.Read(b)
	if n > 0 && echoes(t.master) {
		t.last = append(t.last, b[:n]...)
	}
	return n, err
}

// echoes asks the terminal's settings, which its master has too (tty_ioctl(4)). What
// can't be asked doesn't echo.
func echoes(master syscall.RawConn) (yes bool) {
	err := master.Control(func(fd uintptr) {
		settings, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		yes = err == nil && settings.Lflag&unix.ECHO != 0
	})
	return err == nil && yes
}

// byViewers records in the same way what those type who look on: hand hands it on.
func (r *recording) byViewers(master syscall.RawConn, hand func([]byte) error) func([]byte) error {
	return func(b []byte) error {
		shown := echoes(master)
		err := hand(b)
		if shown && echoes(master) {
			r.typed(b)
		}
		return err
	}
}

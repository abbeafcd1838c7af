package sshd

import (
	"syscall"

	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// typedInput is a channel whose input is recorded when it has been handed on to the
// terminal, unless the terminal didn't echo before or doesn't echo then: what is typed
// at a question for a password isn't recorded, nor how long it is, nor when it was
// typed. Both are asked since the program may turn the echo off in between.
//
// A program that draws what is typed by itself, as a shell's line editor does, turns
// the echo off too: what is typed there is in the output.
type typedInput struct {
	ssh.Channel
	to     *recording
	master syscall.RawConn
	last   []byte // handed on, but not yet recorded
}

func (t *typedInput) Read(b []byte) (int, error) {
	if len(t.last) > 0 {
		if echoes(t.master) {
			t.to.typed("", t.last)
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

// recordTyped hands on what somebody types who looks on, and records it in the same way.
func recordTyped(to []*recording, master syscall.RawConn, by *share.Viewer, b []byte, hand func([]byte) error) error {
	shown := len(to) > 0 && echoes(master)
	err := hand(b)
	if shown && echoes(master) {
		for _, r := range to {
			r.typed(viewerText(by), b)
		}
	}
	return err
}

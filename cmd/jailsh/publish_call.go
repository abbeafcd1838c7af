package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// call is one ssh that publishes.
type call struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ready chan struct{} // closed when the server shows what comes
	over  chan struct{} // closed when ssh has ended, and status is set

	status int    // -1: by a signal
	said   string // the last line that isn't one of those below; read when it is over
}

// What the server says of what it shows (sshd/publish.go).
var (
	lineForViewers = regexp.MustCompile(`^ssh -p [0-9]+ [a-z2-7]{26}@[0-9A-Za-z.:_-]+$`)
	publishedOn    = regexp.MustCompile(`^jailsh: [0-9A-Za-z._-]+ is published on$`)
	lookingOn      = regexp.MustCompile(`^jailsh: ([0-9]{1,6} looking on(?:, [ -~]{1,300})?|[0-9A-Za-z._-]{1,256}/[0-9]+(?: and [0-9]+ more)? asks?)$`)
)

// dial starts ssh. The first one may ask on the terminal, and what it says until it is
// ready goes to stderr. For the others there is no terminal.
func (l *link) dial(again bool, stderr io.Writer) (*call, error) {
	c := &call{ready: make(chan struct{}), over: make(chan struct{})}
	c.cmd = exec.Command("ssh", l.sshArgs(again)...) //nolint:forbidigo // the user's own client, in her PATH, with her rights
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: again}
	c.cmd.Stderr = &hearing{link: l, call: c, passed: stderr}
	c.cmd.WaitDelay = time.Second // of one that ssh has started, as for ProxyJump
	if l.typing {
		c.cmd.Stdout = l.window.keyboard()
	}
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with ssh
		defer close(c.over)
		_ = c.cmd.Wait() // its status says more
		c.status = c.cmd.ProcessState.ExitCode()
	}()
	return c, nil
}

// up tells whether the server shows what comes.
func (c *call) up() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// end ends ssh, if it hasn't ended by itself.
func (c *call) end() {
	_ = c.cmd.Process.Kill() // it has ended
	<-c.over
}

// Exit statuses after which it is tried again: ssh's own, by a signal, and that of a
// server which ends a session (sshd).
const statusSSH, statusSignal, statusEnded = 255, -1, 254

// refusal is why it is of no use to try again, or "". The call is over.
func (c *call) refusal() string {
	switch {
	case c.status == statusSSH, c.status == statusSignal, c.status == statusEnded:
		return ""
	case c.said != "":
		return c.said
	}
	return fmt.Sprintf("ssh has ended with status %d", c.status)
}

// hearing reads what ssh and the server say, line by line.
type hearing struct {
	link   *link
	call   *call
	passed io.Writer // until it is ready
	line   []byte
}

// maxHeard is how much of a line is kept, in bytes.
const maxHeard = 1 << 10

func (h *hearing) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		part, rest, whole := bytes.Cut(b, []byte("\n"))
		if !h.call.up() {
			_, _ = h.passed.Write(b[:len(b)-len(rest)]) // a terminal that is gone
		}
		h.line = append(h.line, part[:min(len(part), maxHeard-len(h.line))]...)
		if whole {
			h.heard(string(bytes.TrimSuffix(h.line, []byte("\r"))))
			h.line = h.line[:0]
		}
		b = rest
	}
	return n, nil
}

func (h *hearing) heard(line string) {
	l := h.link
	switch count := lookingOn.FindStringSubmatch(line); {
	case count != nil:
		l.set(func() { l.audience = strings.TrimPrefix(count[1], "0 looking on") })
	case h.call.up():
		h.call.said = printable(line)
	case lineForViewers.MatchString(line):
		l.set(func() { l.lost, l.line = false, line })
		close(h.call.ready)
	case publishedOn.MatchString(line):
		l.set(func() { l.lost = false })
		close(h.call.ready)
	default:
		h.call.said = printable(line)
	}
}

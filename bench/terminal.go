package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
)

// terminal is a session with a PTY.
type terminal struct {
	client *ssh.Client
	brake  *brake // of who is at a stage
	in     io.Writer
	out    io.Reader
}

// terminal logs in and starts command on a PTY, or the login shell if it is "".
// It returns once the shell or the command has written until.
func (srv *server) terminal(ctx context.Context, command, until string) (*terminal, error) {
	c, err := srv.dial(ctx)
	if err != nil {
		return nil, err
	}
	t, err := openTerminal(c, command, until)
	if err != nil {
		c.Close()
		return nil, srv.wrap(err)
	}
	return t, nil
}

func openTerminal(c *ssh.Client, command, until string) (*terminal, error) {
	session, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	if err := session.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
		return nil, err
	}
	in, errIn := session.StdinPipe()
	out, errOut := session.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	if command == "" {
		err = session.Shell()
	} else {
		err = session.Start(command)
	}
	if err != nil {
		return nil, err
	}
	t := &terminal{client: c, in: in, out: out}
	return t, t.await([]byte(until), 20*time.Second)
}

func (t *terminal) close() { t.client.Close() }

// await reads until the terminal has shown sentinel.
func (t *terminal) await(sentinel []byte, limit time.Duration) error {
	late := time.AfterFunc(limit, t.close)
	defer late.Stop()
	var shown []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(shown, sentinel) {
		n, err := t.out.Read(buf)
		shown = append(shown, buf[:n]...)
		if err != nil {
			return fmt.Errorf("%w while waiting for %q, after %q", err, sentinel, shown)
		}
	}
	return nil
}

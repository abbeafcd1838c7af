package sshd

import (
	"encoding/binary"
	"fmt"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// sendExit tells the client how its program ended, RFC 4254 section 6.10, then
// that nothing more comes, then closes the channel. All output was written
// before: a client may stop reading at the status. Errors mean that the client
// is gone, and need no telling.
func sendExit(ch ssh.Channel, e wire.Exit) {
	name, data := "exit-status", binary.BigEndian.AppendUint32(nil, e.Status)
	if e.Signal != 0 {
		name, data = "exit-signal", exitSignal(e)
	}
	_, _ = ch.SendRequest(name, false, data)
	_ = ch.CloseWrite()
	_ = ch.Close()
}

func exitSignal(e wire.Exit) []byte {
	return ssh.Marshal(&struct {
		Name     string
		Core     bool
		Message  string
		Language string
	}{Name: signalName(e.Signal), Core: e.Core})
}

// finish is sendExit, after which nothing more is written.
func (s *session) finish(e wire.Exit) {
	s.stderr.Lock()
	defer s.stderr.Unlock()
	s.showAll()
	s.finished = true
	sendExit(s.channel, e)
}

// farewell ends a session that jailsh refuses, or can't go on with.
func (s *session) farewell(why refusal) {
	s.outputs.Wait() // one writer at a time, and no data after the end of it
	// Errors mean that the client is gone.
	_, _ = stderr{s}.Write(s.sentence(why))
	s.finish(wire.Exit{Status: exitRefused})
}

func (s *session) sentence(why refusal) []byte {
	return sentence(why, s.conn.ref, s.wish.tty != nil)
}

// statusOf is how a program ended, for the log; empty if nobody knows.
func statusOf(e wire.Exit, why refusal) string {
	switch {
	case why != 0:
		return ""
	case e.Signal != 0:
		return "signal " + fmt.Sprint(e.Signal)
	}
	return fmt.Sprint(e.Status)
}

// reasonOf is why the server ended a session, for the log.
func reasonOf(why refusal) string {
	if why == 0 {
		return ""
	}
	return why.Error()
}

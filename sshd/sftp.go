package sshd

import (
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
)

// internalSFTP is what a forced command other than sftp finds as the client's
// command, where that asks for the subsystem: OpenSSH's name for its own server.
const internalSFTP = "internal-sftp"

// subsystem is subsystem, RFC 4254 section 6.5. There is one.
func (s *session) subsystem(data []byte) bool {
	p := payload{rest: data}
	name := p.string(len(data))
	g := s.conn.policy.Load()
	if !p.ok() || name != "sftp" || !g.SFTP.Allowed {
		s.conn.denied("subsystem", data)
		return false
	}
	s.wish.sftp, s.wish.tty = true, nil // the protocol is no text for a terminal
	s.wish.command = internalSFTP
	if g.SFTP.Server != "" {
		s.wish.command = g.SFTP.Server
	}
	return true
}

// serveFiles makes s the server of files: the applet, or a program of the jail's,
// which is started by the user's shell, as sshd(8) starts subsystems.
func serveFiles(s *wire.Spawn, g *wire.SFTP) {
	if g.Server == "" {
		s.Program, s.Command, s.Args = wire.ProgramSFTP, "", g.Args
		return
	}
	s.Exec, s.Command = true, "exec "+quoted(g.Server)
	for _, a := range g.Args {
		s.Command += " " + quoted(a)
	}
}

// quoted is a word for sh(1).
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

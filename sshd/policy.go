package sshd

import (
	"fmt"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
)

// wish is what a client has asked for in a session until it starts a program.
type wish struct {
	exec    bool
	command string // exec's, and the name that sftp has as a command
	sftp    bool   // by the subsystem
	term    string
	tty     *wire.TTY // nil without a pty-req
	env     environment
	agent   bool
	x11     *wire.X11 // nil without an x11-req
	single  bool      // x11 is for one connection
}

// addresses are the two ends of a connection, as SSH_CONNECTION names them.
type addresses struct {
	client, server         string // IP address
	clientPort, serverPort uint16
}

// plan turns a wish into what the cell is asked for, or says why not.
//
// A forced command is run whatever Shell and Exec say: it is what the
// administrator wants to happen. The client's command reaches it as
// SSH_ORIGINAL_COMMAND, and nothing else of it does (sshd(8), command=).
func plan(g *wire.Grant, w *wish, a addresses) (*wire.Spawn, refusal) {
	switch {
	case len(w.command) >= wire.MaxCommand:
		return nil, refusedLong
	case strings.IndexByte(w.command, 0) >= 0:
		return nil, refusedNUL
	case g.SFTP.Only && !w.sftp:
		return nil, refusedOther
	case g.Forced, w.sftp:
	case w.exec && !g.Exec:
		return nil, refusedExec
	case !w.exec && !g.Shell:
		return nil, refusedShell
	}
	if g.Record == wire.RecordStrict && w.tty == nil && !w.sftp {
		return nil, refusedUnseen
	}
	s := &wire.Spawn{Exec: w.exec, Command: w.command, TTY: w.tty, Agent: w.agent, X11: w.x11}
	var env environment
	ok := env.add("SSH_CLIENT", fmt.Sprintf("%s %d %d", a.client, a.clientPort, a.serverPort)) &&
		env.add("SSH_CONNECTION", fmt.Sprintf("%s %d %s %d", a.client, a.clientPort, a.server, a.serverPort))
	if w.tty != nil && w.term != "" {
		ok = ok && env.add("TERM", w.term)
	}
	switch {
	case w.sftp && (g.SFTP.Only || !g.Forced):
		serveFiles(s, &g.SFTP)
	case g.Forced:
		s.Exec, s.Command = true, g.Command
		if w.exec || w.sftp {
			ok = ok && env.add("SSH_ORIGINAL_COMMAND", w.command)
		}
	}
	if !ok {
		return nil, refusedLong // the original command: all else is far below the caps
	}
	for _, entry := range g.Env {
		if name, value, found := strings.Cut(entry, "="); !found || !env.add(name, value) {
			return nil, refusedEnv
		}
	}
	env.fill(&w.env)
	s.Env = env.list
	s.Motd = !s.Exec && w.tty != nil
	s.Hold = mayKeep(g, w)
	s.Words = g.Share && w.tty != nil && !g.Forced && !w.sftp
	return s, 0
}

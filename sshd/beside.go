package sshd

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/jailsh/jailsh/internal/wire"
)

// beside serves the listeners that came with a program, those of the agent and of
// X11. The function that it returns ends that; connections that were accepted live
// on, as the programs that made them may.
func (s *session) beside(p *Process) (end func()) {
	if p.Without != "" {
		s.conn.record(levelWarn, "no agent or X11", "", "session", fmt.Sprint(s.number), "error", shown(p.Without, maxDetail))
		if s.wish.agent || s.wish.x11 != nil {
			s.tell("neither agent nor X11 are forwarded: " + p.Without)
		}
	}
	var ends []func()
	for _, l := range []struct {
		socket  *os.File
		single  bool
		allowed func(*wire.Grant) bool
		channel func(netip.AddrPort) (string, []byte, string)
	}{
		{p.Agent, false, agentAllowed, agentChannel},
		{p.X11, s.wish.single, displayAllowed, displayChannel},
	} {
		if l.socket == nil {
			continue
		}
		a := &acceptor{sockets: []*os.File{l.socket}, single: l.single}
		a.set(s.conn, s.id.user, l.allowed, l.channel)
		f := &forward{l.allowed, a.stop}
		a.start()
		s.conn.watch(f)
		ends = append(ends, func() {
			a.stop()
			a.loops.Wait()
			s.conn.unwatch(f)
		})
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

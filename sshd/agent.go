package sshd

import (
	"net/netip"

	"github.com/jailsh/jailsh/internal/wire"
)

// agent is auth-agent-req@openssh.com (PROTOCOL.agent of OpenSSH): the session wants
// a socket at which its programs ask the client's agent. It is this session's alone;
// another one of the same connection has to ask for its own.
func (s *session) agent(data []byte) bool {
	if len(data) > 0 || s.started || s.wish.agent {
		return false
	}
	if !agentAllowed(s.conn.policy.Load()) {
		s.conn.denied("auth-agent-req@openssh.com", nil)
		return false
	}
	s.wish.agent = true
	return true
}

func agentAllowed(g *wire.Grant) bool { return g.Agent }

// agentChannel is the channel for one connection to the agent.
func agentChannel(netip.AddrPort) (kind string, data []byte, to string) {
	return "auth-agent@openssh.com", nil, "agent"
}

package sshd

import (
	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// settings are what a connection goes by from its first byte to its end. The
// administrator may change them meanwhile, for those that come later.
type settings struct {
	wire.NetConfig
	keys   credential.Policy
	ssh    *ssh.ServerConfig // the library copies it for each connection and writes to the copy
	source blockSize
}

// Configure takes over what cfg says, but for the host keys: those stay as New was
// given them.
func (s *Server) Configure(cfg *wire.NetConfig) {
	now := &settings{
		NetConfig: *cfg, keys: credential.Policy{Algorithms: cfg.PublicKeyAlgorithms, RSABits: int(cfg.RequiredRSASize)},
		source: blockSize{int(cfg.SourceBits4), int(cfg.SourceBits6)},
	}
	now.ssh = s.sshConfig(now)
	s.startups.configure(cfg)
	s.penalties.configure(cfg.Penalties)
	s.settings.Store(now)
}

// configure takes over new bounds. Connections that are counted in already stay.
func (s *startups) configure(cfg *wire.NetConfig) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin, s.rate, s.full = int(cfg.StartupsBegin), int(cfg.StartupsRate), int(cfg.StartupsFull)
	s.perSource = int(cfg.StartupsPerSource)
}

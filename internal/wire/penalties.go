package wire

import (
	"net/netip"
	"time"
)

// Penalties are PerSourcePenalties of sshd_config(5): how long a source is refused
// for what it does before a login.
type Penalties struct {
	Crash, AuthFail, NoAuth, GraceExceeded time.Duration

	Min, Max           time.Duration // refused from Min on, for Max at most; a Max of 0: never
	MaxSources4        uint32        // of which is taken note, IPv4 and IPv6
	MaxSources6        uint32
	DenyAll4, DenyAll6 bool // when there are more, rather than forget one
	Exempt             []netip.Prefix
}

func (p *Penalties) fields(c *codec) {
	for _, d := range []*time.Duration{&p.Crash, &p.AuthFail, &p.NoAuth, &p.GraceExceeded, &p.Min, &p.Max} {
		c.i64((*int64)(d))
	}
	c.u32(&p.MaxSources4)
	c.u32(&p.MaxSources6)
	c.boolean(&p.DenyAll4)
	c.boolean(&p.DenyAll6)
	list(c, &p.Exempt, MaxNetworks, (*codec).network)
}

// Penalised are the sources that are refused now.
type Penalised struct {
	Total uint32            // how many
	List  []PenalisedSource // of these, the ones that are refused for longest
}

// PenalisedSource is one of them.
type PenalisedSource struct {
	Source  netip.Prefix
	Left    time.Duration
	Offence string // the last, as sshd_config(5) calls it
}

func (m *Penalised) fields(c *codec) {
	c.u32(&m.Total)
	list(c, &m.List, MaxPenalised, func(c *codec, s *PenalisedSource) {
		c.network(&s.Source)
		c.i64((*int64)(&s.Left))
		c.str(&s.Offence, MaxName)
	})
}

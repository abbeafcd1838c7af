package sshd

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// offence is what a source is refused for. Its zero value is none.
type offence uint8

// The offences, as PerSourcePenalties of sshd_config(5) has them. invaliduser isn't
// among them: were it not the same as authfail, the time for which a source is
// refused would tell which users exist. refuseconnection has no RefuseConnection.
const (
	_ offence = iota
	crash
	authFail
	noAuth
	graceExceeded
)

// offences are their names in sshd_config(5).
var offences = [...]string{crash: "crash", authFail: "authfail", noAuth: "noauth", graceExceeded: "grace-exceeded"}

// penalties refuse sources that misbehave before a login, as OpenSSH's do from 9.8
// on: each offence adds its time to the source's penalty; from Min on the source is
// refused, until the time has passed, which is Max at most. The time passes while
// the source is quiet, so rare offences never come to anything.
//
// In one thing they are milder: a login takes back what its source has collected,
// but for a crash. Behind one address there may be a class of students, some of whom
// mistype their names while others log in; whoever knocks at random has no login.
//
// A table has MaxSources entries at most. When it is full the one that would end
// first is forgotten, or all sources are refused, as is configured.
type penalties struct {
	mu     sync.Mutex
	config wire.Penalties
	v4, v6 penaltyTable
}

// configure takes over new times. Penalties that run stay as they are.
func (p *penalties) configure(c wire.Penalties) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config = c
}

// refuse reports whether a source may not connect now.
func (p *penalties) refuse(source netip.Prefix, from netip.Addr, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config.Max == 0 || among(p.config.Exempt, from) {
		return false
	}
	t, most, denyAll := p.table(source)
	t.expire(now)
	if entry := t.by[source]; entry != nil && entry.active {
		return true
	}
	return denyAll && len(t.by) >= most
}

// impose adds what the offence costs. It returns until when the source is refused
// if it is so from now on, else zero.
func (p *penalties) impose(source netip.Prefix, from netip.Addr, why offence, now time.Time) (until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cost := p.cost(why)
	if p.config.Max == 0 || cost == 0 || among(p.config.Exempt, from) {
		return time.Time{}
	}
	t, most, denyAll := p.table(source)
	t.expire(now)
	entry := t.by[source]
	if entry == nil {
		if len(t.by) >= most {
			if denyAll {
				return time.Time{}
			}
			t.remove(t.queue[0])
		}
		entry = t.add(source, now)
	}
	entry.why, entry.crashed = why, entry.crashed || why == crash
	t.extend(entry, cost, now.Add(p.config.Max))
	if entry.active || entry.until.Sub(now) < p.config.Min {
		return time.Time{}
	}
	entry.active = true
	return entry.until
}

// forgive takes back what a source has collected, since somebody of it has logged
// in.
func (p *penalties) forgive(source netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, _, _ := p.table(source)
	if entry := t.by[source]; entry != nil && !entry.crashed {
		t.remove(entry)
	}
}

// Penalised are the sources that are refused now.
func (s *Server) Penalised() *wire.Penalised {
	s.penalties.mu.Lock()
	defer s.penalties.mu.Unlock()
	now := time.Now()
	var all []*penalty
	for _, t := range []*penaltyTable{&s.penalties.v4, &s.penalties.v6} {
		t.expire(now)
		for _, entry := range t.queue {
			if entry.active {
				all = append(all, entry)
			}
		}
	}
	slices.SortFunc(all, func(a, b *penalty) int { return b.until.Compare(a.until) })
	m := &wire.Penalised{Total: uint32(len(all))}
	for _, entry := range all[:min(len(all), wire.MaxPenalised)] {
		m.List = append(m.List, wire.PenalisedSource{Source: entry.source, Left: entry.until.Sub(now), Offence: offences[entry.why]})
	}
	return m
}

func (p *penalties) cost(why offence) time.Duration {
	switch why {
	case crash:
		return p.config.Crash
	case authFail:
		return p.config.AuthFail
	case noAuth:
		return p.config.NoAuth
	case graceExceeded:
		return p.config.GraceExceeded
	}
	return 0
}

// table is the one for a source, how many entries it may have, and what happens
// when it has.
func (p *penalties) table(source netip.Prefix) (t *penaltyTable, most int, denyAll bool) {
	if source.Addr().Is6() {
		return &p.v6, int(p.config.MaxSources6), p.config.DenyAll6
	}
	return &p.v4, int(p.config.MaxSources4), p.config.DenyAll4
}

// penalise imposes on the connection's source what it costs that it has ended
// without a login. Whoever has a key that is good isn't penalised for having been
// late, or for there being no place; for wrong codes she is. Nobody is for jailshd's
// silence.
func (c *connection) penalise(panicked bool) {
	var why offence
	switch {
	case !c.source.IsValid() || c.server.ctx.Err() != nil: // a proxy itself; the server stops
	case panicked:
		why = crash
	case c.login.Load() != nil, c.excused.Load():
	case c.tooLate.Load() && !c.proven:
		why = graceExceeded
	case c.attempts > 0:
		why = authFail
	case !c.proven:
		why = noAuth
	}
	now := time.Now()
	if until := c.server.penalties.impose(c.source, c.from, why, now); !until.IsZero() {
		c.record(levelWarn, "penalty", "", "source", c.source.String(), "offence", offences[why], "seconds", fmt.Sprintf("%.0f", until.Sub(now).Seconds()))
	}
}

package sshd

import (
	"net/netip"
	"sync"
)

// startups bounds how many connections may be on their way to a login.
//
// The cap per source binds first: with a limit for all alone, as OpenSSH's
// MaxStartups, one source that opens connections and says nothing keeps
// everybody else out. A source is what one person is usually given: an IPv4
// address, or an IPv6 network of 64 bits.
//
// The table of sources holds those with an unauthenticated connection and is
// therefore never longer than full.
type startups struct {
	random            func(below int) int  // uniform in [0, below)
	mu                sync.Mutex           // guards the rest
	begin, rate, full int                  // MaxStartups of sshd_config(5)
	perSource         int                  // 0: no cap of one source
	total             int                  // connections on their way
	sources           map[netip.Prefix]int // of total, by source
}

// admit counts a connection in, or says why it is to be dropped.
func (s *startups) admit(from netip.Addr) (source netip.Prefix, dropped string) {
	source = sourceOf(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.perSource > 0 && s.sources[source] >= s.perSource {
		return source, "max_startups_per_source"
	}
	if s.full > 0 && s.random(100) < s.dropPercent() {
		return source, "max_startups"
	}
	s.total++
	if s.sources == nil {
		s.sources = map[netip.Prefix]int{}
	}
	s.sources[source]++
	return source, ""
}

// done counts a connection out: it is authenticated, or gone.
func (s *startups) done(source netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.sources[source]--; s.sources[source] <= 0 {
		delete(s.sources, source)
	}
}

// dropPercent is the chance of a new connection to be dropped, which grows
// evenly from rate at begin to 100 at full (MaxStartups of sshd_config(5)).
func (s *startups) dropPercent() int {
	switch {
	case s.total >= s.full:
		return 100
	case s.total < s.begin:
		return 0
	case s.rate >= 100:
		return 100
	}
	return s.rate + (100-s.rate)*(s.total-s.begin)/(s.full-s.begin)
}

// sourceOf is the network that counts as one source.
func sourceOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of an invalid address: the zero prefix, one source
	return p
}

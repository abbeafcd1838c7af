package sshd

import (
	"net/netip"
	"sync"
)

// startups bounds how many connections may be on their way to a login.
//
// The cap per source binds first: with a limit for all alone, as OpenSSH's
// MaxStartups, one source that opens connections and says nothing keeps
// everybody else out. By default a source is what one person is usually given: an
// IPv4 address, or an IPv6 network of 64 bits.
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

// admit counts a connection in, or says why it is to be dropped. One from a trusted
// proxy has no source yet: the zero prefix, of which there may be any number.
func (s *startups) admit(source netip.Prefix) (dropped string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crowded(source) {
		return "max_startups_per_source"
	}
	if s.full > 0 && s.random(100) < s.dropPercent() {
		return "max_startups"
	}
	s.total++
	s.enter(source)
	return ""
}

// move counts a connection under another source, or says why it is to be dropped;
// then it counts as before.
func (s *startups) move(from, to netip.Prefix) (dropped string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crowded(to) {
		return "max_startups_per_source"
	}
	s.leave(from)
	s.enter(to)
	return ""
}

func (s *startups) crowded(source netip.Prefix) bool {
	return s.perSource > 0 && source.IsValid() && s.sources[source] >= s.perSource
}

func (s *startups) enter(source netip.Prefix) {
	if s.sources == nil {
		s.sources = map[netip.Prefix]int{}
	}
	s.sources[source]++
}

func (s *startups) leave(source netip.Prefix) {
	if s.sources[source]--; s.sources[source] <= 0 {
		delete(s.sources, source)
	}
}

// done counts a connection out: it is authenticated, or gone.
func (s *startups) done(source netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	s.leave(source)
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

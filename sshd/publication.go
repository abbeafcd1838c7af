package sshd

import (
	"context"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// resumeTime is for how long what is published waits for a publisher whose link was
// lost.
const resumeTime = 10 * time.Minute

// publications are those that outlive the link of their publisher, by user and name.
type publications struct {
	mu  sync.Mutex
	all map[string]*publication
}

// publication is a terminal elsewhere that is published under a key of its publisher's
// choice. The key tells whoever comes back from somebody who takes the same name by
// chance; what lets in is the login, as the same user's.
type publication struct {
	server *Server
	id     string // in publications
	key    string
	live   *share.Live
	over   chan struct{} // closed when it has ended

	mu     sync.Mutex
	by     *session     // who publishes now; nil: the link was lost
	lookup *wire.Lookup // of the last one's login
	timer  *time.Timer  // runs while nobody is there
}

// enter is the publication of that name, now by s, or a new one.
func (a *publications) enter(s *session, terms *share.Terms, key string, size share.Size) (p *publication, fresh bool, err error) {
	id := s.id.user + "/" + terms.Name
	a.mu.Lock()
	if p = a.all[id]; p != nil {
		a.mu.Unlock()
		if p.key != key {
			return nil, false, share.ErrName
		}
		p.take(s)
		return p, false, nil
	}
	defer a.mu.Unlock()
	p = &publication{server: s.conn.server, id: id, key: key, over: make(chan struct{})}
	input := p.typed
	if terms.Role != share.Type {
		input = nil
	}
	p.live = p.server.hub.Begin(s.id.user, terms.Name, size, input)
	p.take(s) // before anybody finds it
	if a.all == nil {
		a.all = map[string]*publication{}
	}
	a.all[id] = p
	return p, true, nil
}

func (a *publications) list() (all []*publication) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.all {
		all = append(all, p)
	}
	return all
}

// take makes s the publisher.
func (p *publication) take(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by != nil {
		p.by.cancel(lostPublisher)
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.by, p.lookup = s, s.id.lookup(s.conn.addresses.client)
	p.server.owners.Store(p.live, s)
	s.live.Store(p.live)
}

// leave is the publisher's end, by which the publication ends, or waits.
func (p *publication) leave(s *session, forGood bool) {
	p.mu.Lock()
	mine := p.by == s
	if mine {
		p.by = nil
		p.server.owners.Delete(p.live)
		if !forGood {
			p.timer = time.AfterFunc(resumeTime, p.end)
		}
	}
	p.mu.Unlock()
	if mine && forGood {
		p.end()
	}
}

// end ends it, for all.
func (p *publication) end() {
	a := &p.server.published
	a.mu.Lock()
	mine := a.all[p.id] == p
	if mine {
		delete(a.all, p.id)
	}
	a.mu.Unlock()
	if !mine {
		return
	}
	p.mu.Lock()
	p.by = nil
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	p.server.owners.Delete(p.live)
	p.server.hub.End(p.live)
	close(p.over)
}

// recheck ends what waits for a publisher who may not come back any more. That jailshd
// doesn't answer says nothing about him.
func (p *publication) recheck(ctx context.Context) {
	p.mu.Lock()
	lost, m := p.by == nil, p.lookup
	p.mu.Unlock()
	if !lost {
		return // his connection is looked at
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	g, err := p.server.broker.Lookup(ctx, m)
	if err != nil || g.Accepted && g.Publish {
		return
	}
	p.mu.Lock()
	lost = p.by == nil // else he is back, and was let in
	p.mu.Unlock()
	if lost {
		p.end()
	}
}

// typed passes on what viewers type. While nobody publishes it goes nowhere.
func (p *publication) typed(_ *share.Viewer, b []byte) error {
	p.mu.Lock()
	by := p.by
	p.mu.Unlock()
	if by == nil {
		return nil
	}
	_, err := by.channel.Write(b)
	return err
}

// publisher is the terminal as one of its publishers writes to it: what he has sent
// before he was replaced, and comes late, isn't shown.
type publisher struct {
	*publication
	session *session
}

// Write shows what his program has written.
func (p publisher) Write(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == p.session {
		p.live.Write(b)
	}
}

// Resize changes the size.
func (p publisher) Resize(size share.Size) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == p.session {
		p.live.Resize(size)
	}
}

// Size is that of the terminal.
func (p publisher) Size() share.Size { return p.live.Size() }

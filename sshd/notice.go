package sshd

import (
	"fmt"
)

// maxNotices is how many notices may wait for a client that doesn't read; further
// ones are lost.
const maxNotices = 4

// Notice shows a text to all sessions of a user, on their standard error: on a
// terminal as a line of its own. It doesn't wait for them.
func (s *Server) Notice(user, text string) {
	for _, c := range s.connections() {
		if id := c.login.Load(); id != nil && id.user == user {
			for _, session := range c.sessionsOpen() {
				session.tell(text)
			}
		}
	}
}

// tell queues a notice. The goroutine that shows them is started with the first.
func (s *session) tell(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	if s.noticed == nil {
		s.noticed = make(chan struct{}, 1)
		s.spin("notices", s.show)
	}
	if len(s.notices) < maxNotices {
		s.notices = append(s.notices, shown(text, maxShown))
	}
	select {
	case s.noticed <- struct{}{}:
	default:
	}
}

// show writes notices, each when the client takes it, until the session is over.
func (s *session) show() {
	for {
		select {
		case <-s.noticed:
			s.stderr.Lock()
			s.showAll()
			s.stderr.Unlock()
		case <-s.ctx.Done():
			return
		}
	}
}

// showAll writes those that wait. stderr is held, so that none is lost between here
// and the session's end.
func (s *session) showAll() {
	for text, ok := s.takeNotice(); ok; text, ok = s.takeNotice() {
		if r := s.recording.Load(); r != nil {
			r.marker(text)
		}
		if !s.finished {
			// An error: the client is gone.
			_, _ = s.channel.Stderr().Write(notice(text, s.shown.Load()))
		}
	}
}

func (s *session) takeNotice() (text string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notices) == 0 {
		return "", false
	}
	text, s.notices = s.notices[0], s.notices[1:]
	return text, true
}

// notice is a line on the client's standard error. A terminal's cursor is
// anywhere, so there it begins a line, and it ends with CR LF as sentence does.
func notice(text string, terminal bool) []byte {
	if terminal {
		return fmt.Appendf(nil, "\r\njailsh: %s\r\n", text)
	}
	return fmt.Appendf(nil, "jailsh: %s\n", text)
}

package sshd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/share"
)

// join adds the session to those who look on, once the owner has let him in if she
// wants to be asked. She needn't ask herself.
func (s *session) join(ctx context.Context, sh *share.Share, name string) (*share.Viewer, error) {
	if !sh.Approve || s.id.guest == nil && s.id.user == sh.Terminal.Owner {
		return sh.Join(name, sizeOf(s.size.Load()))
	}
	w, err := sh.Ask(name, s.id.guest != nil)
	if err != nil {
		return nil, err
	}
	s.conn.record(levelInfo, "view asked", "", "of", sh.Terminal.Owner+"/"+sh.Name, "as", name, "viewer", strconv.Itoa(w.Number))
	s.remark(fmt.Sprintf("waiting for %s to let you in", sh.Terminal.Owner))
	return w.Join(ctx, sizeOf(s.size.Load()))
}

// shareAdmit is @share admit.
func (s *session) shareAdmit(args []string) error {
	args, err := s.options("@share admit", args, 1, 1, nil)
	if err != nil {
		return err
	}
	w := s.ownWaiting(args[0])
	if w == nil {
		return fmt.Errorf("nobody waits as %s: see @share list", shown(args[0], maxShown))
	}
	if err := w.Admit(); err != nil {
		return err
	}
	s.conn.record(levelInfo, "share admit", "", "viewer", w.Name)
	return nil
}

// ownWaiting is one of those who wait for the owner, by NAME/NUMBER, or nil.
func (s *session) ownWaiting(given string) *share.Waiting {
	name, number, _ := strings.Cut(given, "/")
	if sh := s.conn.server.hub.Named(s.id.user, name); sh != nil {
		for _, w := range sh.Waiting() {
			if strconv.Itoa(w.Number) == number {
				return w
			}
		}
	}
	return nil
}

func waitingLine(w *share.Waiting) string {
	return fmt.Sprintf("%s/%d  %s  asks to look on  since %s", w.Share.Name, w.Number, w.Name, w.Since.Format(time.TimeOnly))
}

// audienceOf says who looks on and who asks to, for the owner; empty: nobody.
func (s *Server) audienceOf(l *share.Live, viewers []*share.Viewer) string {
	var parts []string
	if n := lookingOn(viewers); n > 0 {
		parts = append(parts, fmt.Sprintf("%d looking on", n))
	}
	switch waiting := s.hub.Waiting(l); len(waiting) {
	case 0:
	case 1:
		parts = append(parts, fmt.Sprintf("%s/%d asks", waiting[0].Share.Name, waiting[0].Number))
	default:
		parts = append(parts, fmt.Sprintf("%s/%d and %d more ask", waiting[0].Share.Name, waiting[0].Number, len(waiting)-1))
	}
	return strings.Join(parts, ", ")
}

// left tells whether a viewer has gone while he waited: nobody is to be told.
func left(err error) bool { return errors.Is(err, context.Canceled) }

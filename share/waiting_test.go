package share

import (
	"context"
	"errors"
	"testing"
	"time"
)

// asked is somebody who waits, and what comes of it.
func asked(t *testing.T, s *Share, name string, invited bool) (*Waiting, <-chan error) {
	t.Helper()
	w, err := s.Ask(name, invited)
	if err != nil {
		t.Fatal(err)
	}
	came := make(chan error, 1)
	go func() {
		v, err := w.Join(t.Context(), Usual())
		if err == nil {
			defer s.Leave(v)
			if v.Number != w.Number || v.Name != name || v.Role() != s.Role {
				err = errors.New("somebody else was let in")
			}
		}
		came <- err
	}()
	return w, came
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, token := shared(t, h, Terms{Name: "main", Role: Type, Approve: true, Once: true})
	for range 2 {
		if h.Redeem(token) != s {
			t.Error("the token is used up before anybody is in")
		}
	}
	_, changed := s.Terminal.Viewers()
	first, in := asked(t, s, "first", true)
	<-changed
	second, out := asked(t, s, "second", true)
	third, sent := asked(t, s, "third", false)
	_, named := asked(t, s, "named", false)
	if all := h.Waiting(s.Terminal); len(all) != 4 || all[0] != first || third.Number != 3 {
		t.Errorf("there wait %d", len(all))
	}
	third.Refuse()
	if err := <-sent; err != ErrRefused {
		t.Errorf("who was refused: %v", err)
	}
	if viewers := s.Viewers(); len(viewers) != 0 {
		t.Errorf("%d look on that nobody let in", len(viewers))
	}
	if err := first.Admit(); err != nil {
		t.Error(err)
	}
	if err := <-in; err != nil {
		t.Errorf("who was let in: %v", err)
	}
	// The token was for one: this one. Who was named has not come by it.
	if err := <-out; err != ErrUsed || second.Admit() != ErrGone || first.Admit() != ErrGone {
		t.Errorf("the second with the token: %v", err)
	}
	if _, err := s.Ask("late", true); err != ErrUsed || h.Redeem(token) != nil {
		t.Errorf("the token is good again: %v", err)
	}
	if len(s.Waiting()) != 1 {
		t.Errorf("%d wait", len(s.Waiting()))
	}
	s.Stop()
	if err := <-named; err != ErrStopped {
		t.Errorf("when it was stopped: %v", err)
	}
	if _, err := s.Ask("late", false); err != ErrStopped {
		t.Errorf("later: %v", err)
	}
	h.End(s.Terminal)
	h.Wait()
}

// Those who wait are bounded in number, don't outlive what they wait for, and leave no
// trace when they go.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, _ := shared(t, h, Terms{Name: "main", Approve: true, TTL: 50 * time.Millisecond})
	ctx, leave := context.WithCancel(t.Context())
	w, err := s.Ask("goes", true)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := w.Join(ctx, Usual()); !errors.Is(err, context.Canceled) || len(s.Waiting()) != 0 {
		t.Errorf("%v, %d wait", err, len(s.Waiting()))
	}
	var came []<-chan error
	for range maxWaiting {
		_, c := asked(t, s, "many", true)
		came = append(came, c)
	}
	if _, err := s.Ask("more", true); err != ErrCrowded && err != ErrStopped {
		t.Errorf("one more: %v", err)
	}
	for _, c := range came {
		if err := <-c; err != ErrStopped {
			t.Errorf("after its time: %v", err)
		}
	}
	other, _ := shared(t, h, Terms{Name: "other", Approve: true})
	_, ended := asked(t, other, "waits", true)
	h.End(other.Terminal)
	if err := <-ended; err != ErrStopped {
		t.Errorf("when the terminal ended: %v", err)
	}
	h.End(s.Terminal)
	h.Wait()
}

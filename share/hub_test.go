package share

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func shared(t *testing.T, h *Hub, terms Terms) (*Share, Token) {
	t.Helper()
	s, token, err := h.Share(h.Begin("alice", "0", Usual(), nil), terms)
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

func TestTokens(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, token := shared(t, h, Terms{Name: "main"})
	if !LooksLikeToken(string(token)) || len(token) != 26 {
		t.Errorf("%q doesn't look like a token", token)
	}
	for range 2 {
		if h.Redeem(token) != s {
			t.Error("the token isn't good")
		}
	}
	_, other := shared(t, h, Terms{Name: "other"})
	if other == token || h.Redeem(other) == s {
		t.Error("two tokens for one share")
	}
	wrong := Token(strings.Repeat("a", 26))
	for _, bad := range []Token{wrong, "", Token(strings.ToUpper(string(token))), token[:25], token + "a"} {
		if h.Redeem(bad) != nil {
			t.Errorf("%q is good", bad)
		}
	}
	for _, name := range []string{"alice", "", strings.Repeat("1", 26), strings.Repeat("A", 26), string(token) + "a"} {
		if LooksLikeToken(name) {
			t.Errorf("%q looks like a token", name)
		}
	}
	s.Stop()
	if h.Redeem(token) != nil || !s.Stopped() || h.Named("alice", "main") != nil {
		t.Error("what was stopped is there")
	}
	s.Stop()
}

func TestNoToken(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, token := shared(t, h, Terms{Name: "main", NoToken: true})
	if token != "" || len(h.tokens) != 0 || h.Redeem("") != nil {
		t.Errorf("there is one: %q", token)
	}
	v, err := s.Join("bob", Usual())
	if err != nil {
		t.Fatal(err)
	}
	s.Leave(v)
	s.Stop()
}

func TestATokenForOne(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, token := shared(t, h, Terms{Name: "main", Once: true})
	if h.Redeem(token) != s || h.Redeem(token) != nil {
		t.Error("the token was to be good for once")
	}
	if h.Named("alice", "main") != s {
		t.Error("with the token went the share")
	}
}

// A share that stops takes its viewers along, and nobody joins any more.
func TestStop(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, _ := shared(t, h, Terms{Name: "main", TTL: time.Hour})
	other, _, err := h.Share(s.Terminal, Terms{Name: "other", Role: Type})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Join("bob", Usual())
	if err != nil {
		t.Fatal(err)
	}
	stays, err := other.Join("carol", Usual())
	if err != nil {
		t.Fatal(err)
	}
	if v.Role() != View || stays.Role() != Type {
		t.Error("they have the wrong roles")
	}
	if _, err := v.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if _, err := v.Next(t.Context()); !errors.Is(err, ErrRemoved) {
		t.Errorf("Next: %v", err)
	}
	if _, err := stays.Next(t.Context()); err != nil {
		t.Errorf("the viewer of another share: %v", err)
	}
	if _, err := s.Join("dave", Usual()); !errors.Is(err, ErrStopped) {
		t.Errorf("Join: %v", err)
	}
	s.Leave(v)
	other.Leave(stays)
	if n := len(other.Viewers()); n != 0 {
		t.Errorf("%d viewers", n)
	}
	s.Terminal.Wait()
}

func TestATerminalsEndStopsItsShares(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, token := shared(t, h, Terms{Name: "main"})
	v, err := s.Join("bob", Usual())
	if err != nil {
		t.Fatal(err)
	}
	s.Terminal.Write([]byte("the last words"))
	h.End(s.Terminal)
	if h.Redeem(token) != nil || len(h.Live("alice")) != 0 || len(h.Shares("alice")) != 0 {
		t.Error("something is left")
	}
	if _, _, err := h.Share(s.Terminal, Terms{Name: "again"}); !errors.Is(err, ErrEnded) {
		t.Errorf("Share: %v", err)
	}
	var seen strings.Builder
	for {
		data, err := v.Next(t.Context())
		for _, d := range data {
			seen.Write(d)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(seen.String(), "the last words") {
		t.Errorf("he has seen %q", seen.String())
	}
	s.Leave(v)
	s.Terminal.Wait()
}

func TestShareLimits(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, _ := shared(t, h, Terms{Name: "0"})
	if _, _, err := h.Share(s.Terminal, Terms{Name: "0"}); !errors.Is(err, ErrName) {
		t.Errorf("the same name: %v", err)
	}
	for i := 1; i < maxShares; i++ {
		if _, _, err := h.Share(s.Terminal, Terms{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := h.Share(s.Terminal, Terms{Name: "one more"}); !errors.Is(err, ErrMany) {
		t.Errorf("too many: %v", err)
	}
	for range maxViewers {
		if _, err := s.Join("bob", Usual()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Join("bob", Usual()); !errors.Is(err, ErrFull) {
		t.Errorf("too many viewers: %v", err)
	}
	for _, v := range s.Viewers() {
		s.Leave(v)
	}
	s.Terminal.Wait()
}

// The time of a share passes while somebody looks on.
func TestShareExpires(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s, token := shared(t, h, Terms{Name: "main", TTL: 200 * time.Millisecond})
	v, err := s.Join("bob", Usual())
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = v.Next(t.Context())
	}
	if !errors.Is(err, ErrRemoved) || h.Redeem(token) != nil {
		t.Errorf("after its time: %v", err)
	}
	s.Leave(v)
	s.Terminal.Wait()
}

// An owner has her own terminals, the oldest first.
func TestLive(t *testing.T) {
	t.Parallel()
	h := NewHub()
	begin := func(owner string) *Live { return h.Begin(owner, "0", Usual(), nil) }
	a, b := begin("alice"), begin("alice")
	begin("bob")
	h.End(a)
	d := begin("alice")
	if all := h.Live("alice"); len(all) != 2 || all[0] != b || all[1] != d {
		t.Errorf("%v", all)
	}
}

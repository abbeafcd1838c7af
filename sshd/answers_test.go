package sshd

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// A client that ends when a forward fails has to hear of that before its command
// is over: the command doesn't start until the forward is answered.
func TestASessionStartsBehindForwards(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	var order []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{
			spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
				note("spawn")
				return f.cell.Spawn(ctx, m)
			},
			listen: func(context.Context, *wire.Listen) ([]*os.File, uint32, error) {
				close(asked)
				<-release
				note("listen")
				return nil, 0, os.ErrExist
			},
		}
	})
	c := f.dial()
	answered := make(chan bool)
	go func() {
		ok, _, _ := c.SendRequest(tcpForward, true, at("localhost", 1))
		answered <- ok
	}()
	<-asked
	s := f.session(c)
	s.must("exec", text("cat"))
	for range 100 { // there and back: time enough for what must not happen
		s.ask("nobody knows this", nil)
	}
	close(release)
	if <-answered {
		t.Error("the forward succeeded")
	}
	_ = s.CloseWrite()
	if status := s.status(); status != 0 {
		t.Errorf("status %d", status)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"listen", "spawn"}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
}

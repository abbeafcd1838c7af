package sshd

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// queued is a server whose cell doesn't listen until release is closed, and notes
// in which order it was asked for things. A forward is asked for already.
type queued struct {
	*fixture
	client   *ssh.Client
	release  chan struct{}
	answered chan bool

	mu    sync.Mutex
	order []string
}

func newQueued(t *testing.T) *queued {
	t.Helper()
	q := &queued{release: make(chan struct{}), answered: make(chan bool)}
	asked := make(chan struct{})
	q.fixture = start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{
			spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
				q.note("spawn")
				return f.cell.Spawn(ctx, m)
			},
			dial: func(context.Context, *wire.Dial) (*os.File, error) {
				q.note("dial")
				return nil, os.ErrNotExist
			},
			listen: func(context.Context, *wire.Listen) ([]*os.File, uint32, error) {
				close(asked)
				<-q.release
				q.note("listen")
				return nil, 0, os.ErrExist
			},
		}
	})
	q.client = q.dial()
	go func() {
		ok, _, _ := q.client.SendRequest(tcpForward, true, at("localhost", 1))
		q.answered <- ok
	}()
	<-asked
	return q
}

func (q *queued) note(what string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.order = append(q.order, what)
}

// listenOnly gives the server time for what must not happen, and then lets the
// forward fail.
func (q *queued) listenOnly(s *rawSession) {
	q.t.Helper()
	for range 100 { // there and back
		s.ask("nobody knows this", nil)
	}
	close(q.release)
	if <-q.answered {
		q.t.Error("the forward succeeded")
	}
}

func (q *queued) wants(order ...string) {
	q.t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Equal(q.order, order) {
		q.t.Errorf("%q, want %q", q.order, order)
	}
}

// A client that ends when a forward fails has to hear of that before its command
// is over: the command doesn't start until the forward is answered.
func TestASessionStartsBehindForwards(t *testing.T) {
	t.Parallel()
	q := newQueued(t)
	s := q.session(q.client)
	s.must("exec", text("cat"))
	q.listenOnly(s)
	_ = s.CloseWrite()
	if status := s.status(); status != 0 {
		t.Errorf("status %d", status)
	}
	q.wants("listen", "spawn")
}

// What is forwarded to the cell may be for a listener that the same client has
// asked for just before.
func TestAForwardWaitsForThoseBefore(t *testing.T) {
	t.Parallel()
	q := newQueued(t)
	refused := make(chan error)
	go func() {
		_, _, err := q.client.OpenChannel("direct-tcpip", directTCP("127.0.0.1", 1))
		refused <- err
	}()
	q.listenOnly(q.session(q.client))
	if err := <-refused; err == nil {
		t.Error("the channel was opened")
	}
	q.wants("listen", "dial")
}

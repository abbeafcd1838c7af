package jail

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// spare keeps one start ready, of the kind that all jails have but those with the
// host's network. The next cell that is started then waits neither for the kernel
// to make its namespaces nor for init to come up.
type spare struct {
	means Means
	log   *slog.Logger

	offer   chan *start   // to take; run waits to send
	started chan struct{} // of one: a cell was
	closing context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

// sparePause is how long no cell may have been started when a spare is made: those
// who log in one after the other have the processors for themselves.
const sparePause = 100 * time.Millisecond

// newSpare makes the first one soon, unless means wants none.
func newSpare(means Means, log *slog.Logger) *spare {
	s := &spare{
		means: means, log: log,
		offer: make(chan *start), started: make(chan struct{}, 1),
	}
	s.closing, s.stop = context.WithCancel(context.Background())
	if means.Spare {
		s.cellStarted()
		s.running.Go(s.run)
	}
	return s
}

// take returns the spare, which is the caller's from then on, or nil if there is
// none that suits the plan.
func (s *spare) take(spec *wire.Spec) *start {
	if !ownNetwork(spec) {
		return nil
	}
	select {
	case kept := <-s.offer:
		return kept
	default:
		return nil
	}
}

// cellStarted says that there may be use for another spare.
func (s *spare) cellStarted() {
	select {
	case s.started <- struct{}{}:
	default: // has been said already
	}
}

// run makes one spare after the other. One that has died isn't replaced before a
// cell was started: what has killed it could kill the next one at once.
func (s *spare) run() {
	for s.awaitQuiet() {
		kept, err := begin(s.means, true)
		if err != nil {
			s.log.Warn("cell: no start is kept ready", "error", err)
			continue
		}
		select {
		case s.offer <- kept:
			continue
		case <-kept.exited:
			s.log.Warn("cell: the start that was kept ready was ended by somebody else", "pid", kept.process.Pid)
		case <-s.closing.Done():
		}
		if err := kept.drop(); err != nil {
			s.log.Warn("cell: something of the start that was kept ready is left", "error", err)
		}
	}
}

// awaitQuiet waits until a cell was started and then no other for sparePause. It is
// false when s is closed.
func (s *spare) awaitQuiet() bool {
	var quiet <-chan time.Time
	for {
		select {
		case <-s.started:
			quiet = time.After(sparePause)
		case <-quiet:
			return true
		case <-s.closing.Done():
			return false
		}
	}
}

// close drops the spare and waits until it is gone. It may be called again.
func (s *spare) close() {
	s.stop()
	s.running.Wait()
}

package jail

import (
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/cgroup"
)

// Strike is a limit of a cell at work.
type Strike struct {
	User, Cell string
	Killed     uint64 // processes that the kernel ended because of Limits.Memory
	Refused    uint64 // forks refused because of Limits.Processes
	Limits     wire.Limits
}

// strikePause is the least time between two strikes of one cell that are told: a
// fork bomb has thousands in a second. What comes meanwhile is added up.
const strikePause = 5 * time.Second

// strikes adds up what a cell's limits do.
type strikes struct {
	tell func(cgroup.Event)

	mu    sync.Mutex
	sum   cgroup.Event
	timer *time.Timer // runs while nothing is told
	ended bool
}

// add tells of an event, at once or later. It doesn't wait.
func (s *strikes) add(e cgroup.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Killed += e.Killed
	s.sum.Refused += e.Refused
	if s.timer == nil || s.ended {
		s.flush()
	}
}

// flush tells, and begins a pause. mu is held.
func (s *strikes) flush() {
	sum := s.sum
	if sum == (cgroup.Event{}) {
		s.timer = nil
		return
	}
	s.sum = cgroup.Event{}
	s.tell(sum)
	if !s.ended {
		s.timer = time.AfterFunc(strikePause, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !s.ended {
				s.flush()
			}
		})
	}
}

// end tells what is left.
func (s *strikes) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.flush()
}

package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// A cell that has ended since it was opened is opened once more, and the client
// doesn't notice.
func TestCellThatEndedIsOpenedAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	var closed atomic.Int32
	dead := &scriptCell{spawn: func(context.Context, *wire.Spawn) (*Process, error) {
		return nil, fmt.Errorf("spawn: %w", wire.ErrClosed)
	}, closed: &closed}
	f.broker.open = func(context.Context, string) (Cell, error) {
		if len(f.broker.opens()) == 1 {
			return dead, nil
		}
		return f.cell, nil
	}
	c := f.dial()
	for range 2 {
		s := f.session(c)
		s.must("exec", text("exit 3"))
		if got := s.status(); got != 3 {
			t.Errorf("exit status %d", got)
		}
	}
	if n := len(f.broker.opens()); n != 2 {
		t.Errorf("opened %d times", n)
	}
	if closed.Load() != 1 {
		t.Errorf("the dead one was closed %d times", closed.Load())
	}
}

// It is tried once more, not for ever; and not when the cell has said no.
func TestSpawnIsTriedTwiceAtMost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"gone":   {wire.ErrClosed, 2},
		"failed": {&wire.Failure{Text: "/bin/bash: permission denied"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { return nil, c.err }))
			s := f.session(f.dial())
			s.must("shell", nil)
			errs, _ := io.ReadAll(s.Stderr())
			r := f.broker.waitRecord(t, "session failed", nil)
			if string(errs) != string(sentence(refusedStart, r.Ref, false)) || s.status() != exitRefused {
				t.Errorf("the client was told %q", errs)
			}
			if want := "spawn: " + c.err.Error(); attr(r, "error") != want {
				t.Errorf("recorded is %q, not %q", attr(r, "error"), want)
			}
			if n := len(f.broker.opens()); n != c.want {
				t.Errorf("opened %d times", n)
			}
		})
	}
}

// A cell that can't be opened: the client has a sentence and a reference, the
// log has the rest. The next session tries again.
func TestCellThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	f := start(t)
	var works atomic.Bool
	f.broker.open = func(context.Context, string) (Cell, error) {
		if works.Load() {
			return f.cell, nil
		}
		return nil, errors.New("jail alice: step 7/21 proc: mount(/proc): EPERM")
	}
	out, errs, status := f.run(f.stock("alice@127.0.0.1", "true"))
	r := f.broker.waitRecord(t, "session failed", nil)
	if out != "" || errs != string(sentence(refusedRun, r.Ref, false)) || status != exitRefused {
		t.Errorf("got %q, %q, %d", out, errs, status)
	}
	if !strings.Contains(attr(r, "error"), "step 7/21") {
		t.Errorf("recorded is %+v", r)
	}
	c := f.dial()
	s := f.session(c)
	s.must("exec", text("true"))
	if got := s.status(); got != exitRefused {
		t.Errorf("exit status %d", got)
	}
	works.Store(true)
	s = f.session(c)
	s.must("exec", text("exit 5"))
	if got := s.status(); got != 5 {
		t.Errorf("exit status %d", got)
	}
}

// A panic of the broker's ends one session.
func TestPanicInOpen(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.open = func(context.Context, string) (Cell, error) {
		if len(f.broker.opens()) <= 2 { // the one with the login, and the session's
			panic("on purpose")
		}
		return f.cell, nil
	}
	c := f.dial()
	f.broker.waitRecord(t, "panic", nil)
	s := f.session(c)
	s.must("exec", text("true"))
	if got := s.status(); got != exitRefused {
		t.Errorf("exit status %d", got)
	}
	s = f.session(c)
	s.must("exec", text("exit 5"))
	if got := s.status(); got != 5 {
		t.Errorf("exit status %d", got)
	}
}

// A cell that never answers: the client is told when startTimeout has passed.
func TestCellThatNeverAnswers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		s := f.session(f.dialMem())
		began := time.Now()
		s.must("shell", nil)
		errs, _ := io.ReadAll(s.Stderr())
		if !strings.Contains(string(errs), sentences[refusedStart]) {
			t.Errorf("the client was told %q", errs)
		}
		if took := time.Since(began); took != startTimeout {
			t.Errorf("after %v", took)
		}
		synctest.Wait()
	}, play(func(ctx context.Context, _ *wire.Spawn) (*Process, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
}

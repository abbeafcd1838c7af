package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// parting ends, on a viewer's terminal, what a program may have begun on it. The
// cursor stays on its row: CSI r moves it, and mode 1049, were it not set.
const parting = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[?7h\x1b7\x1b[r\x1b8\x1b[m\x1b[?1047l\x1b[?25h\r\n"

// mostShown is how much is written to a viewer at once. The library keeps two buffers of
// the size of the largest packet for as long as the connection lasts.
const mostShown = 4 << 10

// errGone is why a view ends of which the client is gone.
var errGone = errors.New("the client is gone")

// view shows a terminal that is shared, until it ends, the viewer goes, or his grant
// doesn't allow it any more. A viewer has no program and no cell: what he may do is what
// is here.
func (s *session) view(sh *share.Share, name string, allowed func(*wire.Grant) bool) error {
	what := sh.Terminal.Owner + "/" + sh.Name
	s.does("view " + what)
	ctx, leave := context.WithCancel(s.ctx)
	defer leave()
	f := &forward{allowed, func() {
		if v := s.viewer.Load(); v != nil {
			v.Remove()
		} else {
			leave() // he still waits
		}
	}}
	s.conn.watch(f)
	defer s.conn.unwatch(f)
	s.spin("viewer", func() { s.viewerKeys(ctx, leave) })
	v, err := s.join(ctx, sh, name)
	switch {
	case left(err) && !allowed(s.conn.policy.Load()):
		return share.ErrRemoved
	case left(err):
		return nil
	case err != nil:
		return err
	}
	s.viewer.Store(v)
	v.Resize(sizeOf(s.size.Load())) // it may have changed before the viewer was there
	s.conn.record(levelInfo, "view", "", "of", what, "as", name, "viewer", strconv.Itoa(v.Number), "role", v.Role().String())
	who := viewerText(v)
	s.conn.server.remarked(sh.Terminal, who+", looks on")
	defer func() {
		s.viewer.Store(nil)
		sh.Leave(v)
		s.conn.server.remarked(sh.Terminal, who+", is gone")
		s.conn.record(levelInfo, "view end", "", "of", what, "as", name, "viewer", strconv.Itoa(v.Number))
	}()
	err = s.follow(ctx, v)
	switch {
	case errors.Is(err, errGone), s.ctx.Err() != nil && s.dismissed() == 0:
		return nil // there is nobody to be told
	case s.shown.Load():
		_, _ = io.WriteString(s.channel, parting) // an error: the client is gone
	}
	switch {
	case errors.Is(err, share.ErrRemoved):
		return err
	case errors.Is(err, io.EOF):
		s.remark(what + " has ended")
	}
	return nil
}

// viewerText is who a viewer is, in recordings.
func viewerText(v *share.Viewer) string { return fmt.Sprintf("viewer %d, %s", v.Number, v.Name) }

// follow writes what the viewer is to see, as fast as his client takes it.
func (s *session) follow(ctx context.Context, v *share.Viewer) error {
	for {
		chunks, err := v.Next(ctx)
		if err != nil {
			return err
		}
		s.clock.touch()
		for _, c := range chunks {
			for part := range slices.Chunk(c, mostShown) {
				if _, err := s.channel.Write(part); err != nil {
					return errGone
				}
			}
		}
	}
}

// viewerKeys reads what the viewer types, also if he may not. Who may not, or waits to be
// let in, leaves by q, ^C or ^D: nothing else would come of them.
func (s *session) viewerKeys(ctx context.Context, leave func()) {
	var buf [keystrokes]byte
	for {
		n, err := s.channel.Read(buf[:])
		if n > 0 {
			if v := s.viewer.Load(); v != nil && v.Role() == share.Type {
				v.Type(ctx, buf[:n])
			} else if s.shown.Load() && bytes.ContainsAny(buf[:n], "q\x03\x04") {
				leave()
			}
		}
		if err != nil {
			return // of a client that is gone follow learns too
		}
	}
}

func sizeOf(w *wire.Size) share.Size {
	if w == nil {
		return share.Size{}
	}
	return share.Size{Cols: int(w.Columns), Rows: int(w.Rows)}
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/share"
)

// link takes what a window shows to the server, as an asciicast, by one ssh after the
// other. The window doesn't wait for it: the link is a viewer like any other (package
// share), who is shown the screen anew when he has missed something.
type link struct {
	*publishing
	window *window
	ctx    context.Context // done when all is to end at once
	cancel context.CancelFunc
	ending chan struct{} // closed when the command has ended
	over   chan struct{} // closed when there is no more to do
	status int           // of the command, once it is ending

	mu       sync.Mutex
	line     string // for viewers, until one has come; the program may hide what was printed
	audience string // who looks on and who asks to, in the server's words
	lost     bool
	refused  string // why the server has ended it
}

// Times between two tries to come back.
const (
	soonest = 250 * time.Millisecond
	latest  = 15 * time.Second
)

// connect makes the first connection, at which ssh asks for what it needs to know.
// What it and the server say goes to stderr.
func connect(ctx context.Context, p *publishing, w *window, stderr io.Writer) (*link, *call, error) {
	l := &link{publishing: p, window: w, ending: make(chan struct{}), over: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(ctx)
	c, err := l.dial(false, stderr)
	if err != nil {
		return nil, nil, fmt.Errorf("publish: %w", err)
	}
	select {
	case <-c.ready:
		return l, c, nil
	case <-c.over:
		return nil, nil, fmt.Errorf("publish: %s: nothing is shown: ssh has ended with status %d - what it or the server has said is above", p.to, c.status)
	}
}

// run keeps the window shown, at first by c, until it has ended or the server doesn't
// want it any more. When the command ends while the link is lost, there is one more
// try, for its last screen.
func (l *link) run(c *call) {
	defer close(l.over)
	last := false
	for pause := soonest; ; pause = min(2*pause, latest) {
		if c != nil {
			if c.up() {
				pause = soonest
				if l.use(c) {
					return
				}
			}
			c.end()
			if why := c.refusal(); why != "" {
				l.set(func() { l.refused = why })
				return
			}
		}
		l.set(func() { l.lost, l.audience = true, "" })
		select {
		case <-time.After(pause):
		case <-l.ending:
			if last {
				return
			}
			last = true
		}
		var err error
		if c, err = l.dial(true, io.Discard); err != nil {
			continue // as when there are no more processes to be had
		}
		select {
		case <-c.ready:
		case <-c.over:
		case <-l.ctx.Done():
			c.end()
			return
		}
	}
}

// use shows the window by a connection that is up. It reports whether that was to the
// end.
func (l *link) use(c *call) bool {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	go func() { // ends with the call
		<-c.over
		cancel()
	}()
	v := l.window.live.Join("", share.View, share.Size{})
	defer v.Leave()
	if l.feed(ctx, c.stdin, v) != nil {
		return false
	}
	c.stdin.Close()
	select {
	case <-c.over:
	case <-l.ctx.Done():
		c.end()
	}
	return true
}

// feed writes an asciicast of what the window shows, to its end.
func (l *link) feed(ctx context.Context, to io.Writer, v *share.Viewer) error {
	began, size := time.Now(), l.window.live.Size()
	head, err := cast.Header{Version: cast.V3, Cols: size.Cols, Rows: size.Rows, Term: os.Getenv("TERM"), Began: began}.Line()
	if err != nil {
		return err
	}
	if _, err := to.Write(head); err != nil {
		return err
	}
	events := cast.NewEncoder(cast.V3)
	var buf []byte
	for {
		parts, err := v.Next(ctx)
		if errors.Is(err, io.EOF) {
			buf = events.Append(events.Finish(buf[:0], time.Since(began)), time.Since(began), cast.Exit, fmt.Append(nil, l.status))
			_, err = to.Write(buf)
			return err
		}
		if err != nil {
			return err
		}
		buf = buf[:0]
		// What comes after a change of the size is the screen anew. When the size is
		// newer than what is shown here, that follows.
		if now := l.window.live.Size(); now != size {
			size = now
			buf = events.Append(buf, time.Since(began), cast.Resize, fmt.Appendf(nil, "%dx%d", size.Cols, size.Rows))
		}
		for _, p := range parts {
			buf = events.Append(buf, time.Since(began), cast.Output, p)
		}
		if _, err := to.Write(buf); err != nil {
			return err
		}
	}
}

// end is called when the command has ended. It returns what its user should know.
func (l *link) end(status int) string {
	l.status = status
	l.window.close()
	close(l.ending)
	timer := time.AfterFunc(lastWords, l.cancel)
	<-l.over
	timer.Stop()
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.refused != "":
		return "this isn't shown any more: " + l.refused
	case l.lost:
		return "the link is lost: who looks on sees the last screen, for ten minutes at most"
	}
	return ""
}

// set changes what is known of the link, and says so in the title.
func (l *link) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	if l.audience != "" {
		l.line = ""
	}
	switch {
	case l.refused != "":
		l.window.say("not shown any more")
	case l.lost:
		l.window.say("the link is lost")
	default:
		l.window.say(cmp.Or(l.audience, l.line))
	}
}

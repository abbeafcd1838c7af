package sshd

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// Levels of a wire.Record.
const (
	levelDebug = iota
	levelInfo
	levelWarn
	levelError
)

// Bounds of what a record says of something that comes from outside, in bytes.
const (
	maxShown  = 256     // a name, a version, a fingerprint
	maxDetail = 2 << 10 // a command, an error
	maxStack  = 6 << 10 // a panic
)

// maxRecords is how many records may wait for the broker.
const maxRecords = 1024

// recorder hands records to the broker from a goroutine of its own, so that a
// log that stands still stops nobody's terminal. When too many wait, further
// ones are lost, and counted.
type recorder struct {
	queue chan *wire.Record
	lost  atomic.Uint64
}

func newRecorder() *recorder { return &recorder{queue: make(chan *wire.Record, maxRecords)} }

// run hands records over until ctx is done, and then those that still wait.
func (r *recorder) run(ctx context.Context, to func(*wire.Record)) {
	for {
		select {
		case rec := <-r.queue:
			r.deliver(rec, to)
		case <-ctx.Done():
			for {
				select {
				case rec := <-r.queue:
					r.deliver(rec, to)
				default:
					return
				}
			}
		}
	}
}

func (r *recorder) deliver(rec *wire.Record, to func(*wire.Record)) {
	if n := r.lost.Swap(0); n > 0 {
		to(&wire.Record{Time: rec.Time, Level: levelWarn, Event: "records lost", Attrs: []wire.Attr{{Key: "count", Value: fmt.Sprint(n)}}})
	}
	to(rec)
}

// add never blocks. pairs are keys and values, which are made safe to show.
func (r *recorder) add(rec wire.Record, pairs ...string) {
	rec.Time = time.Now().UnixNano()
	rec.User, rec.From = shown(rec.User, maxShown), shown(rec.From, maxShown)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			rec.Attrs = append(rec.Attrs, wire.Attr{Key: pairs[i], Value: shown(pairs[i+1], wire.MaxText)})
		}
	}
	select {
	case r.queue <- &rec:
	default:
		r.lost.Add(1)
	}
}

// shown makes a value from outside harmless for a log and a terminal: what isn't
// printable ASCII is written as \xNN, and the result has at most max bytes.
func shown(s string, max int) string {
	clean := len(s) <= max
	for i := 0; clean && i < len(s); i++ {
		clean = printable(s[i])
	}
	if clean {
		return s
	}
	var b []byte
	cut := 0 // where to end if it doesn't fit
	for i := 0; i < len(s) && len(b) <= max; i++ {
		if len(b) <= max-3 {
			cut = len(b)
		}
		if printable(s[i]) {
			b = append(b, s[i])
		} else {
			b = fmt.Appendf(b, `\x%02x`, s[i])
		}
	}
	if len(b) > max {
		return string(b[:cut]) + "..."
	}
	return string(b)
}

func printable(c byte) bool { return c >= 0x20 && c < 0x7f }

// protect runs f. A panic of it is recorded under ref and reported, and goes no
// further: it ends one session or one connection, not the server.
func (s *Server) protect(ref, where string, f func()) (panicked bool) {
	defer func() {
		if p := recover(); p != nil {
			panicked = true
			s.records.add(wire.Record{Level: levelError, Event: "panic", Ref: ref}, "where", where,
				"panic", shown(fmt.Sprint(p), maxDetail), "stack", shown(strings.ReplaceAll(string(debug.Stack()), "\n", "; "), maxStack))
		}
	}()
	f()
	return false
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"golang.org/x/time/rate"
)

// How many events a second are written: a compromised jailsh-net, or a flood of
// refused logins, must not fill the disk at the speed of a socket. What is over
// the limit isn't written.
const (
	eventsPerSecond = 500
	eventsBurst     = 5000
)

// events writes what happened to both logs: text on standard error for whoever
// looks on, JSON in the audit log. slog quotes what isn't printable.
type events struct {
	text, audit slog.Handler
	limit       *rate.Limiter
}

func newEvents(text slog.Handler, audit *auditLog) *events {
	return &events{
		text: text, audit: slog.NewJSONHandler(audit, nil),
		limit: rate.NewLimiter(eventsPerSecond, eventsBurst),
	}
}

// record writes an event of jailsh-net's.
func (e *events) record(r *wire.Record) {
	attrs := make([]slog.Attr, 0, len(r.Attrs)+3)
	for _, a := range []wire.Attr{{Key: "ref", Value: r.Ref}, {Key: "user", Value: r.User}, {Key: "from", Value: r.From}} {
		if a.Value != "" {
			attrs = append(attrs, slog.String(a.Key, a.Value))
		}
	}
	for _, a := range r.Attrs {
		attrs = append(attrs, slog.String(a.Key, a.Value))
	}
	e.writeAt(happened(r.Time), levels[min(int(r.Level), len(levels)-1)], r.Event, attrs...)
}

// happened is when an event took place by jailsh-net's word, which is taken as
// far as it can be true: records arrive within a second.
func happened(nanoseconds int64) time.Time {
	now := time.Now()
	at := time.Unix(0, nanoseconds)
	if age := now.Sub(at); age < 0 || age > time.Second {
		return now
	}
	return at
}

var levels = [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// life records that a cell has started, and when it has ended, why. began is when
// the work on it began.
func (e *events) life(c *jail.Opened, user, ref string, began time.Time) {
	who := []slog.Attr{slog.String("user", user), slog.String("cell", c.Cell)}
	e.write(slog.LevelInfo, "cell start", append(who[:len(who):len(who)], slog.String("cgroup", c.Cgroup), slog.String("ref", ref), since(began))...)
	began = time.Now()
	why := c.Wait()
	e.write(slog.LevelInfo, "cell end", append(who, slog.String("reason", why), since(began))...)
}

func since(t time.Time) slog.Attr {
	return slog.String("seconds", fmt.Sprintf("%.3f", time.Since(t).Seconds()))
}

func (e *events) write(level slog.Level, event string, attrs ...slog.Attr) {
	e.writeAt(time.Now(), level, event, attrs...)
}

func (e *events) writeAt(at time.Time, level slog.Level, event string, attrs ...slog.Attr) {
	if e.limit.Allow() {
		e.put(at, level, event, attrs...)
	}
}

// put is for what isn't left out, however much else happens.
func (e *events) put(at time.Time, level slog.Level, event string, attrs ...slog.Attr) {
	ctx := context.Background()
	r := slog.NewRecord(at, level, event, 0)
	r.AddAttrs(attrs...)
	if e.text.Enabled(ctx, level) {
		_ = e.text.Handle(ctx, r) // standard error: there is nowhere else to complain
	}
	if level < slog.LevelInfo {
		return
	}
	if err := e.audit.Handle(ctx, r); err != nil {
		lost := slog.NewRecord(time.Now(), slog.LevelError, "audit log: a line is lost - make room on its file system", 0)
		lost.AddAttrs(slog.Any("error", err))
		_ = e.text.Handle(ctx, lost)
	}
}

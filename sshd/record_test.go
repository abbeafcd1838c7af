package sshd

import (
	"context"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// A log that stands still stops nobody: what is too much for the queue is lost,
// and counted.
func TestRecordsNeverBlock(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	for range maxRecords + 500 {
		r.add(wire.Record{Event: "x"})
	}
	var got []*wire.Record
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.run(ctx, func(rec *wire.Record) { got = append(got, rec) })
	if len(got) != maxRecords+1 || got[0].Event != "records lost" || attr(got[0], "count") != "500" {
		t.Errorf("%d records, the first %+v", len(got), got[0])
	}
}

// What comes from outside fits a record, whatever it is.
func TestRecordsFitTheWire(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	huge := strings.Repeat("\x1b", 1<<20)
	r.add(wire.Record{Event: "x", User: huge, From: huge}, "a", huge, "empty", "", "b", "x")
	rec := <-r.queue
	if _, err := wire.Encode(rec); err != nil {
		t.Error(err)
	}
	if len(rec.Attrs) != 2 || !strings.HasPrefix(rec.User, `\x1b\x1b`) {
		t.Errorf("%d attributes, user %.20q", len(rec.Attrs), rec.User)
	}
}

// A broker that panics over a record doesn't end the records.
func TestRecordsOutliveAPanic(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.mu.Lock()
	f.broker.onRecord = func(r *wire.Record) {
		if r.Event == "boom" {
			panic("on purpose")
		}
	}
	f.broker.mu.Unlock()
	f.server.records.add(wire.Record{Event: "boom"})
	f.server.records.add(wire.Record{Event: "after"})
	f.broker.waitRecord(t, "after", nil)
	f.broker.waitRecord(t, "panic", nil)
}

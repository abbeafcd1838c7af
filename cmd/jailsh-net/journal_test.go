package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// Records that come together are sent together, in order, none twice.
func TestRecordsAreGathered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		j := newJournal(func(m *wire.Records) {
			names := ""
			for _, r := range m.List {
				names += r.Event
			}
			sent = append(sent, fmt.Sprintf("%s@%d", names, time.Now().UnixMilli()%1000))
		})
		j.add(&wire.Record{Event: "a"})
		j.add(&wire.Record{Event: "b"})
		<-time.After(gatherTime + time.Millisecond)
		j.add(&wire.Record{Event: "c"})
		<-time.After(10 * time.Millisecond)
		j.add(&wire.Record{Event: "d"})
		<-time.After(gatherTime)
		j.add(&wire.Record{Event: "e"})
		j.flush()
		j.flush()
		<-time.After(time.Second)
		if got := strings.Join(sent, " "); got != "ab@20 cd@41 e@51" {
			t.Errorf("sent: %s", got)
		}
	})
}

// However many and large they are, they fit their packets.
func TestGatheredRecordsFit(t *testing.T) {
	t.Parallel()
	total := 0
	j := newJournal(func(m *wire.Records) {
		total += len(m.List)
		if body, err := wire.Encode(m); err != nil || len(body) > wire.MaxPacket*3/4 {
			t.Errorf("%d records of %d bytes: %v", len(m.List), len(body), err)
		}
	})
	long := strings.Repeat("x", wire.MaxText)
	for i := range 1000 {
		r := &wire.Record{Event: "many"}
		if i%7 == 0 {
			r.Attrs = []wire.Attr{{Key: "a", Value: long}, {Key: "b", Value: long}}
		}
		j.add(r)
	}
	j.flush()
	if total != 1000 {
		t.Errorf("%d of 1000 were sent", total)
	}
}

package sshd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// fakeBroker is a jailshd whose table is a map. Its hooks replace what it does.
type fakeBroker struct {
	host []ssh.Signer

	lookup   func(*wire.Lookup) (*wire.Grant, error)              // nil: the map
	verify   func(*wire.Verify) (*wire.Verified, error)           // nil: 123456 is good
	open     func(ctx context.Context, user string) (Cell, error) // nil: cell
	cell     Cell
	onRecord func(*wire.Record)
	recorded func() (*wire.Recorded, *os.File, error) // nil: nothing can be recorded
	onSeal   func(*wire.Seal) error

	mu      sync.Mutex
	changed *sync.Cond             // broadcast with every record
	grants  map[string]*wire.Grant // by user and key blob
	records []*wire.Record
	asked   []wire.Lookup
	opened  []wire.Open
	seals   []wire.Seal
}

func newFakeBroker() *fakeBroker {
	b := &fakeBroker{grants: map[string]*wire.Grant{}}
	b.changed = sync.NewCond(&b.mu)
	return b
}

func (b *fakeBroker) allow(user string, key ssh.PublicKey, g *wire.Grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grants[user+"\x00"+string(key.Marshal())] = g
}

func (b *fakeBroker) Lookup(_ context.Context, m *wire.Lookup) (*wire.Grant, error) {
	b.mu.Lock()
	b.asked = append(b.asked, *m)
	lookup, grant := b.lookup, b.grants[m.User+"\x00"+string(m.Key)]
	b.mu.Unlock()
	if lookup != nil {
		return lookup(m)
	}
	if grant != nil {
		return grant, nil
	}
	return &wire.Grant{Reason: "users.toml has no such user or key"}, nil
}

// setLookup replaces the map, or with nil brings it back.
func (b *fakeBroker) setLookup(lookup func(*wire.Lookup) (*wire.Grant, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lookup = lookup
}

func (b *fakeBroker) Sign(_ context.Context, m *wire.Sign) (*wire.Signature, error) {
	if int(m.Key) >= len(b.host) {
		return nil, errors.New("no such key")
	}
	data := m.Data
	if m.Proof {
		data = append(append(text("hostkeys-prove-00@openssh.com"), text(string(data))...), text(string(b.host[m.Key].PublicKey().Marshal()))...)
	}
	s, err := b.host[m.Key].(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, data, m.Algorithm)
	if err != nil {
		return nil, err
	}
	return &wire.Signature{Format: s.Format, Blob: s.Blob}, nil
}

func (b *fakeBroker) Verify(_ context.Context, m *wire.Verify) (*wire.Verified, error) {
	if b.verify != nil {
		return b.verify(m)
	}
	if m.Code == "123456" {
		return &wire.Verified{Accepted: true, Ticket: []byte("ticket of " + m.User + m.Ref)}, nil
	}
	return &wire.Verified{Reason: "wrong code"}, nil
}

func (b *fakeBroker) Open(ctx context.Context, m *wire.Open) (Cell, error) {
	b.mu.Lock()
	b.opened = append(b.opened, *m)
	b.mu.Unlock()
	if b.open != nil {
		return b.open(ctx, m.User)
	}
	return b.cell, nil
}

func (b *fakeBroker) Recording(context.Context, *wire.Recording) (*wire.Recorded, *os.File, error) {
	if b.recorded == nil {
		return nil, nil, errors.New("no recordings here")
	}
	return b.recorded()
}

func (b *fakeBroker) Seal(_ context.Context, m *wire.Seal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seals = append(b.seals, *m)
	if b.onSeal != nil {
		return b.onSeal(m)
	}
	return nil
}

// lastSeal is the newest; the zero one if there is none.
func (b *fakeBroker) lastSeal() (last wire.Seal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.seals {
		last = s
	}
	return last
}

func (b *fakeBroker) Record(r *wire.Record) {
	if _, err := wire.Encode(r); err != nil {
		panic(fmt.Sprintf("a record over a cap: %v: %+v", err, r))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.onRecord != nil {
		b.onRecord(r)
	}
	b.records = append(b.records, r)
	b.changed.Broadcast()
}

// attr returns an attribute of a record.
func attr(r *wire.Record, key string) string {
	for _, a := range r.Attrs {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// waitRecord returns the first record of that event that match accepts; a nil
// match accepts any.
func (b *fakeBroker) waitRecord(t testing.TB, event string, match func(*wire.Record) bool) *wire.Record {
	t.Helper()
	late := false
	timer := time.AfterFunc(10*time.Second, func() {
		b.mu.Lock()
		late = true
		b.mu.Unlock()
		b.changed.Broadcast()
	})
	defer timer.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for !late {
		for _, r := range b.records {
			if r.Event == event && (match == nil || match(r)) {
				return r
			}
		}
		b.changed.Wait()
	}
	t.Fatalf("no record %q came; there are:\n%s", event, b.text())
	return nil
}

// count is how often an event was recorded so far.
func (b *fakeBroker) count(event string) int { return len(b.recordsOf(event)) }

// recordsOf are the records of an event.
func (b *fakeBroker) recordsOf(event string) []*wire.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.records), func(r *wire.Record) bool { return r.Event != event })
}

// forget drops the records of an event, which the test has made happen.
func (b *fakeBroker) forget(event string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = slices.DeleteFunc(b.records, func(r *wire.Record) bool { return r.Event == event })
}

func (b *fakeBroker) lookups() []wire.Lookup {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

// opens returns for whom a cell was opened.
func (b *fakeBroker) opens() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	users := make([]string, 0, len(b.opened))
	for _, m := range b.opened {
		users = append(users, m.User)
	}
	return users
}

// text is all records; mu is held.
func (b *fakeBroker) text() string {
	var lines []string
	for _, r := range b.records {
		lines = append(lines, fmt.Sprintf("%+v", *r))
	}
	return strings.Join(lines, "\n")
}

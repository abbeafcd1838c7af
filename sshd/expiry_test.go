package sshd

import (
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// A grant that ends is looked up again at that time, without a reload: who logged
// in with a key that has expired is told and disconnected.
func TestAnExpiredGrantEndsTheConnection(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Until = time.Now().Add(-time.Hour) })
	c := f.dial()
	f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Reason: "the key has expired"})
	f.broker.waitRecord(t, "withdrawn", func(r *wire.Record) bool { return attr(r, "reason") == "the key has expired" })
	if err := c.Wait(); err == nil {
		t.Error("still connected")
	}
}

// One that was prolonged meanwhile stays, and so does the next date.
func TestAProlongedGrantStays(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Until = time.Now().Add(-time.Hour) })
	c := f.dial()
	before := len(f.broker.lookups())
	longer := everything()
	longer.Until = time.Now().Add(time.Hour)
	f.broker.allow("alice", f.key.PublicKey(), longer)
	f.eventually(func() bool { return len(f.broker.lookups()) > before })
	f.session(c).must("exec", text("true"))
}

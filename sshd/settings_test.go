package sshd

import (
	"net"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// What the administrator changes while the server runs holds for connections that
// come later, and for no other.
func TestSettingsAreForConnectionsToCome(t *testing.T) {
	t.Parallel()
	var cfg wire.NetConfig
	f := start(t, func(_ *fixture, c *wire.NetConfig) { c.MaxSessions = 2; cfg = *c })
	before := f.dial()
	f.session(before)
	cfg.MaxSessions, cfg.Banner, cfg.HostKeys = 1, "be welcome\n", nil
	f.server.Configure(&cfg)
	f.session(before) // the second

	banner := ""
	config := f.clientConfig("alice", f.key)
	config.BannerCallback = func(text string) error {
		banner = text
		return nil
	}
	after := f.dialWith(config)
	if banner != "be welcome\n" {
		t.Errorf("the banner is %q", banner)
	}
	f.session(after)
	if _, _, err := after.OpenChannel("session", nil); err == nil {
		t.Error("a second session was accepted")
	}
}

// Lower bounds on connections that haven't logged in hold at once.
func TestStartupsAreConfigured(t *testing.T) {
	t.Parallel()
	var cfg wire.NetConfig
	f := start(t, func(_ *fixture, c *wire.NetConfig) { cfg = *c })
	cfg.StartupsPerSource = 1
	f.server.Configure(&cfg)
	for range 2 {
		c, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	f.broker.waitRecord(t, "dropped", func(r *wire.Record) bool { return attr(r, "limit") == "max_startups_per_source" })
}

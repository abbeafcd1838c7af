package sshd

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// The server has the keys exchanged anew by volume, and by time.
func TestServerRekeys(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]setting{
		"volume": func(_ *fixture, cfg *wire.NetConfig) { cfg.RekeyLimit = 1 << 20 },
		"time":   func(_ *fixture, cfg *wire.NetConfig) { cfg.RekeyInterval = 20 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, set)
			cmd := f.stock("-v", "alice@127.0.0.1", "for i in 1 2 3 4; do head -c 2000000 /dev/zero; sleep 0.2; done")
			out, errs, status := f.run(cmd)
			if status != 0 || len(out) != 8_000_000 {
				t.Errorf("status %d, %d bytes", status, len(out))
			}
			if n := strings.Count(errs, "SSH2_MSG_NEWKEYS sent"); n < 4 {
				t.Errorf("%d key exchanges", n)
			}
		})
	}
}

// Keys are exchanged anew in the middle of a transfer in both directions, as often
// as the client likes, and no byte is lost.
func TestStockRekeying(t *testing.T) {
	t.Parallel()
	f := start(t)
	data := make([]byte, 8<<20)
	_, _ = rand.Read(data)
	for _, cipher := range []string{"aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"} {
		cmd := f.stock("-v", "-c", cipher, "-o", "RekeyLimit=1M", "alice@127.0.0.1", "cat")
		cmd.Stdin = bytes.NewReader(data)
		out, errs, status := f.run(cmd)
		if status != 0 || !bytes.Equal([]byte(out), data) {
			t.Errorf("%s: status %d, %d bytes", cipher, status, len(out))
		}
		if n := strings.Count(errs, "SSH2_MSG_NEWKEYS sent"); n < 4 {
			t.Errorf("%s: %d key exchanges", cipher, n)
		}
	}
}

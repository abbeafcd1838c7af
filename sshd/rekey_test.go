package sshd

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

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

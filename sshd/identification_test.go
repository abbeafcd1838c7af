package sshd

import (
	"io"
	"net"
	"strings"
	"testing"
)

// However the bytes come.
func TestIdentification(t *testing.T) {
	t.Parallel()
	const invalid, differ = "Invalid SSH identification string.\r\n", "Protocol major versions differ.\r\n"
	for said, want := range map[string]string{
		"SSH-2.0-OpenSSH_9.2p1\r\n": "", "SSH-1.99-x\n": "", "SSH-2.0-": "", "SSH-": "", "S": "", "": "",
		"\r\n": invalid, "SSX-2.0-x\r\n": invalid, "GET / HTTP/1.1\r\n": invalid, "ssh-2.0-x\r\n": invalid, "\x16\x03\x01": invalid,
		"SSH-1.5-x\r\n": differ, "SSH-2.1-x\r\n": differ, "SSH-3.0-x\r\n": differ, "SSH-\r\n": differ, "SSH-1.9-x": differ,
	} {
		var whole, pieces identification
		if got := whole.check([]byte(said)); got != want {
			t.Errorf("%q: %q", said, got)
		}
		got := ""
		for _, b := range []byte(said) {
			if got = pieces.check([]byte{b}); got != "" {
				break
			}
		}
		if got != want {
			t.Errorf("%q byte by byte: %q", said, got)
		}
	}
}

// Who isn't a client of SSH 2 is told so and loses the connection at once, and
// not when the login grace is over.
func TestOthersThanClientsAreHungUpOn(t *testing.T) {
	t.Parallel()
	f := start(t)
	for said, want := range map[string]string{
		"GET / HTTP/1.0\r\n\r\n": "Invalid SSH identification string.\r\n",
		"SSH-1.5-old\r\n":        "Protocol major versions differ.\r\n",
	} {
		c, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, said); err != nil {
			t.Fatal(err)
		}
		all, _ := io.ReadAll(c) // to a reset, since not all was read of what was said
		if _, words, _ := strings.Cut(string(all), "\r\n"); words != want {
			t.Errorf("%q: %q", said, all)
		}
	}
}

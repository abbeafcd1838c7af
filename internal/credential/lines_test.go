package credential

import (
	"fmt"
	"testing"
)

// What follows the start of a private key is never seen.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, start := range []string{
		"", "-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "\ufeff-----BEGIN PRIVATE KEY-----",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", "PuTTY-User-Key-File-2: ssh-rsa",
	} {
		got, want := "", "2 a b\n5 "+start+"\n"
		for n, line := range Lines([]byte("# x\n\ta b\r\n\n \n" + start + "\nsecret")) {
			got += fmt.Sprintln(n, line)
		}
		if start == "" {
			want = "2 a b\n6 secret\n"
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

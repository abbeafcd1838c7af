package totp

import "testing"

func TestURI(t *testing.T) {
	t.Parallel()
	got := URI("shell.example.org", "alice", Secret("12345678901234567890"))
	const want = "otpauth://totp/shell.example.org:alice?issuer=shell.example.org&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got != want {
		t.Errorf("got %s", got)
	}
}

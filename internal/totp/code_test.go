package totp

import (
	"testing"
	"time"
)

// RFC 6238, appendix B, SHA-1; of the eight digits the last six.
func TestCodesOfTheRFC(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := codeOf(secret, stepOf(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, not %s", at, got, want)
		}
	}
}

// One step back and forth is good, two aren't, and the step that is found is the
// code's own.
func TestWindow(t *testing.T) {
	t.Parallel()
	secret := NewSecret()
	now := time.Unix(1_900_000_000, 0)
	for off := int64(-3); off <= 3; off++ {
		step := stepOf(now) + off
		got, ok := match(secret, codeOf(secret, step), now)
		if want := off >= -1 && off <= 1; ok != want || ok && got != step {
			t.Errorf("%+d steps: %t, step %d instead of %d", off, ok, got, step)
		}
	}
	for _, bad := range []string{"", "0", "000000000000", codeOf(secret, stepOf(now)) + "0", "-" + codeOf(secret, stepOf(now))[1:], "\x00\x00\x00\x00\x00\x00"} {
		if _, ok := match(secret, bad, now); ok {
			t.Errorf("%q is good", bad)
		}
	}
	code := codeOf(secret, stepOf(now))
	if _, ok := match(secret, code[:3]+" "+code[3:]+" ", now); !ok {
		t.Error("the code as apps show it isn't good")
	}
}

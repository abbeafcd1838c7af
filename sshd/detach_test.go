package sshd

import "testing"

func TestDetachKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed  []string
		want   string
		detach bool
	}{
		{[]string{"abc"}, "abc", false},
		{[]string{"ab\x1cdef"}, "ab", true},
		{[]string{"ab\x1c", "d"}, "ab", true},
		{[]string{"\x1c\x1c"}, "\x1c", false},
		{[]string{"\x1c", "\x1c", "d"}, "\x1cd", false},
		{[]string{"\x1cx", "d"}, "\x1cxd", false},
		{[]string{"\x1c"}, "", false},
		{[]string{"", "\x1c", "", "\x0e"}, "\x1c\x0e", false},
	} {
		var k detachKeys
		got, detach := "", false
		for _, typed := range c.typed {
			rest, over := k.next([]byte(typed))
			got, detach = got+string(rest), over
		}
		if got != c.want || detach != c.detach {
			t.Errorf("%q: %q %v", c.typed, got, detach)
		}
	}
}

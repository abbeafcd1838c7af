package pid1

import (
	"slices"
	"strings"
	"testing"
)

func TestTheJailsOwnNamesWin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		client, fixed []string
		tty           string
		want          string
	}{
		{nil, nil, "", "LANG=C.UTF-8"},
		{[]string{"LANG=de_DE.UTF-8", "A=1"}, nil, "", "A=1 LANG=de_DE.UTF-8"},
		{[]string{"HOME=/x", "A=1"}, []string{"HOME=/home/alice", "A=2"}, "", "A=2 HOME=/home/alice LANG=C.UTF-8"},
		{[]string{"SSH_TTY=/dev/pts/9"}, nil, "/dev/pts/0", "LANG=C.UTF-8 SSH_TTY=/dev/pts/0"},
		{[]string{"no value", "=x", ""}, []string{"B="}, "", "B= LANG=C.UTF-8"},
		{[]string{"A=1", "A=2"}, nil, "", "A=2 LANG=C.UTF-8"},
	} {
		got := environment(c.client, c.fixed, c.tty)
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q %q: %q, want %q", c.client, c.fixed, got, c.want)
		}
	}
}

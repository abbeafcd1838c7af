package sshd

import (
	"strings"
	"testing"
)

// The exit status, and the three streams, of a command.
func TestStockCommand(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("alice@127.0.0.1", "cat; echo oops >&2; exit 7")
	cmd.Stdin = strings.NewReader("hello\n")
	out, errs, status := f.run(cmd)
	if out != "hello\n" || errs != "oops\n" || status != 7 {
		t.Errorf("got %q, %q, %d", out, errs, status)
	}
}

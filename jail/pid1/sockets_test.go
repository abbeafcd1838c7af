package pid1

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// variable is the value of a variable.
func (k *sockets) variable(name string) string {
	for _, e := range k.env {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// Each session has its own, they are the user's alone, and nothing is left of them.
func TestSocketsOfASession(t *testing.T) {
	t.Parallel()
	x := &wire.X11{Protocol: "MIT-MAGIC-COOKIE-1", Cookie: []byte{0, 1, 0xff}, Screen: 3}
	var all []*sockets
	for range 2 {
		k, err := prepareSockets(&wire.Spawn{Agent: true, X11: x, Words: true})
		if err != nil {
			t.Fatal(err)
		}
		defer closeAll(k.files())
		defer k.remove()
		all = append(all, k)
	}
	first, second := all[0], all[1]
	if first.folder == second.folder || first.display == second.display || len(first.files()) != 3 {
		t.Fatalf("%+v and %+v", first, second)
	}
	for name, mode := range map[string]os.FileMode{
		first.folder: os.ModeDir | 0o700, first.variable("SSH_AUTH_SOCK"): os.ModeSocket | 0o600,
		first.display: os.ModeSocket | 0o600, first.variable("XAUTHORITY"): 0o600,
		first.variable(wire.WordsVariable): os.ModeSocket | 0o600,
	} {
		if info, err := os.Lstat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	number := strings.TrimPrefix(filepath.Base(first.display), "X")
	if got := first.variable("DISPLAY"); got != ":"+number+".3" {
		t.Errorf("DISPLAY is %s for %s", got, first.display)
	}
	file, err := os.ReadFile(first.variable("XAUTHORITY"))
	want := fmt.Sprintf("\xff\xff\x00\x00\x00%c%s\x00\x12MIT-MAGIC-COOKIE-1\x00\x03\x00\x01\xff", len(number), number)
	if err != nil || string(file) != want {
		t.Errorf("the file is %q, want %q", file, want)
	}
	closeAll(first.files())
	first.remove()
	for _, name := range []string{first.folder, first.display} {
		if _, err := os.Lstat(name); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	if _, err := os.Lstat(second.display); err != nil {
		t.Error(err)
	}
}

func TestNoSocketsForWhoAsksForNone(t *testing.T) {
	t.Parallel()
	k, err := prepareSockets(&wire.Spawn{})
	if err != nil || k.folder != "" || len(k.env) > 0 || len(k.files()) > 0 {
		t.Errorf("%+v %v", k, err)
	}
	k.remove()
}

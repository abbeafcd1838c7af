package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/strict"
)

// set writes a setting of a made-up /proc.
func set(t *testing.T, proc, name, value string) {
	t.Helper()
	path := filepath.Join(proc, "sys", strings.ReplaceAll(name, ".", "/"))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// only fails unless there is exactly one finding, with the words, or none for "".
func only(t *testing.T, found strict.Problems, wants string) {
	t.Helper()
	switch {
	case wants == "" && len(found) > 0:
		t.Errorf("found: %v", found)
	case wants != "" && (len(found) != 1 || !strings.Contains(found.Error(), wants)):
		t.Errorf("found: %v; wanted only %q", found, wants)
	}
}

func TestSettingsOfTheKernel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, setting, value, wants string }{
		{"good", "kernel.dmesg_restrict", "1", ""},
		{"better", "kernel.yama.ptrace_scope", "2", ""},
		{"dmesg", "kernel.dmesg_restrict", "0", "kernel.dmesg_restrict: is 0: everybody may read"},
		{"fix", "fs.protected_symlinks", "0", " - run: sysctl -w fs.protected_symlinks=1; and write it into /etc/sysctl.d/60-jailsh.conf"},
		{"tiocsti", "dev.tty.legacy_tiocsti", "1", " - run: sysctl -w dev.tty.legacy_tiocsti=0"},
		{"no tiocsti", "dev.tty.legacy_tiocsti", "0", ""},
		{"no number", "kernel.dmesg_restrict", "many", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			k := kernel{proc: t.TempDir(), landlock: func() int { return 6 }}
			set(t, k.proc, test.setting, test.value)
			r := &Report{}
			k.advice(r)
			only(t, r.Advice, test.wants)
			only(t, r.Problems, "")
		})
	}
	r := &Report{}
	kernel{proc: t.TempDir(), landlock: func() int { return 0 }}.advice(r)
	only(t, r.Advice, "a second wall behind read-only mounts - boot Linux 5.19 or newer")
	r = &Report{}
	kernel{proc: t.TempDir(), landlock: func() int { return 2 }}.advice(r) // Debian 12
	only(t, r.Advice, "out of reach with network = \"host\" - boot Linux 6.12 or newer")
}

func TestRoomForNamespaces(t *testing.T) {
	t.Parallel()
	k := kernel{proc: newProc(t)}
	set(t, k.proc, "user.max_net_namespaces", "100")
	for users, wants := range map[int]string{84: "", 85: "user.max_net_namespaces: is 100: fewer jails than the 85 users"} {
		r := &Report{}
		k.room(users, r)
		only(t, r.Advice, wants)
	}
}

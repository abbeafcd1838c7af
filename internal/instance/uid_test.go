package instance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/users"
)

// bob was removed, and his home is still there: it must not become eve's, and
// must be his again if he comes back.
func TestAUIDThatOwnsAHomeIsntGivenToSomebodyElse(t *testing.T) {
	t.Parallel()
	homes := t.TempDir()
	home := filepath.Join(homes, "bob")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, 20002, 20002); err != nil {
		t.Fatal(err)
	}
	table, err := users.Parse("users.toml", []byte("[user.alice]\nuid = 20001\n"), users.Base{Homes: homes})
	if err != nil {
		t.Fatal(err)
	}
	i := &Instance{Config: &config.Config{Homes: homes}, Users: table}
	for name, want := range map[string]uint32{"eve": 20003, "bob": 20002} {
		if got := i.NextUID(name); got != want {
			t.Errorf("%s gets %d, want %d", name, got, want)
		}
	}
	if err := os.Chown(home, 20001, 20001); err != nil { // alice's by now
		t.Fatal(err)
	}
	if got := i.NextUID("bob"); got != 20002 {
		t.Errorf("bob gets %d", got)
	}
}

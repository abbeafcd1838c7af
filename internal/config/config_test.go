package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/strict/fixture"
	"github.com/jailsh/jailsh/internal/wire"
)

func TestMain(m *testing.M) {
	fixture.Flag()
	os.Exit(m.Run())
}

// The whole file: what it says, without the defaults, or all that is wrong.
func TestParse(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/*.txt", func(t *testing.T, input string) string {
		c, err := Parse("jailsh.toml", "/nowhere/jailsh.toml", []byte(input))
		if err != nil {
			return err.Error()
		}
		var got, want map[string]any
		remarshal(t, c, &got)
		remarshal(t, defaults("/nowhere"), &want)
		out := ""
		for _, key := range fieldNames(t, c) {
			if key != "File" && mustJSON(t, got[key]) != mustJSON(t, want[key]) {
				out += key + " " + mustJSON(t, got[key]) + "\n"
			}
		}
		return out
	})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func remarshal(t *testing.T, from, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(mustJSON(t, from)), to); err != nil {
		t.Fatal(err)
	}
}

// fieldNames returns the fields of c in their order.
func fieldNames(t *testing.T, c *Config) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(mustJSON(t, c)))
	var names []string
	depth := 0
	key := false
	for d.More() || depth > 0 {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
			key = depth == 1
		case json.Delim('}'), json.Delim(']'):
			depth--
			key = depth == 1
		default:
			if depth == 1 && key {
				names = append(names, token.(string))
			}
			key = depth == 1 && !key
		}
		if depth == 0 {
			break
		}
	}
	return names
}

// Paths count from the folder of the file, without the symbolic links in it.
func TestLoadResolvesItsFolder(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "jailsh.toml"), []byte("logs = \"../logs\"\nusers = \"/etc/users\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	c, err := Load(filepath.Join(link, "jailsh.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.File != filepath.Join(dir, "jailsh.toml") || c.Homes != filepath.Join(dir, "homes") ||
		c.Logs != filepath.Join(filepath.Dir(dir), "logs") || c.Users != "/etc/users" || c.HostKeys[0] != filepath.Join(dir, "host_ed25519_key") {
		t.Errorf("%+v", c)
	}
}

func TestLoadRefusesAFileOfOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jailsh.toml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path)
	var p *strict.Problem
	if !errors.As(err, &p) || p.Fix != "run: chmod go-w "+path {
		t.Errorf("%v", err)
	}
}

// A Config with problems is there all the same: what it says about users.toml
// lets that be checked too.
func TestLoadGivesWhatItUnderstood(t *testing.T) {
	t.Parallel()
	c, err := Parse("jailsh.toml", "/nowhere/jailsh.toml", []byte("users = \"other.toml\"\nlisten = 5\n"))
	if err == nil || c == nil || c.Users != "/nowhere/other.toml" || c.Listen[0] != "127.0.0.1:2222" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Whatever is in range fits into the message to jailsh-net.
func TestFitsTheWire(t *testing.T) {
	t.Parallel()
	c, err := Parse("jailsh.toml", "/nowhere/jailsh.toml", []byte("banner = \""+strings.Repeat("x", wire.MaxBanner)+"\"\nmax_startups = \"100000:100:100000\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.Encode(&wire.NetConfig{Banner: c.Banner, StartupsFull: uint32(c.MaxStartups.Full)}); err != nil {
		t.Error(err)
	}
}

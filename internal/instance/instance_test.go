package instance

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/egress"
	"github.com/jailsh/jailsh/jail/rootfs"
	"github.com/jailsh/jailsh/jail/template"
)

// folder makes an instance's folder from the two files.
func folder(t *testing.T, server, table string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "jailsh.toml"), []byte(server), 0o644)
	if table != "" {
		write(t, filepath.Join(dir, "users.toml"), []byte(table), 0o600)
	}
	return dir
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := folder(t, "net_uid = 40000\n", "[user.alice]\nuid = 20001\n[user.bob]\nuid = 20002\nhome = \"/srv/elsewhere/bob\"\n")
	i, err := Load(filepath.Join(dir, "jailsh.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"alice": filepath.Join(dir, "homes/alice"), "bob": "/srv/elsewhere/bob"} {
		u, ok := i.Users.User(name)
		if !ok {
			t.Fatalf("no user %s", name)
		}
		if got := i.Home(u); got != want {
			t.Errorf("home of %s: %s, want %s", name, got, want)
		}
	}
}

// What is wrong with one file doesn't hide what is wrong with the other.
func TestLoadNamesTheProblemsOfBothFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, server, table string
		wants               []string // beginnings of the lines, in order
	}{
		{"both", "net_uid = 0\nnonsense = 1\n", "[user.alice]\nuid = 0\n\n[user.bob]\n", []string{
			"jailsh.toml:1: net_uid: ", "jailsh.toml:2: nonsense: ", "users.toml:2: user.alice.uid: ", "users.toml:4: user.bob",
		}},
		{"no users.toml", "nonsense = 1\n", "", []string{"jailsh.toml:1: nonsense: ", "users.toml: "}},
		{"no toml", "[", "]", []string{"jailsh.toml:1: ", "users.toml:1: "}},
		{"uid of jailsh-net", "net_uid = 40000\n", "[user.alice]\nuid = 40000\n", []string{"users.toml:2: user.alice.uid: 40000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, test.server, test.table)
			_, err := Load(filepath.Join(dir, "jailsh.toml"))
			if err == nil {
				t.Fatal("accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.wants) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(test.wants), err)
			}
			for n, want := range test.wants {
				if !strings.HasPrefix(strings.TrimPrefix(lines[n], dir+"/"), want) {
					t.Errorf("problem %d: %s\nwant %s...", n, lines[n], want)
				}
			}
			if len(Problems(err)) != len(lines) {
				t.Errorf("Problems finds %d of %d", len(Problems(err)), len(lines))
			}
		})
	}
}

func TestLoadMissing(t *testing.T) {
	t.Parallel()
	if _, err := Load(filepath.Join(t.TempDir(), "jailsh.toml")); err == nil || len(Problems(err)) != 1 {
		t.Errorf("error: %v", err)
	}
}

// Everything that a user's table says reaches the jail: a field that Account
// forgets would be a setting that is accepted and ignored.
func TestAccount(t *testing.T) {
	t.Parallel()
	dir := folder(t, `egress_dns = ["192.0.2.53"]
egress_addresses = ["100.64.0.0/16", "fd00::/112"]
`, `
[user.alice]
uid = 20001
gid = 20100
groups = { staff = 30000 }
shell = "/bin/bash"
home = "/srv/homes/alice"
hostname = "lab"
umask = "027"
env = { EDITOR = "vi" }
mounts = [{ source = "/srv/a", target = "/a" }, { source = "/srv/b", target = "/b", mode = "rw", optional = true }]
network = "private"
linger = "1h"
limits = { memory = "512M", swap = "1M", processes = 128, cpu = 0.5, file_size = "1G", cpu_time = "1m", tmp = "64M", home = "2G" }
kill_on_logout = true
allow = { share = true }

[user.bob]
uid = 20002
network = "host"
template = "fancy"
limits.memory = "10%"
`)
	i, err := Load(filepath.Join(dir, "jailsh.toml"))
	if err != nil {
		t.Fatal(err)
	}
	alice, _ := i.Users.User("alice")
	if _, err := i.Account(alice); err == nil || !strings.Contains(err.Error(), "run: jailsh template build basic") {
		t.Errorf("without a template: %v", err)
	}
	profiles := fstest.MapFS{"fancy.toml": {Data: []byte("summary = \"bash\"\n[package.bash]\ncommands = [\"bash\"]\n")}}
	built := map[string]jail.Template{}
	for _, name := range []string{"basic", "fancy"} {
		info, err := template.Build(context.Background(), template.Options{
			Dir: i.Config.Templates, Name: name, Profiles: profiles, Profile: []string{"fancy"},
		})
		if err != nil {
			t.Fatal(err)
		}
		built[name] = jail.Template{Name: name, Build: info.Build, Tree: rootfs.Dir(info.Root)}
	}
	got, err := i.Account(alice)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := jail.Account{
		Name: "alice", UID: 20001, GID: 20100, Groups: []wire.Group{{Name: "staff", GID: 30000}},
		Home: "/srv/homes/alice", HomeLimit: 2 << 30, Shell: "/bin/bash", Hostname: "lab", Umask: 0o027, Env: []string{"EDITOR=vi"},
		Mounts: []jail.Bind{
			{Source: "/srv/a", Target: "/a"},
			{Source: "/srv/b", Target: "/b", Writable: true, Optional: true},
		},
		Network: wire.NetworkPrivate, Resolver: egress.Resolver{Servers: []netip.Addr{netip.MustParseAddr("192.0.2.53")}, IPv6: true}, Linger: time.Hour, KillOnLogout: true, AttachTTL: 24 * time.Hour, Template: built["basic"],
		Limits: wire.Limits{
			Memory: 512 << 20, Swap: 1 << 20, Processes: 128, CPU: 500, OpenFiles: 4096, FileSize: 1 << 30, CPUTime: time.Minute,
		},
		Tmp: 64 << 20, Applet: filepath.Join(filepath.Dir(own), "jailsh-applet"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for n, v := 0, reflect.ValueOf(want); n < v.NumField(); n++ {
		if v.Field(n).IsZero() {
			t.Errorf("the test says nothing about %s", v.Type().Field(n).Name)
		}
	}
	bob, _ := i.Users.User("bob")
	got, err = i.Account(bob)
	if err != nil || got.Network != wire.NetworkHost || !reflect.DeepEqual(got.Template, built["fancy"]) || got.Home != filepath.Join(dir, "homes/bob") {
		t.Errorf("bob: %+v, %v", got, err)
	}
	if part := got.Limits.Memory; part <= 0 || part > hostMemory()/10 || part < hostMemory()/11 {
		t.Errorf("10%% of the host's memory, which has %d: %d", hostMemory(), part)
	}
}

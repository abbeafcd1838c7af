package template

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// hostOptions build a template h of kind Host from a host of the given tree.
func hostOptions(t *testing.T, host tree) Options {
	t.Helper()
	return Options{
		Dir: filepath.Join(t.TempDir(), "templates"), Name: "h", Kind: Host,
		Profiles: fstest.MapFS{"host.toml": {Data: []byte(`
package.a.optional_paths = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/ssl"]
file."/etc/motd".content = "hello\n"
`)}},
		host: host.on(t, t.TempDir()),
	}
}

// TestHostKind: the programs are the host's, /etc is the template's, and nothing
// else of the host is there.
func TestHostKind(t *testing.T) {
	t.Parallel()
	o := hostOptions(t, mergedUsr().with(tree{
		"etc/shadow": "secret", "etc/motd": "the host's", "opt/app/bin/x": "#", "srv/x": "", "lib32/": "",
		"usr/bin/vi": "-> /etc/alternatives/vi", "etc/alternatives/vi": "-> /usr/bin/vim", "usr/bin/vim": "#",
		"etc/alternatives/x": "-> /opt/app/bin/x", "etc/alternatives/gone": "-> /usr/bin/gone",
		"etc/ssl/certs/a.pem": "-> /usr/share/a.crt", "usr/share/a.crt": "A", "etc/ssl/old": "-> ../shadow",
	}))
	if err := os.Chmod(o.host.On("/etc/shadow"), 0o640); err != nil {
		t.Fatal(err)
	}
	info := mustBuild(t, o)
	opened, err := Open(o.Dir, "h")
	if err != nil || opened.Kind != Host {
		t.Fatal(opened, err)
	}
	top, err := opened.Tree().Top()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range top {
		names = append(names, strings.TrimSuffix(e.Name+" "+e.Link, " "))
	}
	want := []string{"bin usr/bin", "etc", "lib usr/lib", "lib32", "lib64 usr/lib64", "sbin usr/sbin", "usr", "var"}
	if !slices.Equal(names, want) {
		t.Errorf("at the top are %q, want %q", names, want)
	}
	for p, want := range map[string]string{"/bin/vi": "/usr/bin/vim", "/etc/ssl/certs/a.pem": "/usr/share/a.crt", "/etc/motd": "/etc/motd"} {
		if real, _, err := opened.Tree().Resolve(p); real != want {
			t.Errorf("%s is %q, %v; want %q", p, real, err, want)
		}
	}
	for _, p := range []string{"/opt", "/srv", "/etc/shadow", "/etc/alternatives/x", "/etc/alternatives/gone"} {
		if real, _, err := opened.Tree().Resolve(p); err == nil {
			t.Errorf("%s is %s", p, real)
		}
	}
	if motd, err := os.ReadFile(opened.Tree().On("/etc/motd")); string(motd) != "hello\n" {
		t.Errorf("%q, %v", motd, err)
	}
	// An upgrade of the host is there at once.
	if err := os.WriteFile(o.host.On("/usr/bin/new"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Tree().Lstat("/usr/bin/new"); err != nil {
		t.Error(err)
	}
	// The next build is of the same kind without being told.
	o.Kind = ""
	if again := mustBuild(t, o); again.Kind != Host || again.ID == info.ID || again.Files != info.Files {
		t.Errorf("%+v after %+v", again, info)
	}
	o.Kind, o.host = Host, rootfs.Dir(t.TempDir())
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "/usr: no such file") {
		t.Errorf("without /usr: %v", err)
	}
}

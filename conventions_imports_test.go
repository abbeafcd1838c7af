package jailsh

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ban says that no package of from may import one of to, not even through
// others. A pattern is a path in the project, or of another module or the
// standard library; with /... it stands for what is below as well.
type ban struct {
	from, to []string
	why      string
}

func bans() []ban {
	return []ban{
		{
			[]string{"sshd/...", "web/...", "share/..."},
			[]string{"jail/...", "users", "internal/config", "internal/instance", "internal/totp"},
			"what reads the network can name a user and never describe a jail: it has internal/wire to ask with",
		},
		{
			[]string{"sshd/...", "share/...", "cmd/jailsh-net"},
			[]string{"internal/recordings"},
			"what reads the network writes to files that it is given, and names none",
		},
		{
			[]string{"cmd/jailsh-net"},
			[]string{"users", "internal/config", "internal/instance", "internal/totp", "jail", "jail/build", "jail/pid1", "jail/template", "github.com/BurntSushi/toml", "os/exec"},
			"jailsh-net lives in an empty root: there is nothing to read or to start, and nothing of it is there to be turned against the host",
		},
		{
			[]string{"jail/...", "cmd/jailsh-init"},
			[]string{"net/http", "golang.org/x/crypto/ssh/...", "github.com/gliderlabs/ssh", "sshd/...", "web/...", "share/...", "users", "internal/config"},
			"root code that builds jails parses nothing that comes from the network, nor any config",
		},
		{
			[]string{"cmd/jailsh-init"},
			[]string{"net", "os/exec", "os/user", "log/slog", "jail", "jail/template"},
			"there is a PID 1 in each jail: it starts in a millisecond and takes little memory because it is small; and os/exec waits for children that PID 1 reaps itself",
		},
		{
			[]string{"sftp/..."},
			[]string{"net", "os/exec", "os/user", "log/slog", "jail/...", "sshd/...", "users"},
			"it starts for each sftp session, and is all that an account for files has: it serves files, knows nothing of the host, and starts nothing",
		},
		{
			[]string{"cmd/jailshd"},
			[]string{"sftp", "sshd/...", "web/...", "share/...", "github.com/gliderlabs/ssh", "net/http"},
			"jailshd is root and never parses what comes from the network, nor serves files",
		},
		{
			[]string{"cmd/jailshd", "cmd/jailsh-net", "cmd/jailsh-init", "cmd/jailsh-probe", "sshd/...", "jail/...", "users", "internal/..."},
			[]string{"rsc.io/qr/..."},
			"a picture for an administrator's terminal is drawn by her command",
		},
		{
			[]string{"share/..."},
			[]string{"sshd/...", "web/..."},
			"a shared terminal is the same over ssh and in a browser",
		},
		{
			[]string{"share/screen"},
			[]string{"./..."},
			"a terminal's screen is what a program writes and nothing else: whoever shows one can be built on it",
		},
		{
			[]string{"users", "internal/config", "internal/strict", "internal/revoked", "internal/credential"},
			[]string{"jail/...", "sshd/...", "web/...", "share/...", "internal/instance"},
			"the table says who may do what; it doesn't do it",
		},
		{
			[]string{"./..."},
			[]string{"cmd/..."},
			"a program is the top: nothing can be built on it",
		},
	}
}

// only says that packages may import, beyond the standard library and the
// project's own, nothing but these.
type only struct {
	from, allowed []string
	why           string
}

func onlys() []only {
	const small = "root code and PID 1: each library is one more thing that could be subverted and would have all rights"
	return []only{
		{[]string{"jail", "jail/build", "jail/identity", "jail/disposition", "jail/pid1", "jail/quota", "cmd/jailsh-init", "sftp", "sftp/options", "internal/wire", "internal/cell", "internal/nonblock", "internal/thread", "internal/mountinfo", "internal/seccomp", "internal/landlock", "internal/netlink", "jail/egress", "jail/cgroup", "internal/totp"}, []string{"golang.org/x/sys/unix"}, small},
		{[]string{"jail/template"}, []string{"golang.org/x/sys/unix", "github.com/BurntSushi/toml/..."}, small},
		{[]string{"internal/cast"}, nil, "it reads recordings of whatever programs write"},
		{[]string{"internal/seal", "internal/recordings"}, []string{"golang.org/x/sys/unix", "golang.org/x/crypto/..."}, small},
		{[]string{"share/screen"}, []string{"github.com/clipperhouse/displaywidth/...", "github.com/clipperhouse/uax29/..."}, "it reads what any program writes, for anybody to see"},
		{[]string{"users", "internal/revoked"}, []string{"golang.org/x/sys/unix", "github.com/BurntSushi/toml/...", "golang.org/x/crypto/..."}, "the table is read by root"},
	}
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	for _, b := range bans() {
		for _, path := range slices.Sorted(maps.Keys(packages)) {
			if !matchesAny(path, b.from) {
				continue
			}
			if chain := reaches(packages, path, b.to); chain != nil {
				t.Errorf("%s\n  is forbidden: %s", strings.Join(chain, "\n  -> "), b.why)
			}
		}
	}
}

func TestFewDependencies(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	for _, o := range onlys() {
		var bad []string
		for path, p := range packages {
			own := path == module || strings.HasPrefix(path, module+"/")
			if !p.Standard && !own && !matchesAny(path, o.allowed) {
				bad = append(bad, path)
			}
		}
		for _, path := range slices.Sorted(maps.Keys(packages)) {
			if !matchesAny(path, o.from) {
				continue
			}
			if chain := reaches(packages, path, bad); chain != nil {
				t.Errorf("%s\n  is not among %v: %s", strings.Join(chain, "\n  -> "), o.allowed, o.why)
			}
		}
	}
}

func TestWireStandsAlone(t *testing.T) {
	t.Parallel()
	for _, path := range listPackages(t)[module+"/internal/wire"].Imports {
		// nonblock is system calls, and knows nothing of the project.
		if strings.HasPrefix(path, module) && path != module+"/internal/nonblock" {
			t.Errorf("internal/wire imports %s: everything is built on the contract, so it can be built on nothing", path)
		}
	}
}

func TestGliderlabsIsBehindOneFile(t *testing.T) {
	t.Parallel()
	_, all := sources(t)
	for _, s := range all {
		for _, spec := range s.syntax.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if path == "github.com/gliderlabs/ssh" && s.path != "sshd/conn.go" {
				t.Errorf("%s imports gliderlabs/ssh: of its 15 traps sshd/conn.go alone has to know", s.path)
			}
		}
	}
}

// The checks above find nothing in a good tree, so they are tried on a bad one.
func TestBansAreSeenThroughOthers(t *testing.T) {
	t.Parallel()
	bad := map[string]listed{
		module + "/sshd":           {ImportPath: module + "/sshd", Imports: []string{module + "/internal/x"}},
		module + "/internal/x":     {ImportPath: module + "/internal/x", Imports: []string{module + "/jail/build"}},
		module + "/jail/build":     {ImportPath: module + "/jail/build"},
		module + "/jailer":         {ImportPath: module + "/jailer"},
		module + "/internal/other": {ImportPath: module + "/internal/other", Imports: []string{module + "/jailer"}},
	}
	want := []string{module + "/sshd", module + "/internal/x", module + "/jail/build"}
	if got := reaches(bad, module+"/sshd", []string{"jail/..."}); !slices.Equal(got, want) {
		t.Errorf("reaches = %v, want %v", got, want)
	}
	if got := reaches(bad, module+"/internal/other", []string{"jail/..."}); got != nil {
		t.Errorf("reaches = %v, want nothing: jailer is not below jail", got)
	}
}

// reaches returns the shortest chain of imports from a package to one that
// matches, or nil.
func reaches(packages map[string]listed, from string, to []string) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range packages[queue[0]].Imports {
			if _, seen := before[next]; seen {
				continue
			}
			before[next] = queue[0]
			if !matchesAny(next, to) {
				queue = append(queue, next)
				continue
			}
			var chain []string
			for path := next; path != ""; path = before[path] {
				chain = append(chain, path)
			}
			slices.Reverse(chain)
			return chain
		}
	}
	return nil
}

func matchesAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(path, pattern) })
}

func matches(path, pattern string) bool {
	own, ours := strings.CutPrefix(path, module+"/")
	if pattern == "./..." {
		return ours
	}
	base, below := strings.CutSuffix(pattern, "/...")
	for _, p := range []string{path, own} {
		if p == base || below && strings.HasPrefix(p, base+"/") {
			return true
		}
	}
	return false
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{module + "/jail", "jail", true},
		{module + "/jail/build", "jail", false},
		{module + "/jail/build", "jail/...", true},
		{module + "/jailer", "jail/...", false},
		{"net", "net", true},
		{"net/http", "net", false},
		{"golang.org/x/crypto/ssh", "golang.org/x/crypto/...", true},
		{"fmt", "./...", false},
	} {
		t.Run(fmt.Sprintf("%s %s", c.path, c.pattern), func(t *testing.T) {
			if got := matches(c.path, c.pattern); got != c.want {
				t.Errorf("matches = %v", got)
			}
		})
	}
}

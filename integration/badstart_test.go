package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is wrong before anybody could log in ends jailshd at once, with status 1
// and all that has to be mended.
func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, i *instance) []string // returns who runs jailshd instead of root
		want   []string                                 // in one line; {dir} and the like are replaced
	}{
		"no config": {func(t *testing.T, i *instance) []string {
			remove(t, i.file)
			return nil
		}, []string{"{dir}/jailsh.toml: doesn't exist - ", "run: jailsh init"}},
		"a folder as config": {func(t *testing.T, i *instance) []string {
			remove(t, i.file)
			return mkdir(t, i.file)
		}, []string{"{dir}/jailsh.toml: is not a regular file - put the file itself there"}},
		"a link to nowhere as config": {func(t *testing.T, i *instance) []string {
			remove(t, i.file)
			return symlink(t, i.path("nowhere"), i.file)
		}, []string{"{dir}/jailsh.toml: doesn't exist - "}},
		"a config that others can write": {func(t *testing.T, i *instance) []string {
			return chmod(t, i.file, 0o664)
		}, []string{"{dir}/jailsh.toml: is writable by others (mode 0664) - run: chmod go-w {dir}/jailsh.toml"}},
		"a config of somebody else": {func(t *testing.T, i *instance) []string {
			return chown(t, i.file, 65534)
		}, []string{"{dir}/jailsh.toml: belongs to uid 65534, who could change it at any time - run: chown 0 {dir}/jailsh.toml"}},
		"a folder that others can write": {func(t *testing.T, i *instance) []string {
			return chmod(t, i.dir, 0o777)
		}, []string{"{dir}: is writable by others (mode 0777) - run: chmod go-w {dir}"}},
		"no users": {func(t *testing.T, i *instance) []string {
			remove(t, filepath.Join(i.dir, "users.toml"))
			return nil
		}, []string{"{dir}/users.toml: doesn't exist - "}},
		"uid 0": {func(_ *testing.T, i *instance) []string {
			i.person("bob").uid = 0
			i.writeUsers()
			return nil
		}, []string{"{dir}/users.toml:7: user.bob.uid: 0 can't be a user's: it is root's - choose another"}},
		"a system's uid": {func(_ *testing.T, i *instance) []string {
			i.person("bob").uid = 33
			i.writeUsers()
			return nil
		}, []string{"{dir}/users.toml:7: user.bob.uid: 33 can't be a user's: uids below 1000 are system accounts - choose another"}},
		"jailsh-net's uid": {func(_ *testing.T, i *instance) []string {
			i.person("bob").uid = i.netUID
			i.writeUsers()
			return nil
		}, []string{"{dir}/users.toml:7: user.bob.uid: {net} can't be a user's: jailsh-net runs as it"}},
		"a uid twice": {func(_ *testing.T, i *instance) []string {
			i.person("bob").uid = i.person("alice").uid
			i.writeUsers()
			return nil
		}, []string{"{dir}/users.toml:7: user.bob.uid: {alice} is the uid of alice already, line 3 - give each user a uid of her own"}},
		"a uid of the host": {func(t *testing.T, i *instance) []string {
			passwd, err := os.ReadFile("/etc/passwd")
			if err != nil {
				t.Fatal(err)
			}
			i.write("passwd", fmt.Sprintf("%scharlie:x:%d:100::/:/bin/sh\n", passwd, i.person("bob").uid))
			return []string{"unshare", "--mount", "sh", "-c", `mount --bind "$1" /etc/passwd; shift; exec "$@"`, "sh", filepath.Join(i.dir, "passwd")}
		}, []string{"{dir}/users.toml:7: user.bob.uid: {bob} is taken on the host, by charlie", " - choose another uid"}},
		"what isn't supported yet": {func(_ *testing.T, i *instance) []string {
			i.person("bob").table = `allow = { web = true }`
			i.writeUsers()
			return nil
		}, []string{"{dir}/users.toml:9: user.bob.allow.web: ", "not supported yet"}},
		"not root": {func(t *testing.T, i *instance) []string {
			return []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
		}, []string{"jailshd: must run as root", " - use sudo"}},
		"no host key": {func(t *testing.T, i *instance) []string {
			remove(t, i.hostKeyFile())
			return nil
		}, []string{"{dir}/host_ed25519_key: doesn't exist - make one with: ssh-keygen"}},
		"a host key that others can read": {func(t *testing.T, i *instance) []string {
			return chmod(t, i.hostKeyFile(), 0o644)
		}, []string{"{dir}/host_ed25519_key: may be read by others (mode 0644)", " - run: chmod 600 {dir}/host_ed25519_key"}},
		"a host key of somebody else": {func(t *testing.T, i *instance) []string {
			return chown(t, i.hostKeyFile(), 65534)
		}, []string{"{dir}/host_ed25519_key: belongs to somebody else", " - run: chown 0 {dir}/host_ed25519_key"}},
		"a host key that is none": {func(t *testing.T, i *instance) []string {
			i.write("host_ed25519_key", "hello\n")
			return nil
		}, []string{"{dir}/host_ed25519_key: is no private key that could be read: ", "ssh-keygen"}},
		"an address that isn't here": {func(_ *testing.T, i *instance) []string {
			i.listen = "192.0.2.1:22"
			i.writeServer()
			return nil
		}, []string{"listen: ", "192.0.2.1:22", " - change listen in jailsh.toml"}},
		"a run_dir that others can write": {func(t *testing.T, i *instance) []string {
			mkdir(t, filepath.Join(i.dir, "run"))
			return chmod(t, filepath.Join(i.dir, "run"), 0o777)
		}, []string{"{dir}/run: must be a folder of root's that nobody else can write to", " - run: chown root: {dir}/run; chmod go-w {dir}/run"}},
		"a run_dir in nowhere": {func(_ *testing.T, i *instance) []string {
			i.server = `run_dir = "no/where"`
			i.writeServer()
			return nil
		}, []string{"{dir}/no/where", " - make the folder above it"}},
		"no jailsh-init": {func(t *testing.T, i *instance) []string {
			i.bin = some(t, i.dir, "jailshd", "jailsh-net")
			return nil
		}, []string{"jailsh-init: ", "no such file or directory - install it beside jailshd"}},
		"no jailsh-applet": {func(t *testing.T, i *instance) []string {
			i.bin = some(t, i.dir, "jailshd", "jailsh-net", "jailsh-init")
			return nil
		}, []string{"jailsh-applet: ", "no such file or directory - install it beside jailshd"}},
		"no jailsh-net": {func(t *testing.T, i *instance) []string {
			i.bin = some(t, i.dir, "jailshd", "jailsh-init", "jailsh-applet")
			return nil
		}, []string{"jailsh-net: ", "no such file or directory - install it beside jailshd"}},
		"a jailsh-init that others can write": {func(t *testing.T, i *instance) []string {
			i.bin = some(t, i.dir, "jailshd", "jailsh-net", "jailsh-init", "jailsh-applet")
			return chmod(t, filepath.Join(i.bin, "jailsh-init"), 0o777)
		}, []string{"jailsh-init: ", "may be changed by others", " - run: chown root "}},
		"a jailsh-net that others can write": {func(t *testing.T, i *instance) []string {
			i.bin = some(t, i.dir, "jailshd", "jailsh-net", "jailsh-init", "jailsh-applet")
			return chmod(t, filepath.Join(i.bin, "jailsh-net"), 0o777)
		}, []string{"jailsh-net: ", "may be changed by others", " - run: chown root "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			i.writeServer()
			i.writeUsers()
			alice, bob := i.person("alice").uid, i.person("bob").uid
			as := c.change(t, i)
			o := i.refusedStart(as...)
			replace := strings.NewReplacer("{dir}", i.dir, "{net}", fmt.Sprint(i.netUID), "{alice}", fmt.Sprint(alice), "{bob}", fmt.Sprint(bob))
			var want []string
			for _, w := range c.want {
				want = append(want, replace.Replace(w))
			}
			if !hasLine(o.err, want) {
				t.Errorf("no line with %q:\n%s", want, o.err)
			}
		})
	}
}

// refusedStart runs a jailshd that must end by itself, with status 1, and leave
// nothing.
func (i *instance) refusedStart(as ...string) output {
	i.t.Helper()
	words := append(as, filepath.Join(i.bin, "jailshd"), "--config", i.file)
	o := run(i.t, nil, words[0], words[1:]...)
	if o.code != 1 || o.out != "" || !strings.HasPrefix(o.err, "jailshd: ") {
		i.t.Errorf("status %d, %q\n%s", o.code, o.out, o.err)
	}
	for _, what := range i.remains() {
		i.t.Errorf("left behind: %s", what)
	}
	return o
}

func hasLine(text string, words []string) bool {
	for line := range strings.Lines(text) {
		if containsAll(line, words) {
			return true
		}
	}
	return false
}

// All problems of both files come at once, in file order, each with its line.
func TestAConfigThatIsWrongInTenPlaces(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	lines := []struct{ text, want string }{
		{`listen = ["127.0.0.1"]`, `listen[0]: "127.0.0.1" is no address`},
		{`host_keys = []`, `host_keys: is empty - list at least one`},
		{`homes = 5`, `homes: `},
		{`net_uid = 0`, `net_uid: `},
		{`login_grace = "30"`, `login_grace: `},
		{`max_auth_tries = 1000`, `max_auth_tries: `},
		{`max_startups = "10"`, `max_startups: "10" is not start:rate:full - write it like "100:30:400"`},
		{`max_sesions = 5`, `max_sesions: `},
		{`web = true`, `web: `},
		{`log_level = "loud"`, `log_level: "loud" is no log level - choose one of debug, info, warn, error`},
	}
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(l.text + "\n")
	}
	i.write("jailsh.toml", text.String())
	i.person("alice").table = "template = 7"
	i.writeUsers()
	o := i.refusedStart()
	said := strings.Split(strings.TrimSpace(o.err), "\n")
	if len(said) != 1+len(lines)+1 {
		t.Fatalf("%d lines:\n%s", len(said), o.err)
	}
	for n, l := range lines {
		if want := fmt.Sprintf("%s:%d: %s", i.file, n+1, l.want); !strings.HasPrefix(said[n+1], want) || !strings.Contains(said[n+1], " - ") {
			t.Errorf("line %d: %s, want %s", n+1, said[n+1], want)
		}
	}
	if want := filepath.Join(i.dir, "users.toml") + ":5: user.alice.template: "; !strings.HasPrefix(said[len(lines)+1], want) {
		t.Errorf("%s, want %s", said[len(lines)+1], want)
	}
	if o := i.jailsh("check"); o.code != 1 || strings.Count(o.out, " - ") < 11 {
		t.Errorf("check: %+v", o)
	}
}

func TestThePortIsTaken(t *testing.T) {
	t.Parallel()
	first, second := start(t), newInstance(t)
	second.listen = first.listen
	second.writeServer()
	second.writeUsers()
	o := second.refusedStart()
	_, port, _ := strings.Cut(first.listen, ":")
	if want := []string{"listen " + first.listen + ": the port is taken - see who has it with: ss -ltnp 'sport = :" + port + "'", "change listen in jailsh.toml"}; !hasLine(o.err, want) {
		t.Errorf("no %q in %s", want, o.err)
	}
	first.sh("alice", "true")
}

// One jailshd at a time runs an instance, and says which.
func TestASecondDaemon(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.sh("alice", "true")
	other := filepath.Join(i.dir, "other.toml")
	i.write("other.toml", fmt.Sprintf("listen = [%q]\ntemplates = %q\n", freePort(t), filepath.Join(shared(), "templates")))
	o := run(t, nil, program("jailshd"), "--config", other)
	want := []string{filepath.Join(i.dir, "run/jailshd.pid") + ": another jailshd ", fmt.Sprintf("(pid %d) runs this instance - stop it with: kill %d", i.pid(), i.pid())}
	if o.code != 1 || !hasLine(o.err, want) {
		t.Errorf("status %d: %s, want %q", o.code, o.err, want)
	}
	i.sh("alice", "true") // the first has its files still
	if o := i.jailsh("run", "alice", "--", "true"); o.code != 0 {
		t.Errorf("%+v", o)
	}
}

// Wrong usage is told apart from a failure.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{
		{"jailshd", "--nonsense"}, {"jailshd", "start"}, {"jailsh-net"}, {"jailsh-init"}, {"jailsh", "nonsense"}, {"jailsh"},
	} {
		o := run(t, nil, program(words[0]), words[1:]...)
		if o.code != 2 || o.out != "" || o.err == "" {
			t.Errorf("%q: %+v", words, o)
		}
	}
}

func (i *instance) hostKeyFile() string { return filepath.Join(i.dir, "host_ed25519_key") }

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) []string {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return nil
}

func symlink(t *testing.T, to, path string) []string {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
	return nil
}

func chmod(t *testing.T, path string, mode uint32) []string {
	t.Helper()
	if err := unix.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return nil
}

func chown(t *testing.T, path string, uid int) []string {
	t.Helper()
	if err := os.Lchown(path, uid, uid); err != nil {
		t.Fatal(err)
	}
	return nil
}

// some copies some of the programs into a folder of their own.
func some(t *testing.T, dir string, names ...string) string {
	t.Helper()
	to := filepath.Join(dir, "some")
	mkdir(t, to)
	for _, name := range names {
		// By a program of its own: a file that this one has open for writing could be so
		// in a child that another test forks, and couldn't be executed (ETXTBSY).
		if out, err := exec.Command("cp", program(name), filepath.Join(to, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return to
}

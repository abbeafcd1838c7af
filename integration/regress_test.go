package integration

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/netlink/space"
)

// scripts is where Debian's openssh-tests has OpenSSH's own tests.
const scripts = "/usr/lib/openssh/regress"

// scriptPatience is how long one of them may take: much of it is their sleep(1).
const scriptPatience = 5 * time.Minute

// OpenSSH's own tests, as its authors wrote them, against jailsh: what a script
// writes into an sshd_config becomes a jailsh.toml and a users.toml
// (regress_config_test.go). Each script ends as regress_table_test.go says, or
// this fails; what it is to end with is a pass, or it can't apply, with a reason.
//
//	go test -v -run TestOpenSSHRegress/^transfer$ ./integration
func TestOpenSSHRegress(t *testing.T) {
	t.Parallel()
	everyScriptIsListed(t)
	b := newBackstage(t)
	table := verdicts()
	rows := make([]string, len(table))
	var running sync.WaitGroup
	places := make(chan struct{}, 12) // they sleep most of the time
	for n, v := range table {
		if v.not != "" {
			rows[n] = fmt.Sprintf("%-22s %6s  %s", v.script, "", "can't apply: "+v.not)
			continue
		}
		running.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			began := time.Now()
			// Run, but not Parallel, which would wait for a processor of its own.
			how := "not run"
			good := t.Run(v.script, func(t *testing.T) {
				how = strings.TrimSuffix("passed, but for: "+v.why, ", but for: ")
				b.run(t, v)
			})
			if !good {
				how = "FAILED"
			}
			rows[n] = fmt.Sprintf("%-22s %5.1fs  %s", v.script, time.Since(began).Seconds(), how)
		})
	}
	running.Wait()
	t.Logf("OpenSSH's own tests:\n%s", strings.Join(rows, "\n"))
}

// everyScriptIsListed fails for a script of the package that nobody has thought
// about: a newer package has more.
func everyScriptIsListed(t *testing.T) {
	t.Helper()
	found, err := filepath.Glob(scripts + "/*.sh")
	if err != nil || len(found) == 0 {
		t.Fatalf("%s has no scripts - run: apt-get install openssh-tests", scripts)
	}
	notTests := []string{"test-exec", "scp-ssh-wrapper", "ssh2putty", "sshd-log-wrapper", "valgrind-unit"}
	for _, path := range found {
		name := strings.TrimSuffix(filepath.Base(path), ".sh")
		if !slices.Contains(notTests, name) && !slices.ContainsFunc(verdicts(), func(v verdict) bool { return v.script == name }) {
			t.Errorf("%s is not listed: add it to regress_table_test.go, with how it ends", path)
		}
	}
}

// backstage is what all scripts share.
type backstage struct {
	place     string // folder
	templates string
	etc       string   // of the scripts' hosts
	keys      string   // folder of keys, one of each kind, which take long to make
	left      []string // algorithms that the client has and jailsh doesn't
}

func newBackstage(t *testing.T) *backstage {
	t.Helper()
	b := &backstage{place: filepath.Join(place(), "regress")}
	if err := os.Mkdir(b.place, 0o755); err != nil {
		t.Fatal(err)
	}
	i := newInstance(t)
	i.withHostsPrograms()
	b.templates = i.templates
	for _, kind := range []string{"kex", "cipher", "mac", "key-plain"} {
		for _, name := range strings.Fields(run(t, nil, "ssh", "-Q", kind).out) {
			if !slices.Contains(offered(), name) {
				b.left = append(b.left, name)
			}
		}
	}
	b.left = append(b.left, "ssh-dss-cert-v01@openssh.com")
	b.etc = b.makeEtc(t)
	b.keys = filepath.Join(b.place, "keys")
	if err := os.Mkdir(b.keys, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, kind := range offered() {
		if slices.Contains(keyKinds(), kind) {
			c := command(t, "ssh-keygen", "-q", "-N", "", "-t", kind, "-f", filepath.Join(b.keys, kind))
			c.Env = append(c.Env, "SSH_SK_PROVIDER="+scripts+"/misc/sk-dummy/sk-dummy.so")
			if o := runCommand(t, nil, c); o.code != 0 {
				t.Fatal(o.err)
			}
		}
	}
	return b
}

// makeEtc is an /etc with little more than programs need to start.
func (b *backstage) makeEtc(t *testing.T) string {
	t.Helper()
	etc := filepath.Join(b.place, "etc")
	if err := os.Mkdir(etc, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"passwd": "", "group": "root:x:0:\n", "hosts": "127.0.0.1 localhost\n::1 localhost\n", "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{"alternatives", "ld.so.cache", "ssl"} {
		if o := run(t, nil, "cp", "-a", "/etc/"+from, etc); o.code != 0 {
			t.Fatal(o.err)
		}
	}
	return etc
}

// offered are the algorithms that scripts are to try: all that jailsh has. The
// stand-in for ssh answers `ssh -Q` with what is of both, as a client would that
// was built without the others.
func offered() []string {
	return append(keyKinds(),
		"curve25519-sha256", "curve25519-sha256@libssh.org", "mlkem768x25519-sha256",
		"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr",
		"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com",
	)
}

// keyKinds are what users may have.
func keyKinds() []string {
	return append(hostKeyKinds(), "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
		"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
}

// hostKeyKinds are what jailsh itself may have.
func hostKeyKinds() []string { return []string{"ssh-ed25519", "ssh-rsa"} }

// run runs one script, on a stage of its own.
func (b *backstage) run(t *testing.T, v verdict) {
	number := slices.IndexFunc(verdicts(), func(o verdict) bool { return o.script == v.script })
	s := &stage{
		t: t, host: space.New(t), uid: 19000 + number,
		// Not the script's name: some take lines away that have a word of it.
		folder:    filepath.Join(b.place, fmt.Sprint(number)),
		templates: b.templates, etc: b.etc, requests: make(chan standinCall),
	}
	s.furnish(b, v)
	s.listen()
	t.Cleanup(s.clear)
	c := s.script(v.script)
	// A file, since what the script leaves running may hold it open.
	said, err := os.Create(s.folder + ".log")
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	c.Stdout, c.Stderr = said, said
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for waiting := true; waiting; {
		select {
		case call := <-s.requests:
			s.answer(call)
		case err = <-ended:
			waiting = false
		}
	}
	s.dismiss(nil)
	s.clear()
	words, readError := os.ReadFile(said.Name())
	failed := s.failed()
	s.problems = slices.DeleteFunc(s.problems, func(p string) bool { return v.wrong != "" && strings.Contains(p, v.wrong) })
	skipped := regexp.MustCompile(`(?im)^skip.*`).Find(words)
	switch {
	case readError != nil, !v.expected(failed), (err != nil) != (len(failed) > 0):
		t.Errorf("%s: %v, %q after %.1fs\n%s\n%s", v.script, err, failed, time.Since(began).Seconds(), last(string(words), 40), s.logs())
	case len(s.problems) > 0: // though the script may have expected that something fails
		t.Errorf("%s: %q", v.script, s.problems)
	case skipped != nil:
		t.Errorf("%s: left something out: %s", v.script, skipped)
	case s.connections == 0, !v.early && !strings.Contains(s.journals(), "msg=login"):
		t.Errorf("%s: passed without jailsh", v.script)
	}
}

// failed are the script's own complaints, each with what it was doing.
func (s *stage) failed() []string {
	text, err := os.ReadFile(filepath.Join(s.folder, "failed-regress.log"))
	if err != nil {
		return nil // there is none: nothing has failed
	}
	var all []string
	doing := ""
	for line := range strings.Lines(string(text)) {
		if what, ok := strings.CutPrefix(line, "trace: "); ok {
			doing = strings.TrimSpace(what)
		}
		if what, ok := strings.CutPrefix(line, "FAIL: "); ok {
			all = append(all, doing+": "+strings.TrimSpace(what))
		}
	}
	return all
}

// expected tells whether each complaint is among those that are rightly made, and
// all of these were that must be.
func (v verdict) expected(failed []string) bool {
	seen := map[string]bool{}
	for _, complaint := range failed {
		n := slices.IndexFunc(v.but, func(pattern string) bool { return regexp.MustCompile(pattern).MatchString(complaint) })
		if n < 0 {
			return false
		}
		seen[v.but[n]] = true
	}
	return len(seen) == len(v.but)
}

// furnish fills the script's folder with what it expects there.
func (s *stage) furnish(b *backstage, v verdict) {
	s.t.Helper()
	bin := filepath.Join(s.folder, "bin")
	for _, dir := range []string{s.folder, bin, filepath.Join(s.folder, "home")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, from := range []string{scripts, b.keys} {
		entries, err := os.ReadDir(from)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range entries {
			if e.Type().IsRegular() {
				s.copyIn(filepath.Join(from, e.Name()), s.folder)
			}
		}
	}
	left := slices.Clone(b.left)
	if v.keys != nil {
		left = append(left, slices.DeleteFunc(keyKinds(), func(kind string) bool { return slices.Contains(v.keys, kind) })...)
	}
	standin := filepath.Join(place(), "bin", "standin")
	for _, name := range []string{"sshd", "sftp-server"} {
		if err := os.Link(standin, filepath.Join(bin, name)); err != nil {
			s.t.Fatal(err)
		}
	}
	for path, text := range map[string]string{
		filepath.Join(bin, "left"):   strings.Join(left, "\n") + "\n",
		filepath.Join(bin, "ssh"):    strings.ReplaceAll(sshStandin, "BIN", bin),
		filepath.Join(bin, "telnet"): "#!/bin/sh\nexec nc \"$@\"\n", // which Debian has no more
		filepath.Join(bin, "scp"):    strings.ReplaceAll(scpStandin, "OBJ", s.folder),
		s.folder + ".passwd":         fmt.Sprintf("root:x:0:0:root:/root:/bin/bash\n%s:x:%d:%d::%s/home:/bin/sh\n", tester, s.uid, s.uid, s.folder),
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	err := filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Dir(path) == bin && !strings.HasSuffix(path, "control") {
			return err
		}
		return os.Lchown(path, s.uid, s.uid)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// sshStandin answers -Q with what jailsh has too.
const sshStandin = `#!/bin/sh
for a; do
	if [ "$a" = -Q ]; then
		/usr/bin/ssh "$@" | grep -vxFf BIN/left
		exit 0
	fi
done
exec /usr/bin/ssh "$@"
`

// scpStandin runs the far end of the older protocol in the jail. OpenSSH's
// wrapper, scp-ssh-wrapper.sh, would run it right here.
const scpStandin = `#!/bin/sh
for a; do
	case $a in
	-t|-f)
		line=scp
		for w; do line="$line '$(printf %s "$w" | sed "s/'/'\\\\''/g")'"; done
		exec /usr/bin/ssh -q -F OBJ/ssh_proxy somehost "$line";;
	esac
done
exec /usr/bin/scp "$@"
`

func (s *stage) copyIn(path, to string) {
	s.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, filepath.Base(path)), text, info.Mode().Perm()); err != nil {
		s.t.Fatal(err)
	}
}

// script is the script as Debian's run-tests would start it, on the stage's host
// and as its user. The host has an /etc of its own: nobody else's knows the user.
func (s *stage) script(name string) *exec.Cmd {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), scriptPatience)
	s.t.Cleanup(cancel)
	c := exec.CommandContext(ctx, "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", s.host.Pid), "unshare", "--mount", "--",
		"sh", "-c", `mount --bind "$0" /etc && mount --bind "$1" /etc/passwd && shift && exec "$@"`, s.etc, s.folder+".passwd",
		"setpriv", fmt.Sprint("--reuid=", s.uid), fmt.Sprint("--regid=", s.uid), "--clear-groups", "--",
		"sh", filepath.Join(scripts, "test-exec.sh"), s.folder, filepath.Join(scripts, name+".sh"))
	bin := filepath.Join(s.folder, "bin")
	c.Env = []string{
		"PATH=" + bin + ":/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + s.folder + "/home", "USER=" + tester, "LOGNAME=" + tester,
		"OBJ=" + s.folder, "BUILDDIR=" + scripts, "TEST_SHELL=sh", "TEST_SSH_UNSAFE_PERMISSIONS=1",
		"TEST_SSH_SSH=" + bin + "/ssh", "TEST_SSH_SSHD=" + bin + "/sshd", "TEST_SSH_SFTPSERVER=" + bin + "/sftp-server",
		"TEST_SSH_SCP=scp", "TEST_SSH_SSHAGENT=/usr/bin/ssh-agent", "TEST_SSH_PLINK=plink", "TEST_SSH_PUTTYGEN=puttygen",
		"TEST_SSH_IPV6=yes",
	}
	c.Dir = s.folder
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 5 * time.Second
	return c
}

// clear ends what the script left running: agents, clients that went to the
// background, and what runs for them in the jail.
func (s *stage) clear() {
	s.t.Helper()
	eventually(s.t, patience, func() string {
		var left []process
		for _, p := range processes() {
			if p.uid == s.uid && !strings.HasPrefix(p.command, "jailsh-init") {
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
				left = append(left, p)
			}
		}
		return none(left)
	})
}

// journals are what all instances have logged.
func (s *stage) journals() string {
	var b strings.Builder
	for _, i := range s.started {
		b.WriteString(i.log.String())
	}
	return b.String()
}

// logs are the ends of what the script has logged.
func (s *stage) logs() string {
	var b strings.Builder
	for _, name := range []string{"failed-regress.log", "failed-ssh.log", "failed-sshd.log"} {
		text, err := os.ReadFile(filepath.Join(s.folder, name))
		if err == nil {
			fmt.Fprintf(&b, "-- %s\n%s\n", name, last(string(text), 30))
		}
	}
	return b.String()
}

func last(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// verdict is how a script ends.
type verdict struct {
	script string
	not    string   // why it can't apply; "": it passes
	keys   []string // kinds of keys that it is to try, if not all
	early  bool     // it never logs in
	wrong  string   // in what jailsh says of configurations that it is to refuse
	but    []string // what it complains of, as patterns; why it is right to
	why    string
}

// verdicts are in the order of their names.
func verdicts() []verdict {
	table := verdictTable()
	slices.SortFunc(table, func(a, b verdict) int { return cmp.Compare(a.script, b.script) })
	return table
}

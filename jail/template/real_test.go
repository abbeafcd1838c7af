package template

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/jail/rootfs"
)

// The tests of this file look at the machine that they run on, and build the
// profiles of etc/profiles from it.

// TestClosureAgainstLdd compares with what ld.so itself says: for each program

// that names directories of its own or lacks a library, and for a tenth of all.

// ldd returns what ldd(1) says of programs.

// basic builds the template basic once for all tests, in basicDir.

var (
	basicDir string
	basic    = sync.OnceValues(func() (*Info, error) {
		var err error
		if basicDir, err = os.MkdirTemp("", "basic"); err != nil {
			return nil, err
		}
		return Build(context.Background(), Options{Dir: basicDir, Name: "basic", Profiles: etc.Profiles()})
	})
)

func TestMain(m *testing.M) {
	status := m.Run()
	if basicDir != "" {
		os.RemoveAll(basicDir)
	}
	os.Exit(status)
}

// inBasic runs a program in the root of the template basic, as a user, and

// returns its standard output and its standard error.

func inBasic(t *testing.T, env []string, args ...string) (string, string, error) {
	t.Helper()
	info, err := basic()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := &exec.Cmd{
		Path: args[0], Args: args, Dir: "/", Env: append([]string{"PATH=/usr/local/bin:/usr/bin:/bin"}, env...),
		Stdout: &out, Stderr: &errs,
		SysProcAttr: &syscall.SysProcAttr{Chroot: info.Root, Credential: &syscall.Credential{Uid: 20001, Gid: 20001}},
	}
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	err = cmd.Wait()
	if ctx.Err() != nil {
		t.Errorf("%v: didn't end within 2 minutes", args)
	}
	return out.String(), errs.String(), err
}

// TestBasicPrograms starts each program of the template: its interpreter and its

// libraries must be found, by the loader and not only by us.

func TestBasicPrograms(t *testing.T) {
	t.Parallel()
	info, err := basic()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %.1f MB", info.Files, float64(info.Bytes)/1e6)
	programs, err := os.ReadDir(filepath.Join(info.Root, "usr/bin"))
	if err != nil || len(programs) < 100 {
		t.Fatalf("%d programs, %v", len(programs), err)
	}
	for _, p := range programs {
		if p.Name() == "vimtutor" { // starts an editor whatever it is told
			continue
		}
		_, errs, err := inBasic(t, []string{"TERM=dumb"}, "/usr/bin/"+p.Name(), "--version")
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || strings.Contains(errs, "shared librar") || strings.Contains(errs, "not found") {
			t.Errorf("%s: %v: %s", p.Name(), err, errs)
		}
	}
}

func TestBasicShell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, script, want string }{
		{script: `echo hello | sed s/h/j/ | grep jello | awk '{ print $1 "!" }'`, want: "jello!\n"},
		{script: `find /etc -name motd | xargs ls`, want: "/etc/motd\n"},
		{script: `tar cf - -C /etc shells | gzip | gzip -d | tar tf -`, want: "shells\n"},
		{script: `/bin/sh -c 'echo $0'; which sh`, want: "/bin/sh\n/usr/bin/sh\n"},
		{script: `stdbuf -oL echo buffered`, want: "buffered\n"},
		{script: `diff /etc/motd /etc/shells | wc -l; cmp /etc/motd /etc/motd && echo same`, want: "5\nsame\n"},
		{env: "LC_ALL=C.UTF-8", script: `locale charmap; printf 'äöü' | wc -m`, want: "UTF-8\n3\n"},
		{env: "LC_ALL=C", script: `printf 'äöü' | wc -m`, want: "6\n"},
		{script: `getent passwd root; echo $?; getent hosts localhost >&2; id -u`, want: "2\n20001\n"},
		{script: `for t in xterm xterm-256color screen screen-256color tmux tmux-256color linux vt100 vt220 rxvt rxvt-unicode-256color ansi dumb; do
			tput -T $t longname | grep -q . || echo no $t; done`, want: ""},
		{script: `tput -T xterm-256color colors`, want: "256\n"},
		{env: "LANG=de_DE.UTF-8 LC_ALL=xx LC_CTYPE=", script: `. /etc/profile; echo "$LANG $LC_ALL $LC_CTYPE."`, want: "C.UTF-8 C.UTF-8 .\n"},
		{env: "LANG=C.UTF-8", script: `. /etc/profile; echo "$LANG ${LC_ALL-unset} $PATH"`, want: "C.UTF-8 unset /usr/local/bin:/usr/bin:/bin\n"},
		{script: `ls -ld /var/tmp | cut -c1-10; ls -A /etc/passwd /etc/group /etc/hosts /etc/hostname /etc/resolv.conf | wc -l`, want: "drwxr-xr-x\n5\n"},
		{script: `less --version | head -n 1 | cut -d' ' -f1`, want: "less\n"},
	} {
		out, errs, err := inBasic(t, strings.Fields(c.env), "/bin/bash", "-c", c.script)
		if out != c.want {
			t.Errorf("%s\ngave %q, want %q; %v, %s", c.script, out, c.want, err, errs)
		}
	}
	for _, c := range []struct{ flags, term, want string }{
		{"-lic", "xterm", `\u@\h:\w\$ ` + "\nls --color=auto\n"},
		{"-ic", "dumb", `\u@\h:\w\$ ` + "\n\n"},
	} {
		out, errs, err := inBasic(t, []string{"TERM=" + c.term}, "/bin/bash", c.flags, `echo "$PS1"; echo "${BASH_ALIASES[ls]}"`)
		if out != c.want {
			t.Errorf("bash %s on %s says %q, want %q; %v, %s", c.flags, c.term, out, c.want, err, errs)
		}
	}
}

// TestBasicEditor: the editor of the template starts and finds its own files.

func TestBasicEditor(t *testing.T) {
	t.Parallel()
	out, errs, err := inBasic(t, []string{"TERM=dumb"}, "/bin/bash", "-c", `
		if [ -n "$(type -P vi)" ]; then
			vi -e -s -c 'verbose echo "defaults" filereadable($VIMRUNTIME . "/defaults.vim")' -c 'qall!' 2>&1
		else
			nano --version
		fi`)
	if !strings.Contains(out, "defaults 1") && !strings.Contains(out, "nano") {
		t.Errorf("%q, %s, %v", out, errs, err)
	}
}

// TestBasicLoader: the loader of the template reads the cache that was made for

// it, and finds what is in the default directories without. It isn't parallel,

// because it takes the cache away for a moment.

func TestBasicLoader(t *testing.T) {
	info, err := basic()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/sbin/ldconfig", "-p", "-C", filepath.Join(info.Root, "etc/ld.so.cache")).Output()
	if err != nil || !strings.Contains(string(out), "libc.so.6 (") {
		t.Errorf("%v: %s", err, out)
	}
	_, trace, err := inBasic(t, []string{"LD_DEBUG=libs"}, "/bin/bash", "-c", ":")
	if err != nil || !strings.Contains(trace, "search cache=/etc/ld.so.cache") || strings.Contains(trace, "search path=") {
		t.Errorf("%v: the loader looked elsewhere than in its cache:\n%s", err, trace)
	}
	if err := os.Rename(filepath.Join(info.Root, "etc/ld.so.cache"), filepath.Join(info.Root, "etc/away")); err != nil {
		t.Fatal(err)
	}
	defer os.Rename(filepath.Join(info.Root, "etc/away"), filepath.Join(info.Root, "etc/ld.so.cache"))
	if out, errs, err := inBasic(t, nil, "/bin/bash", "-c", "echo fine"); out != "fine\n" {
		t.Errorf("without a cache: %v: %s", err, errs)
	}
}

// TestBasicRoot: nothing of the root is another's, and no file of it is the host's.

func TestBasicRoot(t *testing.T) {
	t.Parallel()
	info, err := basic()
	if err != nil {
		t.Fatal(err)
	}
	lines, flaws, err := verify(t.Context(), rootfs.Dir(info.Root))
	if err != nil || len(flaws) > 0 {
		t.Fatal(err, flaws)
	}
	files := 0
	for _, l := range lines {
		if l.mode.IsRegular() {
			files++
		}
		host, err := os.Lstat(l.path)
		here, errHere := os.Lstat(filepath.Join(info.Root, l.path))
		if errHere == nil && err == nil && os.SameFile(host, here) {
			t.Errorf("%s is the host's own file", l.path)
		}
		if l.mode.IsRegular() && l.mode&0o111 != 0 && l.mode&0o005 != 0o005 {
			t.Errorf("%s can't be run by a user: %v", l.path, l.mode)
		}
	}
	if files != info.Files {
		t.Errorf("%d files, the build said %d", files, info.Files)
	}
	top, err := os.ReadDir(info.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range top {
		if d.Type()&^(fs.ModeDir|fs.ModeSymlink) != 0 || slices.Contains(ownedByJail(), d.Name()) {
			t.Errorf("%s is at the top", d.Name())
		}
	}
}

func BenchmarkBuildBasic(b *testing.B) {
	dir := b.TempDir()
	var size int64
	for b.Loop() {
		info, err := Build(b.Context(), Options{Dir: dir, Name: "basic", Profiles: etc.Profiles()})
		if err != nil {
			b.Fatal(err)
		}
		size = info.Bytes
	}
	b.SetBytes(size)
}

package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/config"
	"golang.org/x/sys/unix"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// newInstance makes the files of an instance with the modes that init gives them.
func newInstance(t *testing.T) (*config.Config, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, os.Chmod(dir, 0o755))
	for name, mode := range map[string]os.FileMode{"homes": 0o700, "templates": 0o755, "run": 0o700, "logs": 0o700} {
		must(t, os.Mkdir(filepath.Join(dir, name), mode))
	}
	for name, mode := range map[string]os.FileMode{
		"jailsh.toml": 0o644, "users.toml": 0o600, "logs/audit.log": 0o600, "run/jailshd.pid": 0o644, "run/jailshd.sock": 0o600,
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, mode))
	}
	cfg, err := config.Load(filepath.Join(dir, "jailsh.toml"))
	must(t, err)
	return cfg, dir
}

func TestFilesOfAnInstance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name            string
		spoil           func(dir string) error
		problem, advice string
	}{
		{"as init makes it", func(string) error { return nil }, "", ""},
		{
			"log for all to change", func(dir string) error { return os.Chmod(dir+"/logs/audit.log", 0o602) },
			"logs/audit.log: can be changed by others (mode 0602) - run: chmod go-w ", "audit.log: has mode 0602",
		},
		{
			"log for all to read", func(dir string) error { return os.Chmod(dir+"/logs/audit.log", 0o644) },
			"", "logs/audit.log: has mode 0644: everybody on the host may read who did what - run: chmod 0600 ",
		},
		{
			"pid file of another", func(dir string) error { return os.Chown(dir+"/run/jailshd.pid", 4242, 0) },
			"run/jailshd.pid: belongs to uid 4242", "",
		},
		{
			"table for all to read", func(dir string) error { return os.Chmod(dir+"/users.toml", 0o644) },
			"", "users.toml: has mode 0644: everybody on the host may read forced commands",
		},
		{
			"homes for all to list", func(dir string) error { return os.Chmod(dir+"/homes", 0o755) },
			"", "homes: has mode 0755: everybody on the host may see whose homes are there - run: chmod 0711 ",
		},
		{"homes that can be entered", func(dir string) error { return os.Chmod(dir+"/homes", 0o711) }, "", ""},
		{
			"folder above of another", func(dir string) error { return os.Chown(dir, 4242, 4242) },
			"belongs to uid 4242, who could exchange what is in it, and with it ", "",
		},
		{
			"folder above for all", func(dir string) error { return os.Chmod(dir, 0o777) },
			"can be changed by others (mode 0777), and with it ", "",
		},
		{"sticky folder above", func(dir string) error { return os.Chmod(dir, 0o777|os.ModeSticky) }, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg, dir := newInstance(t)
			must(t, test.spoil(dir))
			r := &Report{}
			r.files(cfg)
			only(t, r.Problems, test.problem)
			// How full this host is, is not what is tested.
			for n := len(r.Advice) - 1; n >= 0; n-- {
				if strings.Contains(r.Advice[n].What, "nearly") {
					r.Advice = append(r.Advice[:n], r.Advice[n+1:]...)
				}
			}
			only(t, r.Advice, test.advice)
		})
	}
}

// tmpfs mounts one, of which everything is known.
func tmpfs(t *testing.T, options string, flags uintptr) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, unix.Mount("tmpfs", dir, "tmpfs", 0, options))
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	if flags != 0 {
		must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|flags, ""))
	}
	return dir
}

func TestSpace(t *testing.T) {
	t.Parallel()
	r := &Report{}
	r.space("homes", tmpfs(t, "size=1m,nr_inodes=1000", 0))
	only(t, append(r.Problems, r.Advice...), "")

	full := tmpfs(t, "size=1m,nr_inodes=1000", 0)
	must(t, os.WriteFile(full+"/file", make([]byte, 1000<<10), 0o600))
	r.space("homes", full)
	only(t, r.Advice, full+": its file system is nearly full: 0 MiB are left")

	r = &Report{}
	few := tmpfs(t, "size=1m,nr_inodes=40", 0)
	for n := range 38 {
		must(t, os.WriteFile(filepath.Join(few, string(rune('A'+n))), nil, 0o600))
	}
	r.space("homes", few)
	only(t, r.Advice, "nearly out of inodes: 1 are left")

	r = &Report{}
	r.space("logs", tmpfs(t, "size=1m", unix.MS_RDONLY))
	only(t, r.Problems, "is on a file system that is mounted read-only - mount it with the option rw, or set logs")
}

func TestProgramsBesideTheDaemon(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, os.Chmod(dir, 0o755))
	r := &Report{}
	r.programs(0, dir)
	only(t, r.Problems, "") // jailsh alone
	for _, name := range []string{"jailshd", "jailsh-net", "jailsh-applet"} {
		must(t, exec.Command("cp", "/bin/sleep", filepath.Join(dir, name)).Run())
	}
	r.programs(0, dir)
	only(t, r.Problems, dir+"/jailsh-init: ")
	must(t, os.WriteFile(dir+"/jailsh-init", nil, 0o755), os.Chmod(dir+"/jailsh-init", 0o777))
	r = &Report{}
	r.programs(0, dir)
	only(t, r.Problems, dir+"/jailsh-init: may be changed by others (mode -rwxrwxrwx, uid 0) - run: chown root ")
	must(t, os.Chmod(dir+"/jailsh-init", 0o755))

	// The folder of the one that runs counts, and whether it is still the same.
	daemon := exec.Command(dir+"/jailshd", "1000")
	must(t, daemon.Start())
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	r = &Report{}
	r.programs(daemon.Process.Pid, "/nowhere")
	only(t, append(r.Problems, r.Advice...), "")
	must(t, os.Remove(dir+"/jailshd"), exec.Command("cp", "/bin/sleep", dir+"/jailshd").Run())
	r.programs(daemon.Process.Pid, "/nowhere")
	only(t, r.Advice, dir+"/jailshd: was replaced since jailshd was started from it")
}

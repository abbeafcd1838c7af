package quota

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const project = 20001

// mount makes a file system in a file and mounts it with the options.
func mount(t *testing.T, options string, mkfs ...string) (dir string, err error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("run the tests as root: they mount file systems")
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 64<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mkfs[0], append(mkfs[1:], image)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", mkfs, err, out)
	}
	dir, err = os.MkdirTemp("", "quota") // reached by the user that fill is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mount", "-o", "loop"+options, image, dir).CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, nil
}

// folder makes a folder and opens it.
func folder(t *testing.T, path string) int {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func wants(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%v\nlacks %q", err, p)
		}
	}
}

// Where there is no way to hold a limit, there is none, and a way out is named.
func TestFileSystemsWithoutProjectQuotas(t *testing.T) {
	t.Parallel()
	plain, err := mount(t, "", "mkfs.ext4", "-q")
	if err != nil {
		t.Fatal(err)
	}
	home := plain + "/home"
	wants(t, Set(folder(t, home), home, project, 1<<20), home+": ", " - unmount it, run: tune2fs -O quota,project -Q prjquota DEVICE")
	shm, err := os.MkdirTemp("/dev/shm", "quota")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(shm) })
	wants(t, Set(folder(t, shm), shm, project, 1<<20), "has no project quotas - put homes on ext4 or XFS")
	if err := Lift(folder(t, shm), shm, project); err != nil {
		t.Error(err)
	}
}

// On a kernel with the quotas of ext4, the limit is one. On any other the file
// system can't even be mounted with them.
func TestExt4(t *testing.T) {
	t.Parallel()
	dir, err := mount(t, ",prjquota", "mkfs.ext4", "-q", "-O", "quota,project", "-E", "quotatype=prjquota")
	if err != nil {
		t.Logf("the kernel has no quotas of ext4 (CONFIG_QFMT_V2): %v", err)
		return
	}
	holds(t, dir)
	counted, err := mount(t, "", "mkfs.ext4", "-q", "-O", "quota,project", "-E", "quotatype=prjquota")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, Set(folder(t, counted+"/a"), "a", project, 1<<20), "doesn't limit them - mount it with the option prjquota")
}

// holds tries a limit out.
func holds(t *testing.T, dir string) {
	t.Helper()
	const limit = 4 << 20
	home := dir + "/home"
	fd := folder(t, home)
	if err := os.Chown(home, project, project); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second login
		if err := Set(fd, home, project, limit); err != nil {
			t.Fatal(err)
		}
	}
	if got := fill(t, home+"/sub", "big"); got < limit/2 || got > limit {
		t.Errorf("%d bytes fitted into %d", got, limit)
	}
	if got := fill(t, home, "more"); got > 64<<10 {
		t.Errorf("%d bytes more fitted", got)
	}
	// It is hers only.
	if got := fill(t, dir+"/other", "big"); got < 2*limit {
		t.Errorf("only %d bytes fitted beside the home", got)
	}
	if err := os.RemoveAll(dir + "/other"); err != nil {
		t.Fatal(err)
	}
	// Higher, then none.
	if err := Set(fd, home, project, 2*limit); err != nil {
		t.Fatal(err)
	}
	if got := fill(t, home, "more"); got < limit/2 || got > limit+64<<10 {
		t.Errorf("%d bytes fitted into %d more", got, limit)
	}
	for range 2 {
		if err := Lift(fd, home, project); err != nil {
			t.Fatal(err)
		}
	}
	if got := fill(t, home, "more"); got < 3*limit {
		t.Errorf("without a limit only %d bytes fitted", got)
	}
	if err := os.Remove(home + "/more"); err != nil {
		t.Fatal(err)
	}
	// Files that were there before aren't counted, nor another's project.
	old := dir + "/old"
	oldFD := folder(t, old)
	for _, err := range []error{
		os.Mkdir(old+"/sub", 0o755), os.WriteFile(old+"/sub/file", make([]byte, limit/2), 0o600), os.Symlink("nowhere", old+"/link"),
		os.Chown(old, project, project),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	refusal := Set(oldFD, old, project+1, limit)
	wants(t, refusal, "has files that are not counted yet - run: find "+old)
	_, fix, _ := strings.Cut(refusal.Error(), "run: ")
	if out, err := exec.Command("sh", "-c", fix).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := Set(oldFD, old, project+1, limit); err != nil {
		t.Error("after the fix:", err)
	}
	if got := fill(t, old+"/sub", "more"); got < limit/4 || got > limit/2 {
		t.Errorf("%d bytes fitted into the half of %d", got, limit)
	}
	wants(t, Set(oldFD, old, 7, limit), "belongs to the project 20002, not to 7")
}

// fill writes to a file until there is no room, and returns how much there was.
// The kernel holds no limit against root (CAP_SYS_RESOURCE): it is done as a user.
func fill(t *testing.T, dir, name string) (size int64) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, project, project); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("cp", "/dev/zero", name)
	c.Dir = dir
	c.Env = append(os.Environ(), "LC_ALL=C")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: project, Gid: project}}
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "quota exceeded") && !strings.Contains(string(out), "No space left") {
		t.Fatalf("cp: %v: %s", err, out)
	}
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return 0
	}
	return info.Size()
}

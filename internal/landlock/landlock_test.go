package landlock

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// restricted asks the test binary, run again, to restrict itself as a kernel of
// that version can, and to make every trial: 0 is not at all.
const restricted = "LANDLOCK_TEST_VERSION"

func TestMain(m *testing.M) {
	if version, ok := os.LookupEnv(restricted); ok {
		if err := tryAll(version); err != nil {
			fmt.Println(err)
			syscall.Exit(1)
		}
		syscall.Exit(0) // not os.Exit, which would write of its coverage
	}
	os.Exit(m.Run())
}

// trial is something that a process may do to files. What it answers is want from
// the version on that looks at it; below that, and with 0, it works.
type trial struct {
	name string
	do   func() error
	from int
	want error
}

// The folder "in" may be written and "out" not; so it is with the files and the
// terminals.
func trials() []trial {
	return []trial{
		{"write in", func() error { return write("in/f", os.O_WRONLY) }, 0, nil},
		{"write out", func() error { return write("out/f", os.O_WRONLY) }, Least, unix.EACCES},
		{"read out", func() error { return write("out/f", os.O_RDONLY) }, 0, nil},
		{"execute out", func() error { return unix.Access("out/f", unix.X_OK) }, 0, nil},
		{"write the file", func() error { return write("file", os.O_WRONLY|os.O_TRUNC) }, 0, nil},
		{"write the other file", func() error { return write("other", os.O_WRONLY) }, Least, unix.EACCES},
		{"make in", func() error { return write("in/new", os.O_WRONLY|os.O_CREATE) }, 0, nil},
		{"make out", func() error { return write("out/new", os.O_WRONLY|os.O_CREATE) }, Least, unix.EACCES},
		{"make out by mknod", func() error { return unix.Mknod("out/new2", unix.S_IFREG|0o600, 0) }, Least, unix.EACCES},
		{"folder in", func() error { return unix.Mkdir("in/folder", 0o700) }, 0, nil},
		{"folder out", func() error { return unix.Mkdir("out/folder", 0o700) }, Least, unix.EACCES},
		{"link in", func() error { return unix.Symlink("x", "in/symlink") }, 0, nil},
		{"link out", func() error { return unix.Symlink("x", "out/symlink") }, Least, unix.EACCES},
		{"pipe in", func() error { return unix.Mkfifo("in/pipe", 0o600) }, 0, nil},
		{"pipe out", func() error { return unix.Mkfifo("out/pipe", 0o600) }, Least, unix.EACCES},
		{"socket in", func() error { return bind("in/socket") }, 0, nil},
		{"socket out", func() error { return bind("out/socket") }, Least, unix.EACCES},
		{"whiteout in", func() error { return unix.Mknod("in/whiteout", unix.S_IFCHR, 0) }, Least, unix.EACCES},
		{"block device in", func() error { return unix.Mknod("in/block", unix.S_IFBLK, int(unix.Mkdev(7, 99))) }, Least, unix.EACCES},
		{"rename in", func() error { return unix.Rename("in/f", "in/g") }, 0, nil},
		{"rename to a folder in", func() error { return unix.Rename("in/g", "in/folder/g") }, 0, nil},
		{"hard link to a folder in", func() error { return unix.Link("in/folder/g", "in/h") }, 0, nil},
		{"rename to out", func() error { return unix.Rename("in/h", "out/h") }, Least, unix.EACCES},
		{"rename from out", func() error { return unix.Rename("out/r", "in/r") }, Least, unix.EACCES},
		{"hard link from out", func() error { return unix.Link("out/f", "in/l") }, Least, unix.EXDEV},
		{"remove in", func() error { return unix.Unlink("in/new") }, 0, nil},
		{"remove out", func() error { return unix.Unlink("out/u") }, Least, unix.EACCES},
		{"remove a folder out", func() error { return unix.Rmdir("out/d") }, Least, unix.EACCES},
		{"truncate in", func() error { return unix.Truncate("in/folder/g", 3) }, 0, nil},
		{"truncate out", func() error { return unix.Truncate("out/f", 3) }, withTruncate, unix.EACCES},
		{"ask the device", func() error { return ask("/dev/null") }, 0, nil},
		{"ask the other device", func() error { return ask("null") }, withIoctl, unix.EACCES},
		{"mode out", func() error { return unix.Chmod("out/f", 0o700) }, 0, nil}, // landlock.rst: not looked at
		{"mount", func() error { return unix.Mount("none", "in", "tmpfs", 0, "") }, Least, unix.EPERM},
		{"connect to an abstract socket", func() error { return connect(os.Getenv(peer)) }, withScopes, unix.EPERM},
		{"signal the parent", func() error { return unix.Kill(os.Getppid(), 0) }, withScopes, unix.EPERM},
	}
}

// peer is the name of an abstract socket that the test has bound.
const peer = "LANDLOCK_TEST_PEER"

func write(name string, flags int) error {
	fd, err := unix.Open(name, flags, 0o700)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func bind(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrUnix{Name: name})
}

func connect(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: name})
}

// ask opens a device without writing to it, and asks what it doesn't know.
func ask(name string) error {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if _, err = unix.IoctlGetTermios(fd, unix.TCGETS); err == unix.ENOTTY {
		return nil
	}
	return err
}

// tryAll runs in a mount namespace of its own, in a folder with all that the
// trials need.
func tryAll(version string) error {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, ""); err != nil { // that devices work on
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	for _, dir := range []string{"in", "out", "out/d"} {
		if err := unix.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	for _, file := range []string{"in/f", "out/f", "out/r", "out/u", "file", "other"} {
		if err := write(file, os.O_WRONLY|os.O_CREATE); err != nil {
			return err
		}
	}
	if err := unix.Mknod("null", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))); err != nil {
		return err
	}
	n, err := strconv.Atoi(version)
	if err != nil {
		return err
	}
	if n > 0 {
		if err := restrict(n); err != nil {
			return err
		}
	}
	for _, tried := range trials() {
		errno, _ := tried.do().(unix.Errno)
		fmt.Printf("%d %s\n", errno, tried.name)
	}
	return nil
}

func restrict(version int) error {
	rules, err := New(version)
	if err != nil {
		return err
	}
	for name, allow := range map[string]func(int) error{
		"in": rules.AllowFolder, "file": rules.AllowFile, "/dev/null": rules.AllowDevice,
	} {
		fd, err := unix.Open(name, unix.O_PATH, 0)
		if err != nil {
			return err
		}
		if err := allow(fd); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return rules.Restrict()
}

// What each version refuses, with the rights that it has: a newer kernel takes
// the ruleset of an older one. Without a ruleset everything works, so that what
// is refused is refused by Landlock.
func TestEachVersion(t *testing.T) {
	t.Parallel()
	newest := Version()
	if newest < Least {
		t.Fatalf("this kernel has Landlock of version %d - test on Linux 5.19 or newer, best on 6.12", newest)
	}
	for _, version := range []int{0, Least, withTruncate, withIoctl, withScopes, newest + 1} {
		if version > newest { // the newest itself stands for those that it doesn't have
			version = newest
		}
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel()
			name := fmt.Sprintf("@%s/%d", t.TempDir(), version)
			listener, err := net.Listen("unix", name)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			lines := inChild(t, version, name)
			all := trials()
			if len(lines) != len(all) {
				t.Fatal(lines)
			}
			for i, tried := range all {
				want := unix.Errno(0)
				if tried.want != nil && version >= tried.from {
					want = tried.want.(unix.Errno)
				}
				if got := strings.Fields(lines[i])[0]; got != strconv.Itoa(int(want)) {
					t.Errorf("%s: %s, want %d", tried.name, lines[i], want)
				}
			}
		})
	}
}

func inChild(t *testing.T, version int, peerName string) []string {
	t.Helper()
	self, err := filepath.EvalSymlinks("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Dir = t.TempDir()
	c.Env = append(os.Environ(), restricted+"="+strconv.Itoa(version), peer+"="+peerName)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestGaps(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]int{0: 1, 1: 1, Least: 3, withTruncate: 2, withIoctl: 1, withScopes: 0, 99: 0} {
		if got := Gaps(version); len(got) != want {
			t.Errorf("version %d: %v, want %d", version, got, want)
		}
	}
}

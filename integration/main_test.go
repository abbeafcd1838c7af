package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The test binary runs three times. First as go test starts it: it builds the
// programs, while there is a network to fetch modules from. Then as PID 1 of new
// namespaces, to collect orphans. The third run has the tests.
const (
	stageVar = "JAILSH_INTEGRATION_STAGE" // "", "init" or "tests"
	placeVar = "JAILSH_INTEGRATION_PLACE" // folder of all that is made
)

func TestMain(m *testing.M) {
	runtime.LockOSThread() // Pdeathsig follows the thread
	var status int
	var err error
	switch os.Getenv(stageVar) {
	case "":
		status, err = outside()
	case "init":
		status, err = collect()
	default:
		status, err = inside(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		status = 1
	}
	os.Exit(status)
}

// outside builds, and starts the rest in namespaces of its own.
func outside() (int, error) {
	if os.Geteuid() != 0 {
		return 1, fmt.Errorf("these tests start jailshd and look into jails, which root alone can - run: sudo make test")
	}
	for _, tool := range []string{"ssh", "scp", "sftp", "tmux", "git", "rsync", "ssh-audit", "setpriv", "unshare", "nsenter", "gdb", "strace", "python3", "node", "xauth", "nft", "plink", "dbclient", "lftp", "rclone", "asciinema", "ansible-playbook"} {
		if _, err := exec.LookPath(tool); err != nil {
			return 1, fmt.Errorf("%s is missing - run: make test, which installs what the tests need", tool)
		}
	}
	place, err := os.MkdirTemp("", "jailsh")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(place)
	if err := os.Chmod(place, 0o755); err != nil { // nobody has to get at the programs
		return 1, err
	}
	if err := build(place); err != nil {
		return 1, err
	}
	c := again("init")
	c.Env = append(c.Env, placeVar+"="+place)
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	err = c.Run()
	if c.ProcessState != nil {
		return c.ProcessState.ExitCode(), nil
	}
	return 1, err
}

// again is the next run.
func again(stage string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), stageVar+"="+stage)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c
}

// build puts the programs and the probe into place/bin, and into place/faulty
// the same with a jailsh-init whose steps can be made to fail or be left out.
func build(place string) error {
	for _, b := range []struct{ to, tags string }{{"bin", ""}, {"faulty", "faultinject"}} {
		if err := os.Mkdir(filepath.Join(place, b.to), 0o755); err != nil {
			return err
		}
		c := exec.Command("go", "build", "-tags", b.tags, "-buildvcs=false", "-o", filepath.Join(place, b.to)+"/",
			"../cmd/jailshd", "../cmd/jailsh-net", "../cmd/jailsh-init", "../cmd/jailsh-applet", "../cmd/jailsh", "../cmd/jailsh-probe",
			"./standin")
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	return nil
}

// collect is PID 1: it starts the tests, collects every orphan, and ends with
// them.
func collect() (int, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return 1, fmt.Errorf("mount(/, MS_PRIVATE): %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return 1, fmt.Errorf("mount /proc: %w", err)
	}
	if err := ownTemporaryFolders(); err != nil {
		return 1, fmt.Errorf("temporary folders: %w", err)
	}
	if err := raiseLoopback(); err != nil {
		return 1, fmt.Errorf("loopback: %w", err)
	}
	c := again("tests")
	if err := c.Start(); err != nil { // and no Wait: it would wait beside wait4
		return 1, err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 1, err
		case pid == c.Process.Pid && status.Signaled():
			return 1, fmt.Errorf("the tests ended by %s", status.Signal())
		case pid == c.Process.Pid:
			return status.ExitStatus(), nil
		}
	}
}

// ownTemporaryFolders gives the run folders that end with it, whatever ends it:
// tests leave files there for jails not to find. /tmp is go test's own, too.
func ownTemporaryFolders() error {
	for _, dir := range []string{"/var/tmp", "/dev/shm"} {
		if err := unix.Mount("none", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	return nil
}

func raiseLoopback() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr)
}

// inside makes what the tests share, and runs them.
func inside(m *testing.M) (int, error) {
	runtime.UnlockOSThread()
	made := exec.Command(program("jailsh"), "init", shared())
	if out, err := made.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("jailsh init: %w\n%s", err, out)
	}
	status := m.Run()
	left := until(patience, func() string { return strings.Join(strangers(), "\n") })
	if left != "" && status == 0 {
		return 1, fmt.Errorf("left behind by the tests:\n%s", left)
	}
	return status, nil
}

func place() string { return os.Getenv(placeVar) }

// program is the path of one of the six.
func program(name string) string { return filepath.Join(place(), "bin", name) }

// shared is an instance that only its template is used of.
func shared() string { return filepath.Join(place(), "shared") }

// strangers are the processes of the namespace that are neither PID 1 nor this.
func strangers() []string {
	var found []string
	for _, p := range processes() {
		if p.pid != 1 && p.pid != os.Getpid() {
			found = append(found, p.String())
		}
	}
	return found
}

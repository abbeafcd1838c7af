package build

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// calling asks the test binary, run again, to make system calls: "filtered" and
// "bare" those of trials, "verify" those that the step itself makes, bare.
const calling = "BUILD_TEST_CALLING"

// trial is a system call. What it answers in the jail is want, or for the
// allowed ones whatever the kernel says.
type trial struct {
	name string
	call uintptr
	args []uintptr
	want unix.Errno
}

const (
	bad     = ^uintptr(0) // no descriptor, no memory, no flags that there are
	allowed = unix.Errno(0)
)

func trials() []trial {
	var all []trial
	for _, d := range slices.Concat(denied, deniedHere) {
		if len(d.When) > 0 {
			continue // see below
		}
		for _, number := range d.Calls {
			all = append(all, trial{fmt.Sprintf("call %d (%s)", number, d.Why), uintptr(number), nil, d.Errno})
		}
	}
	for _, flag := range []uintptr{
		unix.CLONE_NEWNS, unix.CLONE_NEWCGROUP, unix.CLONE_NEWUTS, unix.CLONE_NEWIPC, unix.CLONE_NEWUSER, unix.CLONE_NEWPID,
		unix.CLONE_NEWNET, unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
	} {
		// Handlers without memory can't be shared: without the filter it's EINVAL.
		flag |= unix.CLONE_SIGHAND
		all = append(all, trial{fmt.Sprintf("clone %#x", flag), unix.SYS_CLONE, []uintptr{flag}, unix.EPERM},
			trial{fmt.Sprintf("clone %#x, garbage", flag), unix.SYS_CLONE, []uintptr{flag | garbage}, unix.EPERM})
	}
	for _, command := range []uintptr{
		unix.TIOCSTI, unix.TIOCLINUX, unix.TIOCSETD, unix.TIOCCONS, fsIocFssetxattr, unix.FS_IOC_SETFLAGS,
	} {
		all = append(all, trial{fmt.Sprintf("ioctl %#x", command), unix.SYS_IOCTL, []uintptr{bad, command}, unix.EPERM},
			trial{fmt.Sprintf("ioctl %#x, garbage", command), unix.SYS_IOCTL, []uintptr{bad, command | garbage}, unix.EPERM})
	}
	for family := uintptr(0); family < 64; family++ {
		switch family {
		case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
			continue
		}
		all = append(all, trial{fmt.Sprintf("socket of family %d", family), unix.SYS_SOCKET, []uintptr{family, bad}, unix.EAFNOSUPPORT},
			trial{fmt.Sprintf("socket of family %d, garbage", family), unix.SYS_SOCKET, []uintptr{family | garbage, bad}, unix.EAFNOSUPPORT},
			trial{fmt.Sprintf("pair of family %d", family), unix.SYS_SOCKETPAIR, []uintptr{family, bad}, unix.EOPNOTSUPP})
	}
	for protocol := uintptr(1); protocol < 24; protocol++ {
		all = append(all, trial{
			fmt.Sprintf("netlink %d", protocol), unix.SYS_SOCKET,
			[]uintptr{unix.AF_NETLINK, unix.SOCK_RAW, protocol | garbage},
			unix.EPROTONOSUPPORT,
		})
	}
	for _, family := range []uintptr{unix.AF_INET, unix.AF_INET6} {
		for _, kind := range []uintptr{unix.SOCK_RDM, unix.SOCK_SEQPACKET, unix.SOCK_DCCP, unix.SOCK_PACKET} {
			all = append(all, trial{
				fmt.Sprintf("socket %d of type %d", family, kind), unix.SYS_SOCKET,
				[]uintptr{family, kind | unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP},
				unix.ESOCKTNOSUPPORT,
			})
		}
		for _, protocol := range []uintptr{
			unix.IPPROTO_SCTP, unix.IPPROTO_DCCP, unix.IPPROTO_L2TP, unix.IPPROTO_UDPLITE, unix.IPPROTO_MPTCP, unix.IPPROTO_SMC,
		} {
			all = append(all, trial{
				fmt.Sprintf("socket %d of protocol %d", family, protocol), unix.SYS_SOCKET,
				[]uintptr{family, unix.SOCK_STREAM, protocol | garbage},
				unix.EPROTONOSUPPORT,
			})
		}
		all = append(all,
			trial{"raw socket", unix.SYS_SOCKET, []uintptr{family, unix.SOCK_RAW, bad}, unix.EPERM},
			trial{"stream", unix.SYS_SOCKET, []uintptr{family, unix.SOCK_STREAM | unix.SOCK_NONBLOCK, unix.IPPROTO_TCP}, allowed},
			trial{"datagrams", unix.SYS_SOCKET, []uintptr{family, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC, 0}, allowed},
			trial{"echo", unix.SYS_SOCKET, []uintptr{family, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, allowed})
	}
	for _, mode := range []uintptr{unix.S_IFCHR, unix.S_IFBLK} {
		all = append(all, trial{"device", unix.SYS_MKNODAT, []uintptr{bad, bad, mode | 0o600 | garbage}, unix.EPERM})
	}
	for _, p := range []uintptr{readImpliesExec, 0x0100000, 0x1, addrNoRandomize | readImpliesExec, garbage | readImpliesExec, 0xfffffffe} {
		all = append(all, trial{fmt.Sprintf("personality %#x", p), unix.SYS_PERSONALITY, []uintptr{p}, unix.EPERM})
	}
	for _, p := range []uintptr{0xffffffff, bad, addrNoRandomize, perLinux32, uname26 | perLinux32, 0} {
		all = append(all, trial{fmt.Sprintf("personality %#x", p), unix.SYS_PERSONALITY, []uintptr{p}, allowed})
	}
	return append(append(all, here()...),
		trial{"above the last", lastSyscall + 1, nil, unix.ENOSYS},
		trial{"far above the last", 4095, nil, unix.ENOSYS},
		trial{"a number below garbage", unix.SYS_KEYCTL | garbage, nil, unix.ENOSYS},
		trial{"skipped by a tracer", bad, nil, unix.ENOSYS},
		trial{"netlink route", unix.SYS_SOCKET, []uintptr{unix.AF_NETLINK, unix.SOCK_RAW | unix.SOCK_CLOEXEC, 0}, allowed},
		trial{"unix", unix.SYS_SOCKET, []uintptr{unix.AF_UNIX, unix.SOCK_SEQPACKET, 0}, allowed},
		trial{"pair", unix.SYS_SOCKETPAIR, []uintptr{unix.AF_UNIX, unix.SOCK_STREAM, 0, 0}, allowed},
		trial{"clone", unix.SYS_CLONE, []uintptr{unix.CLONE_SIGHAND}, allowed},
		trial{"pipe in a folder", unix.SYS_MKNODAT, []uintptr{bad, bad, unix.S_IFIFO}, allowed},
		trial{"trace", unix.SYS_PTRACE, []uintptr{unix.PTRACE_ATTACH, bad}, allowed},
		trial{"filter", unix.SYS_SECCOMP, []uintptr{bad}, allowed},
		trial{"landlock", unix.SYS_LANDLOCK_CREATE_RULESET, []uintptr{0, 0, bad}, allowed},
		trial{"terminal", unix.SYS_IOCTL, []uintptr{bad, unix.TIOCGWINSZ}, allowed},
	)
}

// makeCalls makes all of them, or those that the step verifies by, and prints
// what each answers.
func makeCalls(how string) {
	runtime.LockOSThread()
	if how == "verify" {
		for _, a := range filtered {
			_, _, errno := unix.RawSyscall(a.call, a.args[0], a.args[1], a.args[2])
			fmt.Printf("%d %s\n", errno, a.name)
		}
		return
	}
	if how == "filtered" {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			fmt.Println(err)
		}
		if err := (&jail{filter: Filter()}).filterCalls(); err != nil {
			fmt.Println(err)
		}
	}
	for _, c := range trials() {
		args := [6]uintptr{bad, bad, bad, bad, bad, bad}
		copy(args[:], c.args)
		_, _, errno := unix.RawSyscall6(c.call, args[0], args[1], args[2], args[3], args[4], args[5])
		fmt.Printf("%d %s\n", errno, c.name)
	}
	fmt.Println(foreign())
}

// outcomes are the lines of a child.
func outcomes(t *testing.T, how string) []string {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), calling+"="+how)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_NEWUTS} // for vhangup and sethostname
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines []string
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

// The whole table against the kernel. The same calls without the filter show
// that its answer is the filter's.
func TestEachDeniedCall(t *testing.T) {
	t.Parallel()
	with, without := outcomes(t, "filtered"), outcomes(t, "bare")
	all := trials()
	if len(with) != len(all)+1 || len(without) != len(all)+1 {
		t.Fatalf("%d trials; with the filter:\n%s\nwithout:\n%s", len(all), strings.Join(with, "\n"), strings.Join(without, "\n"))
	}
	byFilter := 0
	for i, c := range all {
		got, bare := errnoOf(t, with[i]), errnoOf(t, without[i])
		switch {
		case c.want == allowed && got != bare:
			t.Errorf("%s: %q, without the filter %q", c.name, got, bare)
		case c.want != allowed && got != c.want:
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		case c.want != allowed && bare != c.want:
			byFilter++
		case c.want != allowed && bare != unix.ENOSYS && bare != unix.EAFNOSUPPORT && bare != unix.EPROTONOSUPPORT && bare != unix.ESOCKTNOSUPPORT:
			t.Errorf("%s: is %q without the filter, too: the trial shows nothing", c.name, bare)
		}
	}
	if byFilter < 150 {
		t.Errorf("only %d answers are the filter's", byFilter)
	}
	if last := with[len(with)-1]; last != fmt.Sprint(foreignWant) {
		t.Errorf("a call of another architecture: %s, want %d", last, foreignWant)
	}
}

func errnoOf(t *testing.T, line string) unix.Errno {
	t.Helper()
	text, _, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return unix.Errno(n)
}

// What the step verifies by must have another answer where no filter is.
func TestAFilterThatIsMissingIsSeen(t *testing.T) {
	t.Parallel()
	seen := outcomes(t, "verify")
	if len(seen) != len(filtered) {
		t.Fatal(seen)
	}
	for i, a := range filtered {
		if errnoOf(t, seen[i]) == a.want {
			t.Errorf("%s: %q without the filter, too", a.name, a.want)
		}
	}
}

func TestTheTable(t *testing.T) {
	t.Parallel()
	for _, d := range slices.Concat(denied, deniedHere) {
		pretends := slices.Contains(d.Calls, unix.SYS_SETRLIMIT) || slices.Contains(d.Calls, unix.SYS_PRLIMIT64)
		if d.Why == "" || (d.Errno == 0) != pretends || len(d.Calls) == 0 {
			t.Errorf("%+v", d)
		}
		for _, number := range d.Calls {
			if number > lastSyscall {
				t.Errorf("%d is above the last known: %s", number, d.Why)
			}
		}
	}
}

// When x/sys learns new calls, somebody has to decide on them.
func TestTheLastCallIsTheLast(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(strings.TrimSpace(string(out)), "zsysnum_linux_"+runtime.GOARCH+".go")
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	calls, highest := constants(parsed)
	if calls < 300 || highest != lastSyscall {
		t.Errorf("the highest of %d calls is %d: decide on those above %d, then set lastSyscall", calls, highest, lastSyscall)
	}
}

// constants counts the SYS_ constants of a file, and finds the highest.
func constants(file *ast.File) (count, highest int) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "SYS_") {
			return true
		}
		if value, ok := spec.Values[0].(*ast.BasicLit); ok {
			number, err := strconv.Atoi(value.Value)
			if err == nil {
				count++
				highest = max(highest, number)
			}
		}
		return true
	})
	return count, highest
}

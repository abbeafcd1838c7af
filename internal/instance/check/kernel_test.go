package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newProc makes a /proc of a kernel that has everything.
func newProc(t *testing.T) string {
	t.Helper()
	proc := t.TempDir()
	put := func(name, content string) {
		path := filepath.Join(proc, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, ns := range namespaces {
		put("self/ns/"+ns.name, "")
		put("sys/user/max_"+ns.name+"_namespaces", "31337\n")
	}
	put("sys/kernel/seccomp/actions_avail", "kill_process errno allow\n")
	return proc
}

func TestKernelProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		spoil func(k *kernel)
		wants string // the only problem; empty: none
	}{
		{"complete", func(*kernel) {}, ""},
		{"no ipc", func(k *kernel) { os.Remove(filepath.Join(k.proc, "self/ns/ipc")) }, "CONFIG_IPC_NS"},
		{"no net", func(k *kernel) { os.Remove(filepath.Join(k.proc, "self/ns/net")) }, "kernel: has no net namespaces"},
		{"pid limit", func(k *kernel) {
			_ = os.WriteFile(filepath.Join(k.proc, "sys/user/max_pid_namespaces"), []byte("0\n"), 0o600)
		}, "run: sysctl -w user.max_pid_namespaces=10000"},
		{"limits not built in", func(k *kernel) { os.RemoveAll(filepath.Join(k.proc, "sys/user")) }, ""},
		{"linux 5.10", func(k *kernel) { k.probe = without(unix.SYS_MOUNT_SETATTR) }, "kernel: has no mount_setattr(2) - boot Linux 5.12 or newer"},
		{"no openat2", func(k *kernel) { k.probe = without(unix.SYS_OPENAT2) }, "openat2"},
		{"no seccomp", func(k *kernel) { os.RemoveAll(filepath.Join(k.proc, "sys/kernel/seccomp")) }, "CONFIG_SECCOMP_FILTER"},
		{"container", func(k *kernel) {
			k.unshare = func(flags int) error {
				if flags == unix.CLONE_NEWNET {
					return unix.EPERM
				}
				return nil
			}
		}, "kernel: refuses a net namespace: unshare: operation not permitted - run jailshd outside of containers"},
		{"not root", func(k *kernel) { k.root = false; k.unshare = nil }, "only root can make jails - use sudo"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			k := kernel{proc: newProc(t), root: true, probe: without(0), unshare: func(int) error { return nil }}
			test.spoil(&k)
			found := k.problems()
			switch {
			case test.wants == "" && len(found) > 0:
				t.Errorf("problems: %v", found)
			case test.wants != "" && (len(found) != 1 || !strings.Contains(found.Error(), test.wants)):
				t.Errorf("problems: %v; wanted only %q", found, test.wants)
			}
		})
	}
}

// without is a kernel that lacks one system call; 0 is read(2), which isn't asked.
func without(nr uintptr) func(uintptr) unix.Errno {
	return func(n uintptr) unix.Errno {
		if n == nr {
			return unix.ENOSYS
		}
		return unix.EINVAL
	}
}

func TestKernelNamesAllProblems(t *testing.T) {
	t.Parallel()
	k := kernel{proc: t.TempDir(), probe: func(uintptr) unix.Errno { return unix.ENOSYS }}
	if got, want := len(k.problems()), 1+len(namespaces)+len(calls)+1; got != want {
		t.Errorf("%d problems, want %d:\n%v", got, want, k.problems())
	}
}

// The tests need a kernel that can run jails, and so the real answers are known.
func TestThisKernel(t *testing.T) {
	t.Parallel()
	before := mountNamespace(t)
	if found := Kernel(); len(found) > 0 {
		t.Errorf("problems:\n%v", found)
	}
	if after := mountNamespace(t); after != before {
		t.Errorf("this process went from %s to %s", before, after)
	}
	if errno := probe(^uintptr(0) >> 33); errno != unix.ENOSYS {
		t.Errorf("a system call that no kernel has: %v", errno)
	}
	if err := unshare(0x1); err != unix.EINVAL {
		t.Errorf("unshare of what no kernel knows: %v", err)
	}
}

func mountNamespace(t *testing.T) string {
	t.Helper()
	ns, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

package identity

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Identity is who the process is to become.
type Identity struct {
	UID, GID uint32
	Groups   []uint32
}

// Drop gives up everything that root has, on the calling thread, in the order
// that each call needs: the bounding set while CAP_SETPCAP is held, groups while
// CAP_SETGID is, the uid last (attacks on the other orders: setgroups(2),
// capabilities(7)). Verify tells whether it worked.
func Drop(id Identity) error {
	if err := dropBoundingSet(); err != nil {
		return err
	}
	if err := setGroups(id.Groups); err != nil {
		return err
	}
	if err := rawCall("setresgid", unix.SYS_SETRESGID, uintptr(id.GID), uintptr(id.GID), uintptr(id.GID)); err != nil {
		return err
	}
	if err := rawCall("setresuid", unix.SYS_SETRESUID, uintptr(id.UID), uintptr(id.UID), uintptr(id.UID)); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl(PR_CAP_AMBIENT_CLEAR_ALL)", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return os.NewSyscallError("capset", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl(PR_SET_NO_NEW_PRIVS)", err)
	}
	return Undumpable()
}

// Undumpable keeps others of the same uid from tracing the process, and from
// reading its memory, descriptors and executable through /proc (ptrace(2),
// CVE-2019-5736). It doesn't survive execve: call it again afterwards.
func Undumpable() error {
	return os.NewSyscallError("prctl(PR_SET_DUMPABLE)", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}

// lastCap is above every capability that a kernel knows; PR_CAPBSET_READ
// answers EINVAL from the first unknown one on.
const lastCap = 63

func dropBoundingSet() error {
	for c := range uintptr(lastCap) {
		if _, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); err == unix.EINVAL {
			return nil
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
			return os.NewSyscallError(fmt.Sprintf("prctl(PR_CAPBSET_DROP, %d)", c), err)
		}
	}
	return nil
}

// setGroups is the system call itself: the standard library's would act on all
// threads, and so would wait for ones that are gone from our view.
func setGroups(groups []uint32) error {
	var first unsafe.Pointer
	if len(groups) > 0 {
		first = unsafe.Pointer(&groups[0])
	}
	return rawCall("setgroups", unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(first), 0)
}

func rawCall(name string, number, a, b, c uintptr) error {
	if _, _, errno := unix.RawSyscall(number, a, b, c); errno != 0 {
		return os.NewSyscallError(name, errno)
	}
	return nil
}

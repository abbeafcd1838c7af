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

// Drop gives up everything that root has, on the calling thread. Verify tells
// whether it worked.
func Drop(id Identity) error {
	for _, s := range steps {
		if err := s.do(id); err != nil {
			return os.NewSyscallError(s.name, err)
		}
	}
	return nil
}

// steps are in the order that each call needs: the bounding set while
// CAP_SETPCAP is held, groups while CAP_SETGID is, the uid last of the ids, as it
// takes the capabilities along (capabilities(7), setgroups(2)).
var steps = []struct {
	name string
	do   func(Identity) error
}{
	{"prctl(PR_CAPBSET_DROP)", func(Identity) error { return dropBoundingSet() }},
	{"setgroups", func(id Identity) error { return setGroups(id.Groups) }},
	{"setresgid", func(id Identity) error { return rawCall(unix.SYS_SETRESGID, id.GID, id.GID, id.GID) }},
	{"setresuid", func(id Identity) error { return rawCall(unix.SYS_SETRESUID, id.UID, id.UID, id.UID) }},
	{"prctl(PR_CAP_AMBIENT)", func(Identity) error {
		return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	}},
	{"capset", func(Identity) error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		return unix.Capset(&header, &none[0])
	}},
	{"prctl(PR_SET_NO_NEW_PRIVS)", func(Identity) error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
	{"prctl(PR_SET_DUMPABLE)", func(Identity) error { return Undumpable() }},
}

// Undumpable keeps others of the same uid from tracing the process, and from
// reading its memory, descriptors and executable through /proc (ptrace(2),
// CVE-2019-5736). It doesn't survive execve: call it again afterwards.
func Undumpable() error {
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// Name sets what ps(1) calls the process, when called on its main thread: one
// that was executed by its descriptor is called by that one's number otherwise.
// It is for people, and its failure is nobody's.
func Name(name string) {
	text, err := unix.BytePtrFromString(name)
	if err == nil {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(text)), 0, 0, 0)
	}
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
			return fmt.Errorf("capability %d: %w", c, err)
		}
	}
	return nil
}

// setGroups is the system call itself: the standard library's acts on all
// threads.
func setGroups(groups []uint32) error {
	var first unsafe.Pointer
	if len(groups) > 0 {
		first = unsafe.Pointer(&groups[0])
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(first), 0); errno != 0 {
		return errno
	}
	return nil
}

func rawCall(number uintptr, a, b, c uint32) error {
	if _, _, errno := unix.RawSyscall(number, uintptr(a), uintptr(b), uintptr(c)); errno != 0 {
		return errno
	}
	return nil
}

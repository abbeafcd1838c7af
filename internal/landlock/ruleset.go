package landlock

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ruleset names what can be written. It is a descriptor, closed at execve.
type Ruleset struct {
	fd      int
	handled uint64 // rights that are refused where no rule grants them
}

// New returns a ruleset under which nothing can be written. The kernel's version
// must be Least or newer.
func New(version int) (*Ruleset, error) {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled(version)}
	if version >= withScopes {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	// An older kernel takes a longer structure if what it doesn't know is zero.
	const size = unsafe.Offsetof(attr.Scoped) + unsafe.Sizeof(attr.Scoped)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("landlock_create_ruleset", errno)
	}
	return &Ruleset{fd: int(fd), handled: attr.Handled_access_fs}, nil
}

// What changes a file, a folder, and a device.
const (
	onFile   = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	onDevice = onFile | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	onFolder = onFile | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_REFER

	// Nowhere allowed: not even the character device 0:0 that the kernel lets
	// everybody make (mknod(2), overlayfs's whiteout).
	never = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK
)

// handled are all of them that the version knows.
func handled(version int) uint64 {
	rights := uint64(onFolder | onDevice | never)
	if version < withTruncate {
		rights &^= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version < withIoctl {
		rights &^= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return rights
}

// AllowFolder lets everything below the folder be made, written, renamed and
// removed, but devices. fd may be an O_PATH descriptor.
func (r *Ruleset) AllowFolder(fd int) error { return r.allow(fd, onFolder) }

// AllowFile lets a file be written, if its mode does.
func (r *Ruleset) AllowFile(fd int) error { return r.allow(fd, onFile) }

// AllowDevice lets a device, or the devices of a folder, be written and asked
// what ioctl(2) asks.
func (r *Ruleset) AllowDevice(fd int) error { return r.allow(fd, onDevice) }

func (r *Ruleset) allow(fd int, rights uint64) error {
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights & r.handled, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_add_rule", errno)
	}
	return nil
}

// Restrict applies the ruleset to the calling thread, for good. no_new_privs
// must be set, and the thread locked.
func (r *Ruleset) Restrict() error {
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(r.fd), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}

// Close lets go of a ruleset; what was restricted stays so.
func (r *Ruleset) Close() error { return unix.Close(r.fd) }

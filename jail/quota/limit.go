package quota

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands of quotactl(2), for projects.
const (
	typeProject = 2
	getState    = 0x5808<<8 | typeProject   // Q_XGETQSTATV
	getQuota    = 0x800007<<8 | typeProject // Q_GETQUOTA
	setQuota    = 0x800008<<8 | typeProject // Q_SETQUOTA
)

// limits is struct if_dqblk of linux/quota.h.
type limits struct {
	blocksHard, blocksSoft uint64 // of 1 KiB
	space                  uint64 // in use, in bytes
	inodesHard, inodesSoft uint64
	inodes                 uint64 // in use
	_, _                   uint64
	valid                  uint32
	_                      uint32
}

const validLimits = 1 | 4 // QIF_BLIMITS, QIF_ILIMITS

// state is struct fs_quota_statv of linux/dqblk_xfs.h.
type state struct {
	version uint8
	_       uint8
	flags   uint16
	_       [156]byte
}

// enforced of state.flags says that limits of projects are enforced
// (FS_QUOTA_PDQ_ENFD); without it they are counted at most.
const enforced = 1 << 5

// fileSize is what a file takes at least, if there is anything in it. There may
// be as many files as would fit of them: who keeps something in each never meets
// that limit, and who makes empty ones can't use up the file system's inodes.
const fileSize = 4 << 10

const elsewhere = "put homes on ext4 or XFS with project quotas, or take limits.home out"

// quotactl is quotactl_fd(2).
func quotactl(fd int, command, project uint32, argument unsafe.Pointer) error {
	if _, _, errno := unix.Syscall6(unix.SYS_QUOTACTL_FD, uintptr(fd), uintptr(command), uintptr(project), uintptr(argument), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// Check tells why Set would fail, and changes nothing.
func Check(fd int, folder string, project uint32) error {
	if err := Possible(fd, folder); err != nil {
		return err
	}
	_, err := member(fd, folder, project)
	return err
}

// Set limits what is in the folder at fd to so many bytes, from now on. folder is
// its name, for errors.
func Set(fd int, folder string, project uint32, bytes uint64) error {
	if err := Possible(fd, folder); err != nil {
		return err
	}
	if err := join(fd, folder, project); err != nil {
		return err
	}
	if err := unix.Fsetxattr(fd, set, nil, 0); err != nil {
		return fmt.Errorf("%s: fsetxattr(%s): %w - %s", folder, set, err, elsewhere)
	}
	want := limits{blocksHard: bytes >> 10, inodesHard: bytes / fileSize, valid: validLimits}
	if err := quotactl(fd, setQuota, project, unsafe.Pointer(&want)); err != nil {
		return fmt.Errorf("%s: quotactl(Q_SETQUOTA): %w - %s", folder, err, elsewhere)
	}
	var got limits
	if err := quotactl(fd, getQuota, project, unsafe.Pointer(&got)); err != nil || got.blocksHard != want.blocksHard || got.inodesHard != want.inodesHard {
		return fmt.Errorf("%s: the limit was not kept: %d KiB and %d files instead of %d and %d (%v) - %s",
			folder, got.blocksHard, got.inodesHard, want.blocksHard, want.inodesHard, err, elsewhere)
	}
	return nil
}

// set marks a folder whose limit Set has set: only that one is Lift's to take away,
// and not one of the administrator's own. Nobody but root sees it (xattr(7)).
const set = "trusted.jailsh.quota"

// Lift takes away the limit that Set has set, if it has.
func Lift(fd int, folder string, project uint32) error {
	if _, err := unix.Fgetxattr(fd, set, nil); errors.Is(err, unix.ENODATA) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil // never set: by far the most common
	} else if err != nil {
		return fmt.Errorf("%s: fgetxattr(%s): %w", folder, set, err)
	}
	none := limits{valid: validLimits}
	if err := quotactl(fd, setQuota, project, unsafe.Pointer(&none)); err != nil {
		return fmt.Errorf("%s: quotactl(Q_SETQUOTA): %w - run: setquota -P %d 0 0 0 0 -a; setfattr -x %s %s", folder, err, project, set, folder)
	}
	if err := unix.Fremovexattr(fd, set); err != nil {
		return fmt.Errorf("%s: fremovexattr(%s): %w", folder, set, err)
	}
	return nil
}

// Possible tells why the file system of the folder at fd can't limit projects, and
// what to do.
func Possible(fd int, folder string) error {
	now := state{version: 1}
	err := quotactl(fd, getState, 0, unsafe.Pointer(&now))
	switch {
	case err == nil && now.flags&enforced != 0:
		return nil
	case err == unix.EPERM:
		return fmt.Errorf("%s: quotactl: %w - use sudo", folder, err)
	case err == unix.ENOSYS && quotactl(-1, getState, 0, nil) == unix.ENOSYS:
		return fmt.Errorf("%s: the kernel has no quotactl_fd(2) - boot Linux 5.14 or newer, with CONFIG_QUOTA, or take limits.home out", folder)
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	switch {
	case fs.Type == unix.EXT4_SUPER_MAGIC && err == nil:
		return fmt.Errorf("%s: its file system counts projects, but doesn't limit them - mount it with the option prjquota", folder)
	case fs.Type == unix.EXT4_SUPER_MAGIC:
		return fmt.Errorf("%s: its file system has no project quotas - unmount it, run: tune2fs -O quota,project -Q prjquota DEVICE; and mount it with the option prjquota", folder)
	case fs.Type == unix.XFS_SUPER_MAGIC:
		return fmt.Errorf("%s: its file system is mounted without project quotas - mount it with the option prjquota", folder)
	}
	return fmt.Errorf("%s: its file system has no project quotas - %s", folder, elsewhere)
}

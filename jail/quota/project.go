package quota

import (
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attributes is struct fsxattr of linux/fs.h.
type attributes struct {
	flags, extsize, extents, project, cowextsize uint32
	_                                            [8]byte
}

// The ioctls of struct fsxattr: _IOR('X', 31) and _IOW('X', 32).
const (
	getAttributes = 0x801c581f // FS_IOC_FSGETXATTR
	setAttributes = 0x401c5820 // FS_IOC_FSSETXATTR
)

// inherit has what is made in a folder belong to the folder's project
// (FS_XFLAG_PROJINHERIT).
const inherit = 0x200

func (a *attributes) ioctl(fd int, command uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), command, uintptr(unsafe.Pointer(a))); errno != 0 {
		return errno
	}
	return nil
}

// member tells whether the folder is a part of the project. One with files in it
// that isn't, or that is another's, is an error: they wouldn't be counted.
func member(fd int, folder string, project uint32) (bool, error) {
	var a attributes
	if err := a.ioctl(fd, getAttributes); err != nil {
		return false, fmt.Errorf("%s: ioctl(FS_IOC_FSGETXATTR): %w - %s", folder, err, elsewhere)
	}
	if a.project == project && a.flags&inherit != 0 {
		return true, nil
	}
	if a.project != 0 && a.project != project {
		return false, fmt.Errorf("%s: belongs to the project %d, not to %d, its owner's uid - %s", folder, a.project, project, count(folder, project))
	}
	if empty, err := isEmpty(fd); err != nil || !empty {
		return false, fmt.Errorf("%s: has files that are not counted yet - %s", folder, count(folder, project))
	}
	return false, nil
}

// join makes the folder, and all that will be made in it, a part of the project.
func join(fd int, folder string, project uint32) error {
	joined, err := member(fd, folder, project)
	if err != nil || joined {
		return err
	}
	var a attributes
	if err = a.ioctl(fd, getAttributes); err == nil {
		a.project = project
		a.flags |= inherit
		err = a.ioctl(fd, setAttributes)
	}
	if err != nil {
		return fmt.Errorf("%s: ioctl(FS_IOC_FSSETXATTR): %w - %s", folder, err, elsewhere)
	}
	return nil
}

// count is how to make a folder with files a part of the project. chattr(1) takes
// +P for folders only.
func count(folder string, project uint32) string {
	return fmt.Sprintf(`run: find %s -xdev '(' -type d -exec chattr -p %d +P {} + ')' -o '(' -type f -exec chattr -p %d {} + ')'`, folder, project, project)
}

func isEmpty(fd int) (bool, error) {
	// A descriptor of its own: reading moves the offset.
	own, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	f := os.NewFile(uintptr(own), ".")
	defer f.Close()
	_, err = f.Readdirnames(1)
	if err == io.EOF {
		return true, nil
	}
	return false, err
}

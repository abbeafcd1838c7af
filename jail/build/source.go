package build

import (
	"fmt"
	"path"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// makePrivate detaches the copy of the host's mount tree that the clone made:
// what is mounted from here on is seen nowhere else, and the other way round.
// Go's Cloneflags, unlike its Unshareflags, don't do it.
func (j *jail) makePrivate() error {
	return call("mount(/, MS_PRIVATE)", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

// openSources clones what comes from the host, while the host's tree is there.
func (j *jail) openSources() error {
	for i := range j.spec.Mounts {
		m := &j.spec.Mounts[i]
		if m.Kind != wire.MountTree && m.Kind != wire.MountBind {
			continue
		}
		fd, err := openHost(m.Source, 0)
		if err == unix.ENOENT && m.Optional {
			continue
		}
		if err != nil {
			return call("open "+m.Source, err)
		}
		err = j.cloneSource(fd, m)
		unix.Close(fd)
		if err != nil {
			return err
		}
	}
	return nil
}

// openHost opens an absolute path of the host, no part of which may be a
// symbolic link.
func openHost(name string, flags uint64) (int, error) {
	return unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC | flags,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// cloneSource keeps a detached copy of the mount tree at fd, with the flags
// that it will have. They are set recursively: a bind alone takes none, and a
// remount would forget the mounts below it.
func (j *jail) cloneSource(fd int, m *wire.Mount) error {
	// With what is mounted below: a host may have /usr/local on a disk of its own.
	tree, err := unix.OpenTree(fd, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)
	if err != nil {
		return call("open_tree "+m.Source, err)
	}
	attr := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
	if !m.Writable {
		attr |= unix.MOUNT_ATTR_RDONLY
	}
	if err := setAttr(tree, attr, unix.AT_RECURSIVE); err != nil {
		return call("mount_setattr "+m.Source, err)
	}
	j.sources[m.Target] = tree
	return nil
}

func setAttr(fd int, attr uint64, flags uint) error {
	return unix.MountSetattr(fd, "", flags|unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attr})
}

// call names the system call of an error.
func call(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// below is target as openat2 wants it: relative to the root.
func below(target string) string {
	if rel := strings.TrimPrefix(path.Clean(target), "/"); rel != "" {
		return rel
	}
	return "."
}

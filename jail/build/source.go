package build

import (
	"fmt"
	"path"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// openSources clones what comes from the host.
func (j *jail) openSources() error { return j.onHost(j.cloneSources) }

func (j *jail) cloneSources() error {
	for i := range j.spec.Mounts {
		m := &j.spec.Mounts[i]
		if m.Kind != wire.MountTree && m.Kind != wire.MountBind {
			continue
		}
		fd, err := j.openHost(m.Source, 0)
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

// cloneSource keeps a detached copy of the mount tree at fd, with the flags
// that it will have. They are set recursively: a bind alone takes none, and a
// remount would forget the mounts below it.
func (j *jail) cloneSource(fd int, m *wire.Mount) error {
	// With what is mounted below: a host may have /usr/local on a disk of its own.
	tree, err := unix.OpenTree(fd, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)
	if err != nil {
		return call("open_tree "+m.Source, err)
	}
	// Private, or what is mounted on it in the jail would appear on the host's too.
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, Propagation: unix.MS_PRIVATE}
	if !m.Writable {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		return call("mount_setattr "+m.Source, err)
	}
	j.sources[m.Target] = tree
	return nil
}

func setAttr(fd int, attr uint64) error {
	return unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attr})
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

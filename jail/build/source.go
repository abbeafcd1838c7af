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

// openHome opens the user's home, makes it if it is missing, and refuses one
// that isn't hers. The home is looked at by descriptor only: she may own the
// folder above it.
func (j *jail) openHome() error {
	for i := range j.spec.Mounts {
		m := &j.spec.Mounts[i]
		if m.Kind != wire.MountHome {
			continue
		}
		fd, err := j.ensureHome(m.Source)
		if err != nil {
			return err
		}
		err = j.cloneSource(fd, m)
		unix.Close(fd)
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *jail) ensureHome(home string) (int, error) {
	folder, name := path.Split(home)
	parent, err := openHost(path.Clean(folder), unix.O_DIRECTORY)
	if err != nil {
		return -1, fmt.Errorf("home %s: the folder above it: %w - make it, or set homes in jailsh.toml", home, err)
	}
	defer unix.Close(parent)
	if err := unix.Mkdirat(parent, name, 0o700); err != nil && err != unix.EEXIST {
		return -1, call("mkdir "+home, err)
	}
	fd, err := unix.Openat(parent, name, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.ELOOP || err == unix.ENOTDIR {
		return -1, fmt.Errorf("home %s: is a symbolic link or a file - move it away, or set home of the user", home)
	}
	if err != nil {
		return -1, call("open "+home, err)
	}
	if err := j.ownHome(fd, home); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// ownHome gives the user a home that was just made, by this build or by one that
// was killed before it came to that: an empty folder of root's that nobody else
// can look into. Any other must be hers already.
func (j *jail) ownHome(fd int, home string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return call("stat "+home, err)
	}
	if st.Uid == 0 && st.Mode&0o7777 == 0o700 && empty(fd) {
		return call("fchown "+home, unix.Fchown(fd, int(j.spec.UID), int(j.spec.GID)))
	}
	if st.Uid != j.spec.UID {
		return fmt.Errorf("home %s: belongs to uid %d, not to %s - run: chown -R %d:%d %s",
			home, st.Uid, j.spec.User, j.spec.UID, j.spec.GID, home)
	}
	return nil
}

func empty(dir int) bool {
	buf := make([]byte, 1024)
	n, err := unix.Getdents(dir, buf)
	if err != nil {
		return false
	}
	_, count, _ := unix.ParseDirent(buf[:n], -1, nil) // without . and ..
	return count == 0
}

// cloneSource keeps a detached copy of the mount tree at fd, with the flags
// that it will have. They are set recursively: a bind alone takes none, and a
// remount would forget the mounts below it.
func (j *jail) cloneSource(fd int, m *wire.Mount) error {
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_EMPTY_PATH)
	if m.Kind != wire.MountTree {
		flags |= unix.AT_RECURSIVE
	}
	tree, err := unix.OpenTree(fd, "", flags)
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

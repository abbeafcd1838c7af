package build

import (
	"fmt"
	"path"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// stage is where the new root hangs until the pivot, in a mount tree that only
// this process sees. Every host has the folder.
const stage = "/tmp"

// makeRoot mounts the tmpfs that becomes the jail's root. Nobody but root can write
// to it, ever.
func (j *jail) makeRoot() error {
	fd, err := newTmpfs("mode=0755,size=1m,nr_inodes=4096", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return err
	}
	if err := unix.MoveMount(fd, "", unix.AT_FDCWD, stage, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return call("move_mount "+stage, err)
	}
	j.root = fd
	return nil
}

// newTmpfs returns a mounted but detached tmpfs. Options are those of tmpfs(5),
// separated by commas.
func newTmpfs(options string, attr int) (int, error) {
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, call("fsopen tmpfs", err)
	}
	defer unix.Close(fs)
	if err := setOptions(fs, options); err != nil {
		return -1, err
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attr)
	return fd, call("fsmount tmpfs", err)
}

// openTarget opens a place of the new root; resolution can't leave it, and no
// part may be a link, so a mount lands where the plan says or nowhere.
func (j *jail) openTarget(target string) (int, error) {
	return unix.Openat2(j.root, below(target), &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// makeDir makes target and what is missing above it.
func (j *jail) makeDir(target string) error {
	if fd, err := j.openTarget(target); err == nil {
		return unix.Close(fd)
	}
	parent := path.Dir(path.Clean(target))
	if parent != "/" {
		if err := j.makeDir(parent); err != nil {
			return err
		}
	}
	fd, err := j.openTarget(parent)
	if err != nil {
		return call("open "+parent, err)
	}
	defer unix.Close(fd)
	if err := unix.Mkdirat(fd, path.Base(target), 0o755); err != nil && err != unix.EEXIST {
		return call("mkdir "+target, err)
	}
	return nil
}

// place attaches the detached mount tree fd at target and closes fd.
func (j *jail) place(fd int, target string) error {
	defer unix.Close(fd)
	at, err := j.openTarget(target)
	if err != nil {
		return call("open "+target, err)
	}
	defer unix.Close(at)
	return call("move_mount "+target, unix.MoveMount(fd, "", at, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH))
}

// placeTemplate binds the template's folders, and makes those and the links that
// the root has beside them.
func (j *jail) placeTemplate() error {
	for i := range j.spec.Mounts {
		var err error
		switch m := &j.spec.Mounts[i]; m.Kind {
		case wire.MountDir:
			err = j.makeDir(m.Target)
		case wire.MountLink:
			err = call("symlink "+m.Target, unix.Symlinkat(m.Source, j.root, below(m.Target)))
		case wire.MountTree:
			err = j.placeTree(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *jail) placeTree(m *wire.Mount) error {
	if err := j.makeDir(m.Target); err != nil {
		return err
	}
	return j.place(j.sources[m.Target], m.Target)
}

// placeTmpfs mounts the jail's own file systems in memory.
func (j *jail) placeTmpfs() error {
	return j.each(wire.MountTmpfs, func(m *wire.Mount) error {
		if err := j.makeDir(m.Target); err != nil {
			return err
		}
		fd, err := newTmpfs(m.Data, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
		if err != nil {
			return err
		}
		return j.place(fd, m.Target)
	})
}

func (j *jail) placeHome() error {
	return j.each(wire.MountHome, func(m *wire.Mount) error {
		return j.place(j.sources[m.Target], m.Target)
	})
}

// placeBinds attaches the administrator's mounts. A missing mount point is made
// where the jail's own root or a writable mount has room for it.
func (j *jail) placeBinds() error {
	return j.each(wire.MountBind, func(m *wire.Mount) error {
		fd, ok := j.sources[m.Target]
		if !ok {
			return nil // optional, and not there
		}
		if err := j.makeTarget(fd, m.Target); err != nil {
			return fmt.Errorf("%w - choose a target that the template has, or one outside its folders", err)
		}
		return j.place(fd, m.Target)
	})
}

// makeTarget makes the mount point that suits the source: a folder or a file.
func (j *jail) makeTarget(source int, target string) error {
	var st unix.Stat_t
	if err := unix.Fstat(source, &st); err != nil {
		return call("stat", err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return j.makeDir(target)
	}
	if fd, err := j.openTarget(target); err == nil {
		return unix.Close(fd)
	}
	parent := path.Dir(path.Clean(target))
	if err := j.makeDir(parent); err != nil {
		return err
	}
	at, err := j.openTarget(parent)
	if err != nil {
		return call("open "+parent, err)
	}
	defer unix.Close(at)
	fd, err := unix.Openat(at, path.Base(target), unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o444)
	if err != nil {
		return call("create "+target, err)
	}
	return unix.Close(fd)
}

func (j *jail) each(kind wire.MountKind, do func(*wire.Mount) error) error {
	for i := range j.spec.Mounts {
		if m := &j.spec.Mounts[i]; m.Kind == kind {
			if err := do(m); err != nil {
				return err
			}
		}
	}
	return nil
}

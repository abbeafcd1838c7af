package build

import (
	"fmt"
	"path"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/quota"
	"golang.org/x/sys/unix"
)

// openHome opens the user's home, makes it if it is missing, and refuses one
// that isn't hers. The home is looked at by descriptor only: she may own the
// folder above it.
func (j *jail) openHome() error { return j.onHost(j.cloneHome) }

func (j *jail) cloneHome() error {
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
	parent, err := j.openHost(path.Clean(folder), unix.O_DIRECTORY)
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
// was killed before it came to that: a folder of root's that nobody else can look
// into, with nothing in it but the mark. Any other must be hers already.
//
// The mark is there before the home is hers, so that a home of hers without the
// mark is one that has, or had, all of skel.
func (j *jail) ownHome(fd int, home string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return call("stat "+home, err)
	}
	fresh := st.Uid == 0 && st.Mode&0o077 == 0 && onlyMarked(fd)
	if fresh || st.Uid == j.spec.UID {
		// Before anything is made in it, which would not be counted.
		if err := j.limitHome(fd, home); err != nil {
			return err
		}
	}
	if fresh {
		if err := j.mark(fd, home); err != nil {
			return err
		}
		// The folder above may have given it more, by an ACL or its setgid bit.
		if err := unix.Fchmod(fd, 0o700); err != nil {
			return call("fchmod "+home, err)
		}
		return call("fchown "+home, unix.Fchown(fd, int(j.spec.UID), int(j.spec.GID)))
	}
	if st.Uid != j.spec.UID {
		return fmt.Errorf("home %s: belongs to uid %d, not to %s - run: chown -R %d:%d %s",
			home, st.Uid, j.spec.User, j.spec.UID, j.spec.GID, home)
	}
	return nil
}

// limitHome sets what the home may hold, or takes an earlier limit away.
func (j *jail) limitHome(fd int, home string) error {
	if j.spec.HomeLimit == 0 {
		return quota.Lift(fd, home, j.spec.UID)
	}
	return quota.Set(fd, home, j.spec.UID, uint64(j.spec.HomeLimit))
}

// mark makes the file that has skel copied, see skel.go.
func (j *jail) mark(dir int, home string) error {
	fd, err := unix.Openat(dir, newHome, unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return call("create "+path.Join(home, newHome), err)
	}
	defer unix.Close(fd)
	return call("fchown "+path.Join(home, newHome), unix.Fchown(fd, int(j.spec.UID), int(j.spec.GID)))
}

// onlyMarked tells whether the folder is empty but for the mark. It has few
// entries then: one read has them all.
func onlyMarked(dir int) bool {
	buf := make([]byte, 1024)
	n, err := unix.Getdents(dir, buf)
	if err != nil {
		return false
	}
	_, _, names := unix.ParseDirent(buf[:n], -1, nil) // without . and ..
	return len(names) == 0 || len(names) == 1 && names[0] == newHome
}

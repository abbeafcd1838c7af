package build

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/landlock"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// A second wall behind the mounts' flags: what the plan mounted writable can be
// written, and nothing else. A kernel without Landlock makes jails without it;
// jailshd says so when it starts.
//
// Nothing in /proc can be written, which takes away the files by which a process
// is steered past system calls: mem, attr, oom_score_adj, uid_map (CVE-2025-52881
// turned writes there). What programs use of them has another way: debuggers fall
// back from mem to ptrace, names are set by prctl.

// collectRules opens what is writable, as root: to add a rule takes no right, but
// somebody may have shut a folder above a mount to the user.
func (j *jail) collectRules() error {
	version := landlock.Version()
	if version < landlock.Least {
		return nil
	}
	var err error
	if j.rules, err = landlock.New(version); err != nil {
		return err
	}
	for _, kind := range []wire.MountKind{wire.MountTmpfs, wire.MountHome, wire.MountBind} {
		err = j.each(kind, func(m *wire.Mount) error {
			if _, made := j.sources[m.Target]; !m.Writable || m.Kind == wire.MountBind && !made {
				return nil
			}
			return j.allowWrites(m.Target)
		})
		if err != nil {
			return err
		}
	}
	if err := j.allowWrites("/dev/shm"); err != nil {
		return err
	}
	for _, n := range nodes {
		if err := j.allowDevice("/dev/" + n.name); err != nil {
			return err
		}
	}
	return j.allowDevice("/dev/pts")
}

func (j *jail) allowWrites(target string) error {
	return j.withTarget(target, func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return j.rules.AllowFolder(fd)
		}
		return j.rules.AllowFile(fd)
	})
}

func (j *jail) allowDevice(target string) error { return j.withTarget(target, j.rules.AllowDevice) }

func (j *jail) withTarget(target string, do func(fd int) error) error {
	fd, err := j.openTarget(target)
	if err != nil {
		return call("open "+target, err)
	}
	defer unix.Close(fd)
	return call(target, do(fd))
}

// restrictWrites applies the rules, and makes sure that they hold: the whiteout
// is the one thing that everybody may make in a folder of her own, and that no
// rule allows.
func (j *jail) restrictWrites() error {
	if j.rules == nil {
		return nil
	}
	if err := j.rules.Restrict(); err != nil {
		return err
	}
	if err := whiteout("/dev/shm/.verify"); err != unix.EACCES {
		return fmt.Errorf("making a whiteout answered %v instead of %q", err, unix.EACCES)
	}
	return call("close", j.rules.Close())
}

func whiteout(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o600, 0) }

package sftp

import (
	"golang.org/x/sys/unix"
)

// attrs are a file's attributes, draft section 5. Times are 32 bits there.
type attrs struct {
	flags        uint32 // which of the others are meant
	size         uint64
	uid, gid     uint32
	mode         uint32
	atime, mtime uint32
}

const allAttrs = attrSize | attrIDs | attrPermissions | attrTimes

func attrsOf(st *unix.Stat_t) attrs {
	return attrs{
		flags: allAttrs, size: uint64(st.Size), uid: st.Uid, gid: st.Gid, mode: st.Mode,
		atime: seconds(st.Atim.Sec), mtime: seconds(st.Mtim.Sec),
	}
}

// seconds is a time as the protocol can say it: from 1970 to 2106.
func seconds(t int64) uint32 { return uint32(max(0, min(t, 1<<32-1))) }

// permissions are the bits that chmod(2) takes.
const permissions = 0o7777

// target is what attributes are set of: an open file, a path, or, if follow isn't
// set, what the path itself is.
type target struct {
	fd     int // below zero: path
	path   string
	follow bool
}

// set carries out a SETSTAT, FSETSTAT or lsetstat. All that is asked for is tried;
// the error is the last.
func (a *attrs) set(t target) error {
	var last error
	try := func(flag uint32, set func() error) {
		if a.flags&flag != 0 {
			if err := set(); err != nil {
				last = err
			}
		}
	}
	try(attrSize, func() error { return t.truncate(int64(a.size)) })
	try(attrPermissions, func() error { return t.chmod(a.mode & permissions) })
	try(attrTimes, func() error {
		return t.utimes([]unix.Timespec{{Sec: int64(a.atime)}, {Sec: int64(a.mtime)}})
	})
	try(attrIDs, func() error { return t.chown(int(int32(a.uid)), int(int32(a.gid))) })
	return last
}

// flag is that of the system calls that take a path.
func (t target) flag() int {
	if t.follow {
		return 0
	}
	return unix.AT_SYMLINK_NOFOLLOW
}

func (t target) truncate(size int64) error {
	switch {
	case size < 0:
		return unix.EINVAL
	case t.fd >= 0:
		return unix.Ftruncate(t.fd, size)
	case t.follow:
		return unix.Truncate(t.path, size)
	}
	return statusBadMessage // a link has no size to set
}

func (t target) chmod(mode uint32) error {
	if t.fd >= 0 {
		return unix.Fchmod(t.fd, mode)
	}
	return unix.Fchmodat(unix.AT_FDCWD, t.path, mode, t.flag())
}

func (t target) utimes(times []unix.Timespec) error {
	if t.fd >= 0 {
		return unix.UtimesNanoAt(t.fd, "", times, unix.AT_EMPTY_PATH)
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, t.path, times, t.flag())
}

func (t target) chown(uid, gid int) error {
	if t.fd >= 0 {
		return unix.Fchown(t.fd, uid, gid)
	}
	return unix.Fchownat(unix.AT_FDCWD, t.path, uid, gid, t.flag())
}

package landlock

import "golang.org/x/sys/unix"

// Least is the version of the kernel's interface below which Landlock isn't
// used: version 1 (Linux 5.13) refuses each rename and each link from one folder
// to another, and can't be told not to.
const Least = withRefer

// Versions that brought something that is used here (landlock.rst, "Previous
// limitations"): Linux 5.19, 6.2, 6.10 and 6.12.
const (
	withRefer    = 2
	withTruncate = 3
	withIoctl    = 5
	withScopes   = 6
)

// Version is that of the running kernel's interface, 0 if it has no Landlock or
// was started without it (lsm= of its command line).
func Version() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

// Gap is what jails go without on a kernel, and the Linux that has it.
type Gap struct{ What, Since string }

// Gaps are what a version lacks, in the order of the kernel's. A jail is made all
// the same: each of them is a second wall behind one that stands.
func Gaps(version int) []Gap {
	if version < Least {
		return []Gap{{"a second wall behind read-only mounts", "5.19"}}
	}
	var gaps []Gap
	for _, g := range []struct {
		version int
		gap     Gap
	}{
		{withTruncate, Gap{"the same for truncate(2)", "6.2"}},
		{withIoctl, Gap{"the same for ioctl(2) on devices", "6.10"}},
		{withScopes, Gap{`the host's abstract unix sockets out of reach with network = "host"`, "6.12"}},
	} {
		if version < g.version {
			gaps = append(gaps, g.gap)
		}
	}
	return gaps
}

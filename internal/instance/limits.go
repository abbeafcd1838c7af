package instance

import (
	"math"
	"math/bits"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/users"
	"golang.org/x/sys/unix"
)

// Limits are those of the user's cell, as jail.Plan wants them; a part of the
// host's memory is a size.
func (i *Instance) Limits(u *users.User) wire.Limits {
	l := u.Limits
	w := wire.Limits{
		Memory: l.Memory, Swap: l.Swap, Processes: int64(l.Processes), CPU: int64(l.CPU),
		OpenFiles: int64(l.OpenFiles), FileSize: l.FileSize, CPUTime: l.CPUTime,
	}
	if l.MemoryPart > 0 {
		w.Memory = hostMemory() / 100 * int64(l.MemoryPart)
	}
	return w
}

// hostMemory is the size of the host's memory, in bytes.
func hostMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil { // only for a bad address
		return 0
	}
	high, low := bits.Mul64(info.Totalram, uint64(info.Unit))
	if high > 0 {
		return math.MaxInt64
	}
	return int64(min(low, math.MaxInt64))
}

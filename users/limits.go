package users

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jailsh/jailsh/internal/strict"
)

// Limits are what a user may use up. Where nothing else is said, zero is no limit.
type Limits struct {
	Memory     int64         // bytes, of all her processes and of what is in /tmp and its like
	MemoryPart int           // percent of the host's memory, in place of Memory
	Swap       int64         // bytes, beside Memory; NoLimit: as much as the host has
	Processes  int           // and threads
	CPU        int           // thousandths of one processor
	OpenFiles  int           // of one process
	FileSize   int64         // bytes
	CPUTime    time.Duration // of one process
	Tmp        int64         // bytes of /tmp; zero: by the memory, see jail.Plan
	Home       int64         // bytes that her home may hold
	Logins     int           // connections at once
	Sessions   int           // at once, over all her connections
	Idle       time.Duration // of a session, without input or output
	MaxSession time.Duration // of a session, from its beginning
}

// NoLimit is the Swap of a user who may use all of it.
const NoLimit = -1

// defaultLimits keep one user from taking a host down on which nothing was
// decided. Nobody who works at a terminal comes near them.
func defaultLimits() Limits {
	return Limits{MemoryPart: 50, Processes: 512, OpenFiles: 4096, Logins: 100, Sessions: 100}
}

const (
	minMemory   = 16 << 20 // below, not even a login succeeds
	minTmp      = 1 << 20
	minHome     = 1 << 20 // a shell's own files, and an editor's
	maxSize     = 1 << 50
	maxPIDs     = 1 << 22 // PID_MAX_LIMIT of the kernel
	maxFiles    = 1 << 20 // fs.nr_open, unless it was raised
	minFiles    = 64      // the cell's PID 1 lives under it too
	minProcs    = 16      // of which the cell's PID 1 needs up to 10
	maxCPU      = 4096
	minCPU      = 0.01 // the kernel's quota is a millisecond at least, of 100
	thousandths = 1000
)

// unlimited is the word that takes back what a class, the defaults or jailsh
// itself have said.
const unlimited = "unlimited"

// limitFields is the list of limits. Each key is its own setting: one that a
// user doesn't name keeps what her class says.
func limitFields(to *layer) []strict.Field {
	size := func(min int64) func(*strict.Value) (int64, bool) {
		return func(v *strict.Value) (int64, bool) { return v.Size(min, maxSize) }
	}
	count := func(min, max int64) func(*strict.Value) (int, bool) {
		return func(v *strict.Value) (int, bool) {
			n, ok := v.Int(min, max)
			return int(n), ok
		}
	}
	lasting := func(v *strict.Value) (time.Duration, bool) { return v.Duration(time.Second, maxLinger) }
	return []strict.Field{
		limit(to, "memory", memory{}, readMemory, func(l *Limits, m memory) { l.Memory, l.MemoryPart = m.bytes, m.percent }),
		limit(to, "swap", NoLimit, size(0), func(l *Limits, n int64) { l.Swap = n }),
		limit(to, "processes", 0, count(minProcs, maxPIDs), func(l *Limits, n int) { l.Processes = n }),
		limit(to, "cpu", 0, readCPU, func(l *Limits, n int) { l.CPU = n }),
		limit(to, "open_files", maxFiles, count(minFiles, maxFiles), func(l *Limits, n int) { l.OpenFiles = n }),
		limit(to, "file_size", 0, size(1), func(l *Limits, n int64) { l.FileSize = n }),
		limit(to, "cpu_time", 0, lasting, func(l *Limits, d time.Duration) { l.CPUTime = d }),
		{Name: "tmp", Read: limitKey(to, "tmp", size(minTmp), func(l *Limits, n int64) { l.Tmp = n })},
		limit(to, "connections", 0, count(1, 10000), func(l *Limits, n int) { l.Logins = n }),
		limit(to, "sessions", 0, count(1, 10000), func(l *Limits, n int) { l.Sessions = n }),
		limit(to, "idle", 0, lasting, func(l *Limits, d time.Duration) { l.Idle = d }),
		limit(to, "max_session", 0, lasting, func(l *Limits, d time.Duration) { l.MaxSession = d }),
		limit(to, "home", 0, size(minHome), func(l *Limits, n int64) { l.Home = n }),
	}
}

// limit is a limit that may be "unlimited", which is then none.
func limit[T any](to *layer, name string, none T, read func(*strict.Value) (T, bool), set func(*Limits, T)) strict.Field {
	return strict.Field{Name: name, Read: limitKey(to, name, func(v *strict.Value) (T, bool) {
		if v.Is(unlimited) {
			return none, true
		}
		return read(v)
	}, set)}
}

func limitKey[T any](to *layer, name string, read func(*strict.Value) (T, bool), set func(*Limits, T)) func(*strict.Value) {
	return key(to, "limits."+name, read, func(u *User, value T) { set(&u.Limits, value) }).Read
}

// memory is a size, or a part of what the host has.
type memory struct {
	bytes   int64
	percent int
}

func readMemory(v *strict.Value) (memory, bool) {
	if digits, ok := v.Cut("%"); ok {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 100 {
			v.Bad(fmt.Sprintf("%q is no part of the host's memory", digits+"%"), `choose from "1%" to "100%"`)
			return memory{}, false
		}
		return memory{percent: n}, true
	}
	n, ok := v.Size(minMemory, maxSize)
	return memory{bytes: n}, ok
}

func readCPU(v *strict.Value) (int, bool) {
	n, ok := v.Number(minCPU, maxCPU)
	return int(math.Round(n * thousandths)), ok
}

// limits refuses limits that don't go together.
func (l *loader) limits() {
	for _, name := range l.table.names {
		u := l.table.users[name]
		if v := u.origin["limits.swap"]; v != nil && u.Limits.Swap != NoLimit && u.Limits.Memory == 0 && u.Limits.MemoryPart == 0 {
			v.Bad("swap can't be limited without memory: the kernel would fill the one for the other", "set memory too, or remove swap")
		}
	}
}

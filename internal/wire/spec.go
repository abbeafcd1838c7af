package wire

import "time"

// Spec is everything that jailsh-init has to know to build one user's jail. It
// is computed by jailshd from the config alone: nothing in it comes from the
// network, and nothing of the environment or the arguments matters beside it.
type Spec struct {
	User     string
	UID, GID uint32
	Groups   []Group
	Shell    string // path in the jail
	Home     string // path in the jail
	Hostname string
	Umask    uint32
	Env      []string
	Network  Network
	Mounts   []Mount

	HomeLimit int64 // bytes that the home may hold; 0: as many as there is room for

	Linger       time.Duration
	KillOnLogout bool
	AttachTTL    time.Duration // how long a terminal is kept when nobody has it; 0: none is kept

	Limits Limits
}

// Limits bound what a cell's processes may use up. The first four are those of
// its cgroup, and jailshd's to set; init sets the others. Zero is no limit, but
// for Swap.
type Limits struct {
	Memory    int64 // bytes
	Swap      int64 // bytes beside Memory, if that has a limit; below zero: no limit
	Processes int64 // tasks: processes and threads
	CPU       int64 // thousandths of one processor

	OpenFiles int64         // RLIMIT_NOFILE
	FileSize  int64         // RLIMIT_FSIZE, bytes
	CPUTime   time.Duration // RLIMIT_CPU, whole seconds
	Shm       int64         // bytes of /dev/shm
}

// InitEnv is the environment of jailsh-init, both times that it is executed, and
// part of an applet's. It is a constant, and an order to the Go runtime: one thread runs Go code. PID 1
// mostly waits, and threads that it starts with would cost a third of its start.
func InitEnv() []string { return []string{"GOMAXPROCS=1"} }

// OwnNetworkArg is the argument of a jailsh-init that has a network namespace of its
// own. It learns that before the plan, which says what else it is to have.
const OwnNetworkArg = "own-network"

// Group is a supplementary group.
type Group struct {
	Name string
	GID  uint32
}

// MountKind says what stands at one place of the jail's tree.
type MountKind uint8

// The kinds, in the order in which they are put in place.
const (
	MountDir   MountKind = iota + 1 // an empty directory of the root
	MountLink                       // a symbolic link to Source
	MountTree                       // Source of the template, read-only
	MountFile                       // a generated file with Content, read-only
	MountTmpfs                      // an own tmpfs; Data has its options
	MountHome                       // Source, made and given to the user if missing
	MountBind                       // Source as the administrator wrote it
)

var mountKindNames = [...]string{
	MountDir: "dir", MountLink: "link", MountTree: "template", MountFile: "file",
	MountTmpfs: "tmpfs", MountHome: "home", MountBind: "bind",
}

func (k MountKind) String() string {
	if k >= MountDir && int(k) < len(mountKindNames) {
		return mountKindNames[k]
	}
	return "unknown"
}

// Mount is one entry of the jail's mount table. /dev and /proc are not in it:
// they are the same in every jail.
type Mount struct {
	Kind     MountKind
	Target   string // absolute, resolved inside the jail
	Source   string // absolute, on the host; no part of it may be a symbolic link
	Data     string // tmpfs options
	Content  []byte
	Writable bool
	Optional bool // a missing Source is no error
}

func (m *Spec) fields(c *codec) {
	c.str(&m.User, MaxName)
	c.u32(&m.UID)
	c.u32(&m.GID)
	list(c, &m.Groups, MaxGroups, func(c *codec, g *Group) {
		c.str(&g.Name, MaxName)
		c.u32(&g.GID)
	})
	c.str(&m.Shell, MaxPath)
	c.str(&m.Home, MaxPath)
	c.str(&m.Hostname, MaxName)
	c.u32(&m.Umask)
	c.strs(&m.Env, MaxEnv, MaxEnvLen, MaxEnvAll)
	m.Network.fields(c)
	list(c, &m.Mounts, MaxMounts, func(c *codec, e *Mount) { e.fields(c) })
	c.i64(&m.HomeLimit)
	c.i64((*int64)(&m.Linger))
	c.boolean(&m.KillOnLogout)
	c.i64((*int64)(&m.AttachTTL))
	m.Limits.fields(c)
}

func (m *Limits) fields(c *codec) {
	c.i64(&m.Memory)
	c.i64(&m.Swap)
	c.i64(&m.Processes)
	c.i64(&m.CPU)
	c.i64(&m.OpenFiles)
	c.i64(&m.FileSize)
	c.i64((*int64)(&m.CPUTime))
	c.i64(&m.Shm)
}

func (m *Mount) fields(c *codec) {
	c.u8((*uint8)(&m.Kind))
	c.str(&m.Target, MaxPath)
	c.str(&m.Source, MaxPath)
	c.str(&m.Data, MaxName)
	c.bytes(&m.Content, MaxContent)
	c.boolean(&m.Writable)
	c.boolean(&m.Optional)
}

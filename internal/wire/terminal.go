package wire

import "time"

// Keep asks a cell's init to keep the terminal of a process that this client has
// spawned with Hold: it outlives the client's socket. It comes when the descriptor
// has arrived, so that a spawn that nobody waited for leaves nothing behind.
type Keep struct {
	Pid  uint32
	Name string // by which its user calls it, no two the same; empty: none
}

func (m *Keep) fields(c *codec) {
	c.u32(&m.Pid)
	c.str(&m.Name, MaxName)
}

// Release tells that a terminal which this client has is no more wanted. Once its
// last descriptor is closed, the kernel hangs up.
type Release struct{ Pid uint32 }

func (m *Release) fields(c *codec) { c.u32(&m.Pid) }

// Adopt asks for a terminal that is kept, and that no other client has.
type Adopt struct{ Pid uint32 }

func (m *Adopt) fields(c *codec) { c.u32(&m.Pid) }

// Terminal is one that is kept. As the answer to Adopt its PTY master comes along,
// and the exit of its process is told to who asked.
type Terminal struct {
	Pid     uint32    // of the process that it was made for
	TTY     string    // /dev/pts/N
	Name    string    // empty: none
	Command string    // what is in the foreground, as the kernel calls it; empty: unknown
	Size    Size      // what it is now
	Began   time.Time // whole seconds
	Lost    time.Time // whole seconds; when the client left that had it; zero: one has it
}

func (m *Terminal) fields(c *codec) {
	c.u32(&m.Pid)
	c.str(&m.TTY, MaxName)
	c.str(&m.Name, MaxName)
	c.str(&m.Command, MaxName)
	m.Size.fields(c)
	c.time(&m.Began)
	c.time(&m.Lost)
}

// Terminals are all that a cell keeps.
type Terminals struct{ List []Terminal }

func (m *Terminals) fields(c *codec) {
	list(c, &m.List, MaxKept, func(c *codec, t *Terminal) { t.fields(c) })
}

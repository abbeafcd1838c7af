package wire

import (
	"math"

	"golang.org/x/sys/unix"
)

// Spawn asks a cell's init for a process. The shell is a login shell when Exec is
// false, else `shell -c Command Args...`; an applet gets Args alone.
type Spawn struct {
	Program Program
	Exec    bool
	Command string
	Args    []string // $0, $1, ... of Command; an applet's arguments
	Env     []string // NAME=value; the cell's own names win
	TTY     *TTY     // nil: three pipes
	Motd    bool     // show /etc/motd first, as login(1) does
	Agent   bool     // a socket at which the client's agent is asked
	X11     *X11     // a socket at which the client's X server is reached; nil: none
	Words   bool     // a socket at which programs ask for the server's words
	Hold    bool     // init holds the terminal too: Keep may follow, Release has to
}

// X11 is what X clients need to know beside the display (RFC 4254 section 6.3.1).
// The cookie is the ssh client's own invention, good for this session alone.
type X11 struct {
	Protocol string
	Cookie   []byte
	Screen   uint32
}

// TTY describes the terminal to be made.
type TTY struct {
	Size  Size
	Modes []Mode
}

// Size is a terminal's size, in characters and in pixels (RFC 4254 section 6.2).
type Size struct{ Columns, Rows, Width, Height uint32 }

// Winsize is the size as the kernel has it, which holds no more than 65535 of
// anything (ioctl_tty(2)).
func (m *Size) Winsize() *unix.Winsize {
	clamp := func(v uint32) uint16 { return uint16(min(v, math.MaxUint16)) }
	return &unix.Winsize{Row: clamp(m.Rows), Col: clamp(m.Columns), Xpixel: clamp(m.Width), Ypixel: clamp(m.Height)}
}

// Mode is one encoded terminal mode (RFC 4254 section 8).
type Mode struct {
	Opcode uint8
	Value  uint32
}

func (m *Spawn) fields(c *codec) {
	c.u8((*uint8)(&m.Program))
	c.boolean(&m.Exec)
	c.str(&m.Command, MaxCommand)
	c.strs(&m.Args, MaxArgs, MaxCommand, MaxCommand)
	c.strs(&m.Env, MaxEnv, MaxEnvLen, MaxEnvAll)
	c.boolean(&m.Motd)
	c.boolean(&m.Agent)
	c.boolean(&m.Words)
	c.boolean(&m.Hold)
	x11 := m.X11 != nil
	c.boolean(&x11)
	if !x11 {
		m.X11 = nil
	} else {
		if m.X11 == nil {
			m.X11 = &X11{}
		}
		c.str(&m.X11.Protocol, MaxName)
		c.bytes(&m.X11.Cookie, MaxName)
		c.u32(&m.X11.Screen)
	}
	tty := m.TTY != nil
	c.boolean(&tty)
	if !tty {
		m.TTY = nil
		return
	}
	if m.TTY == nil {
		m.TTY = &TTY{}
	}
	m.TTY.Size.fields(c)
	list(c, &m.TTY.Modes, MaxModes, func(c *codec, mode *Mode) {
		c.u8(&mode.Opcode)
		c.u32(&mode.Value)
	})
}

func (m *Size) fields(c *codec) {
	c.u32(&m.Columns)
	c.u32(&m.Rows)
	c.u32(&m.Width)
	c.u32(&m.Height)
}

// Spawned answers Spawn. With a TTY one descriptor comes along, the master;
// otherwise three: the write end of stdin, the read ends of stdout and stderr.
// Behind them come the listening sockets that were made, those of Agent, X11 and
// Words.
type Spawned struct {
	Pid     uint32 // in the cell's PID namespace
	TTY     string // /dev/pts/N
	Without string // why Agent, X11 and Words were left out; empty: they weren't
	Waiting uint32 // terminals that are kept and that nobody has
}

func (m *Spawned) fields(c *codec) {
	c.u32(&m.Pid)
	c.str(&m.TTY, MaxName)
	c.str(&m.Without, MaxText)
	c.u32(&m.Waiting)
}

// Signal sends a signal to the process group of a spawned process.
type Signal struct{ Pid, Signal uint32 }

func (m *Signal) fields(c *codec) {
	c.u32(&m.Pid)
	c.u32(&m.Signal)
}

// Exit tells that a spawned process ended: by a signal if Signal isn't 0, else
// with Status.
type Exit struct {
	Pid, Status, Signal uint32
	Core                bool
}

func (m *Exit) fields(c *codec) {
	c.u32(&m.Pid)
	c.u32(&m.Status)
	c.u32(&m.Signal)
	c.boolean(&m.Core)
}

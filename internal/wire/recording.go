package wire

// Values of Grant.Record: what happens to sessions on a terminal.
const (
	RecordOff    uint8 = iota
	RecordOn           // they are recorded, if that can be done
	RecordStrict       // or there is no session
)

// Recording asks for a file to record a session of User's in.
type Recording struct {
	User    string
	Ref     string // of the connection
	Session uint32
	Ticket  []byte // of Verified, for a user who has to give a code
}

func (m *Recording) fields(c *codec) {
	c.str(&m.User, MaxName)
	c.str(&m.Ref, MaxName)
	c.u32(&m.Session)
	c.bytes(&m.Ticket, MaxTicket)
}

// Recorded is the answer; the file comes with it, to be appended to.
type Recorded struct {
	ID       uint32 // for Seal
	File     string // its name, for the log
	Version  uint32 // of asciicast
	Input    bool   // what is typed is recorded too
	MaxBytes uint64 // of the file
}

func (m *Recorded) fields(c *codec) {
	c.u32(&m.ID)
	c.str(&m.File, MaxName)
	c.u32(&m.Version)
	c.boolean(&m.Input)
	c.u64(&m.MaxBytes)
}

// Seal asks for a signature over what a recording holds, which is kept beside it.
type Seal struct {
	ID    uint32
	Bytes uint64
	Lines uint64
	Head  []byte // of the chain, see internal/seal
	Final bool   // nothing more is written
}

func (m *Seal) fields(c *codec) {
	c.u32(&m.ID)
	c.u64(&m.Bytes)
	c.u64(&m.Lines)
	c.bytes(&m.Head, MaxHash)
	c.boolean(&m.Final)
}

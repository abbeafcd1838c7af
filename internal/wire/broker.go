package wire

import (
	"net/netip"
	"time"
)

// Empty is the body of a message that says all with its verb.
type Empty struct{}

func (*Empty) fields(*codec) {}

// Failure is the answer to a request that was not carried out. Text reads
// `where: what: why - do this` and is for the log, not for the client.
type Failure struct{ Text string }

func (m *Failure) fields(c *codec) { c.str(&m.Text, MaxText) }

func (m *Failure) Error() string { return m.Text }

// NetConfig is what jailsh-net needs to know to serve; the listeners travel
// with it as descriptors. No secret is in it.
type NetConfig struct {
	HostKeys          [][]byte // public keys, RFC 4253 section 6.6 format; the index is the one of Sign
	HostCertificates  [][]byte // of some of HostKeys
	LoginGrace        time.Duration
	MaxAuthTries      uint32
	StartupsBegin     uint32 // MaxStartups start:rate:full of sshd_config(5)
	StartupsRate      uint32
	StartupsFull      uint32
	StartupsPerSource uint32 // unauthenticated connections from one source address
	AliveInterval     time.Duration
	AliveCountMax     uint32
	MaxSessions       uint32        // sessions on one connection
	MaxChannels       uint32        // channels of any type on one connection, opened by the client
	LoginsPerSource   uint32        // those that are logged in
	RekeyLimit        uint64        // bytes in one direction after which keys are exchanged anew; 0 for the cipher's own
	RekeyInterval     time.Duration // the same by time; 0 never
	Banner            string
	ShareAddress      string // host:port by which viewers come; "" is the address that the sharer came to

	PublicKeyAlgorithms []string // that users may sign with; those of certificates have names of their own
	RequiredRSASize     uint32   // bits

	SourceBits4 uint32         // of an IPv4 address, those that make a source
	SourceBits6 uint32         // and of an IPv6 one
	ProxiesFrom []netip.Prefix // whence a PROXY header comes first, and says who the client is
	Penalties   Penalties

	Watch uint8 // WatchShown and the like
}

func (m *NetConfig) fields(c *codec) {
	list(c, &m.HostKeys, MaxFiles, func(c *codec, k *[]byte) { c.bytes(k, MaxBlob) })
	list(c, &m.HostCertificates, MaxFiles, func(c *codec, k *[]byte) { c.bytes(k, MaxBlob) })
	c.i64((*int64)(&m.LoginGrace))
	c.u32(&m.MaxAuthTries)
	c.u32(&m.StartupsBegin)
	c.u32(&m.StartupsRate)
	c.u32(&m.StartupsFull)
	c.u32(&m.StartupsPerSource)
	c.i64((*int64)(&m.AliveInterval))
	c.u64(&m.RekeyLimit)
	c.i64((*int64)(&m.RekeyInterval))
	c.u32(&m.AliveCountMax)
	c.u32(&m.MaxSessions)
	c.u32(&m.MaxChannels)
	c.u32(&m.LoginsPerSource)
	c.str(&m.Banner, MaxBanner)
	c.str(&m.ShareAddress, MaxName)
	c.strs(&m.PublicKeyAlgorithms, MaxOptions, MaxName, MaxText)
	c.u32(&m.RequiredRSASize)
	c.u32(&m.SourceBits4)
	c.u32(&m.SourceBits6)
	list(c, &m.ProxiesFrom, MaxNetworks, (*codec).network)
	m.Penalties.fields(c)
	c.u8(&m.Watch)
}

// Lookup asks whether User may log in with Key from From.
type Lookup struct {
	User        string
	Key         []byte       // public key blob, compared byte by byte, never parsed by jailshd
	From        string       // the client's IP address, without port
	Certificate *Certificate // of Key; nil: Key was offered by itself
	Since       time.Time    // when this login was let in, in whole seconds; zero: it asks for the first time
}

func (m *Lookup) fields(c *codec) {
	c.str(&m.User, MaxName)
	c.bytes(&m.Key, MaxBlob)
	c.str(&m.From, MaxName)
	certificate := m.Certificate != nil
	c.boolean(&certificate)
	if certificate {
		if c.decoding {
			m.Certificate = &Certificate{}
		}
		m.Certificate.fields(c)
	}
	c.time(&m.Since)
}

// Grant is the answer: what this key of this user may do. When Accepted is
// false only Reason is set, and it is for the log, never for the client.
type Grant struct {
	Accepted bool
	Reason   string

	Shell, Exec, PTY bool
	SFTP             SFTP
	Forced           bool   // Command is run whatever the client asks for
	Command          string // the forced command
	NoTouchRequired  bool   // sk keys: a signature without touch is good
	VerifyRequired   bool   // sk keys: a signature without the user's PIN or finger is not good
	Env              []string
	AcceptEnv        []string // patterns of names that the client may send

	LocalForward, RemoteForward Permits  // -L, -D, -W and -R of ssh(1)
	Agent, X11                  bool     // -A and -X
	Shares                      []string // users whose remote forwards this one may reach, and who let her watch what they share
	Share, Publish              bool     // @share and @publish

	Logins     uint32        // connections of the user at once; 0: no limit
	Sessions   uint32        // of the user at once, over all her connections; 0: no limit
	Idle       time.Duration // a session without input or output ends after it; 0: never
	MaxSession time.Duration // a session ends after it; 0: never

	AttachTTL time.Duration // how long a terminal outlives whoever has it; 0: not at all
	Persist   bool          // the login shell is one that outlives its connection

	Until time.Time // when the grant has to be looked up again, in whole seconds; zero: not by itself

	Record uint8 // RecordOff and the like

	SecondFactor bool // a code has to be verified before the login counts
}

func (m *Grant) fields(c *codec) {
	c.boolean(&m.Accepted)
	c.str(&m.Reason, MaxText)
	c.boolean(&m.Shell)
	c.boolean(&m.Exec)
	c.boolean(&m.PTY)
	m.SFTP.fields(c)
	c.boolean(&m.Forced)
	c.str(&m.Command, MaxCommand)
	c.boolean(&m.NoTouchRequired)
	c.boolean(&m.VerifyRequired)
	c.strs(&m.Env, MaxEnv, MaxEnvLen, MaxEnvAll)
	c.strs(&m.AcceptEnv, MaxEnv, MaxName, MaxEnvAll)
	c.u32(&m.Logins)
	m.LocalForward.fields(c)
	m.RemoteForward.fields(c)
	c.boolean(&m.Agent)
	c.boolean(&m.X11)
	c.strs(&m.Shares, MaxShares, MaxName, MaxText)
	c.boolean(&m.Share)
	c.boolean(&m.Publish)
	c.u32(&m.Sessions)
	c.i64((*int64)(&m.Idle))
	c.i64((*int64)(&m.MaxSession))
	c.i64((*int64)(&m.AttachTTL))
	c.boolean(&m.Persist)
	c.time(&m.Until)
	c.boolean(&m.SecondFactor)
	c.u8(&m.Record)
}

// Verify asks whether Code is the one that User's app shows now. A code is good
// once.
type Verify struct {
	User string
	Ref  string // of the connection that the ticket is for
	Code string
}

func (m *Verify) fields(c *codec) {
	c.str(&m.User, MaxName)
	c.str(&m.Ref, MaxName)
	c.str(&m.Code, MaxCode)
}

// Verified is the answer. When Accepted is false only Reason is set, and it is for
// the log, never for the client.
type Verified struct {
	Accepted bool
	Reason   string
	Ticket   []byte // what Open wants to see for this user on this connection
}

func (m *Verified) fields(c *codec) {
	c.boolean(&m.Accepted)
	c.str(&m.Reason, MaxText)
	c.bytes(&m.Ticket, MaxTicket)
}

// Sign asks for a signature of a host key over the exchange hash, or over the proof
// that it is the server's in a session (PROTOCOL of OpenSSH, section 2.5), which
// jailshd puts together by itself.
type Sign struct {
	Key       uint32 // index in NetConfig.HostKeys
	Algorithm string // signature algorithm; empty: the key's own
	Data      []byte // the hash, or the session's identifier
	Proof     bool
}

func (m *Sign) fields(c *codec) {
	c.u32(&m.Key)
	c.str(&m.Algorithm, MaxName)
	c.bytes(&m.Data, MaxSign)
	c.boolean(&m.Proof)
}

// Signature is the answer to Sign: an ssh signature's format and blob.
type Signature struct {
	Format string
	Blob   []byte
}

func (m *Signature) fields(c *codec) {
	c.str(&m.Format, MaxName)
	c.bytes(&m.Blob, MaxBlob)
}

// Open asks for a socket to User's cell, which is started if it isn't running.
type Open struct {
	User   string
	Ref    string // reference under which both sides log
	Ticket []byte // of Verified, for a user who has to give a code
}

func (m *Open) fields(c *codec) {
	c.str(&m.User, MaxName)
	c.str(&m.Ref, MaxName)
	c.bytes(&m.Ticket, MaxTicket)
}

// Opened is the answer to Open; the cell's socket comes with it.
type Opened struct {
	Cell string // name of the cell in the log
	Cold bool   // the cell was started for this
}

func (m *Opened) fields(c *codec) {
	c.str(&m.Cell, MaxName)
	c.boolean(&m.Cold)
}

// Notice is a line for all sessions of a user, such as that a limit ended one of
// her programs.
type Notice struct {
	User string
	Text string // without "jailsh: " and without an end of line; printable ASCII
}

func (m *Notice) fields(c *codec) {
	c.str(&m.User, MaxName)
	c.str(&m.Text, MaxName)
}

// Record is an event for the log, written by jailshd since jailsh-net has no
// file system. Values are escaped before they reach a file or a terminal.
type Record struct {
	Time  int64  // when it happened, in nanoseconds since 1970
	Level uint8  // 0 debug, 1 info, 2 warning, 3 error
	Event string // login, logout, session, refused, ...
	Ref   string
	User  string
	From  string
	Attrs []Attr
}

// Attr is one key and value of a Record.
type Attr struct{ Key, Value string }

func (m *Record) fields(c *codec) {
	c.i64(&m.Time)
	c.u8(&m.Level)
	c.str(&m.Event, MaxName)
	c.str(&m.Ref, MaxName)
	c.str(&m.User, MaxName)
	c.str(&m.From, MaxName)
	list(c, &m.Attrs, MaxAttrs, func(c *codec, a *Attr) {
		c.str(&a.Key, MaxName)
		c.str(&a.Value, MaxText)
	})
}

// Records are events in the order in which they happened.
type Records struct{ List []Record }

func (m *Records) fields(c *codec) {
	list(c, &m.List, MaxRecords, func(c *codec, r *Record) { r.fields(c) })
}

// Status is the answer to `jailsh check`: what jailshd knows of itself.
type Status struct {
	// Stale are the keys of jailsh.toml that were changed, and take effect when
	// jailshd is started again.
	Stale []string
	// Penalised are the sources that jailsh-net refuses, by its word.
	Penalised Penalised
}

func (m *Status) fields(c *codec) {
	c.strs(&m.Stale, MaxAttrs, MaxName, MaxText)
	m.Penalised.fields(c)
}

package users

import (
	"net/netip"
	"time"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// User is one [user.NAME] of users.toml, resolved: the built-in defaults, then
// [defaults], then the user's class, then the user. It must not be changed.
type User struct {
	Name string
	Line int // of [user.NAME]

	UID, GID uint32
	Groups   []wire.Group // supplementary, in file order

	Class    string // "" for none
	Template string
	Shell    string // path in the jail
	Hostname string
	Home     string // host path; "" means homes/<name>
	Umask    uint32
	Env      []string // NAME=value
	Mounts   []Mount  // in file order

	AcceptEnv []string // patterns of names that the client may set
	Network   string   // one of the values below

	Linger       time.Duration // how long the cell outlives its last session and process
	KillOnLogout bool
	AttachTTL    time.Duration // how long a terminal outlives whoever has it; 0: not at all
	Persist      bool          // the login shell is one that outlives its connection

	Limits    Limits
	Allow     Allow
	ShareWith []string // users who may reach what her remote forwards have opened
	SFTP      SFTP
	Record    uint8          // wire.RecordOff and the like
	Command   string         // forced command, "" for none; wins over a key's
	From      []netip.Prefix // where the user may come from; empty: anywhere
	Expires   time.Time      // no login from then on; zero: never
	Disabled  bool

	TOTP           bool     // auth: a code is asked for after the key
	Keys           []*Key   // in file order
	AuthorizedKeys string   // host path of a file with further keys, "" for none
	TouchRequired  bool     // security devices: a touch, whatever the key's line or the certificate say
	VerifyRequired bool     // security devices: a PIN or a finger
	Principals     []string // of which a certificate must name one; nil: the user's own name

	table  *strict.Value            // [user.NAME]
	origin map[string]*strict.Value // the key that decided, by its name
}

// Active tells whether the user may log in or have a cell at all.
func (u *User) Active(now time.Time) bool { return !u.Disabled && !u.Expired(now) }

// Expired tells whether now is at or after Expires.
func (u *User) Expired(now time.Time) bool { return !u.Expires.IsZero() && !now.Before(u.Expires) }

// Allow is what sessions may ask for.
type Allow struct {
	Shell, Exec, PTY, SFTP bool
	Agent, X11             bool
	Share, Publish         bool // @share and @publish

	LocalForward, RemoteForward []wire.Permit // nil: what the network makes of it
}

// Mount is one entry of mounts. Its target is resolved inside the jail.
type Mount struct {
	Source, Target string // absolute and clean
	Writable       bool
	Optional       bool // a missing source is no error
}

// The values of User.Network.
const (
	NetworkPrivate = "private" // an own loopback only
	NetworkHost    = "host"    // the host's network
	NetworkEgress  = "egress"  // out to the world, but not to the host
)

package config

import (
	"log/slog"
	"path/filepath"
	"time"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
)

// DefaultFile is where the programs look for the configuration if nothing else
// was said.
const DefaultFile = "/etc/jailsh/jailsh.toml"

// Config is jailsh.toml with its defaults filled in.
type Config struct {
	File string // absolute, its folder without symbolic links

	Listen           []string // host:port
	HostKeys         []string // absolute; OpenSSH private keys
	HostCertificates []string // absolute; certificates of the host keys
	Users            string   // absolute; users.toml
	Homes            string   // absolute; Homes/<user> is the home of a user
	Templates        string   // absolute; built templates
	TOTP             string   // absolute; TOTP/<user> is what the codes of a user are made from
	RunDir           string   // absolute; sockets and the pid file
	Logs             string   // absolute
	NetUID           uint32   // uid and gid that jailsh-net runs as, nobody else's

	LoginGrace           time.Duration // from accept to a login
	MaxAuthTries         int           // per connection, as in sshd_config(5)
	MaxStartups          Startups
	MaxStartupsPerSource int           // unauthenticated connections from one source address
	RekeyLimit           int64         // bytes in one direction after which keys are exchanged anew; 0 for the cipher's own
	RekeyInterval        time.Duration // the same by time; 0 never
	AliveInterval        time.Duration // of silence, before the client is asked; 0 never
	AliveCountMax        int           // questions without an answer, then the connection ends
	MaxSessions          int           // on one connection
	MaxChannels          int           // on one connection, of any type
	ConnectionsPerSource int           // logged in, from one source address

	TrustedCA             []Authority
	DisconnectExpiredCert bool   // a login ends with its certificate
	RevokedKeys           string // absolute; "" for none
	PublicKeys            credential.Policy

	Sources Sources
	Egress  Egress

	Recordings Recordings
	Watch      uint8 // wire.WatchShown and the like

	ShareAddress string // host:port by which viewers reach the server; "" is the address that their host came to

	Banner   string // shown before login; may be empty
	LogLevel slog.Level
}

// Startups is MaxStartups of sshd_config(5): from Begin unauthenticated
// connections on, Rate percent of the new ones are refused, rising to all of
// them at Full.
type Startups struct{ Begin, Rate, Full int }

// Load reads the file at path. The error has all problems of the file: it is a
// strict.Problems, or a *strict.Problem if the file can't be read at all.
func Load(path string) (*Config, error) {
	src, err := strict.ReadFile(path)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &strict.Problem{File: path, What: err.Error(), Fix: "give an absolute path"}
	}
	return Parse(path, abs, src)
}

// Parse reads src as the content of the file abs, which problems call file.
func Parse(file, abs string, src []byte) (*Config, error) {
	dir := filepath.Dir(abs)
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	c := defaults(dir)
	c.File = filepath.Join(dir, filepath.Base(abs))
	doc := strict.Parse(file, src)
	doc.Root.Fields(c.fields(dir))
	c.folders(doc)
	return c, doc.Problems().Err()
}

func defaults(dir string) *Config {
	return &Config{
		Listen:    []string{"127.0.0.1:2222"},
		HostKeys:  []string{filepath.Join(dir, "host_ed25519_key")},
		Users:     filepath.Join(dir, "users.toml"),
		Homes:     filepath.Join(dir, "homes"),
		Templates: filepath.Join(dir, "templates"),
		TOTP:      filepath.Join(dir, "totp"),
		RunDir:    filepath.Join(dir, "run"),
		Logs:      filepath.Join(dir, "logs"),
		NetUID:    64022,

		LoginGrace:            30 * time.Second,
		MaxAuthTries:          6,
		MaxStartups:           Startups{100, 30, 400},
		MaxStartupsPerSource:  20,
		AliveInterval:         30 * time.Second,
		AliveCountMax:         3,
		MaxSessions:           10,
		MaxChannels:           256,
		ConnectionsPerSource:  1000,
		DisconnectExpiredCert: true,
		PublicKeys:            credential.Default(),
		Sources:               sourcesDefaults(),
		Egress:                egressDefaults(),
		Recordings:            recordingsDefaults(),
		LogLevel:              slog.LevelInfo,
	}
}

// Keys returns the names of the keys that jailsh.toml may have.
func Keys() []string { return strict.Names((&Config{}).fields("/")) }

// Later returns the names of the keys that are refused as not supported yet.
func Later() []string { return strict.Later((&Config{}).fields("/")) }

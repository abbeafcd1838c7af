package users

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/jailsh/jailsh/internal/revoked"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/totp"
)

// MaxUsers is how many users a table may have.
const MaxUsers = 10000

// Base is what the table is checked against.
type Base struct {
	Homes  string // absolute; where the homes are that no key `home` names
	TOTP   string // absolute; where the secrets of users are
	NetUID uint32 // uid and gid of jailsh-net, refused for users
	Passwd string // the host's accounts, passwd(5); "" means /etc/passwd

	Authorities []*Key        // trusted_ca: whose certificates count for every user
	Revoked     *revoked.List // keys and certificates that count for nobody
	KeepExpired bool          // a login outlives its certificate
}

// Table is the users of one users.toml, all checked. It doesn't change, and any
// number of goroutines may use it.
type Table struct {
	File string

	users  map[string]*User
	names  []string
	shares map[string][]string // by user, who shares with her
	taken  map[uint32]bool     // uids of the host and of the table
	dummy  *User               // stands in for a user who doesn't exist
	netUID uint32
	codes  totp.Store

	cas         []*Key
	revoked     *revoked.List
	keepExpired bool
}

// Load reads users.toml. The error has all problems of the file: it is a
// strict.Problems, or a *strict.Problem if the file can't be read at all.
func Load(path string, base Base) (*Table, error) {
	src, err := strict.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, src, base)
}

// Parse reads src as the content of the file named path, without looking at the
// file itself.
func Parse(path string, src []byte, base Base) (*Table, error) {
	host, err := readHost(base.Passwd)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, &strict.Problem{File: path, What: err.Error(), Fix: "give an absolute path"}
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	doc := strict.Parse(path, src)
	t := &Table{File: path, users: map[string]*User{}, taken: map[uint32]bool{}, shares: map[string][]string{}, netUID: base.NetUID, dummy: newDummy(), codes: totp.Store{Dir: base.TOTP}}
	t.cas, t.revoked, t.keepExpired = base.Authorities, base.Revoked, base.KeepExpired
	l := &loader{table: t, base: base, dir: dir, host: host, classes: map[string]layer{}}
	l.load(doc)
	if err := doc.Problems().Err(); err != nil {
		return nil, err
	}
	return t, nil
}

// User returns the user called name.
func (t *Table) User(name string) (*User, bool) {
	u, ok := t.users[name]
	return u, ok
}

// Names returns the names of the users, in file order.
func (t *Table) Names() []string { return append([]string(nil), t.names...) }

// firstUID is where NextUID starts: above what adduser(8) and systemd give to
// people and services, below the ranges of systemd-homed and containers.
const firstUID = 20001

// NextUID returns a uid that is free: one more than the highest of the table
// that nobody holds, at least 20001, and none of avoid.
func (t *Table) NextUID(avoid ...uint32) uint32 {
	next := uint32(firstUID)
	for _, u := range t.users {
		if u.UID >= next && u.UID < lastNextUID {
			next = u.UID + 1
		}
	}
	for !t.Free(next) || slices.Contains(avoid, next) {
		next++
	}
	return next
}

// Free tells whether a new user may have the uid.
func (t *Table) Free(uid uint32) bool { return !t.taken[uid] && badUID(uid, t.netUID) == "" }

// lastNextUID keeps NextUID below the uids with a meaning of their own.
const lastNextUID = 60000

// position says where v stands.
func position(v *strict.Value) string {
	return fmt.Sprintf("%s:%d: %s", v.File(), v.Line(), v.Path())
}

package users

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// maxPasswd is how much of the host's passwd file is read, in bytes.
const maxPasswd = 16 << 20

// hostAccounts is the names of the host's accounts, by uid.
type hostAccounts map[uint32]string

// readHost reads a passwd(5) file. Accounts of other sources (LDAP, SSSD) are
// not known: asking for them would load the host's NSS modules.
func readHost(path string) (hostAccounts, error) {
	if path == "" {
		path = "/etc/passwd"
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, &strict.Problem{File: path, What: "can't be read, so uids can't be compared with the host's: " + err.Error(), Fix: "see to the file"}
	}
	if len(src) > maxPasswd {
		return nil, &strict.Problem{File: path, What: "is too large", Fix: "see to the file"}
	}
	accounts := hostAccounts{}
	for line := range strings.Lines(string(src)) {
		f := strings.SplitN(line, ":", 4)
		if len(f) < 4 || strings.HasPrefix(f[0], "#") {
			continue
		}
		uid, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			continue
		}
		if _, ok := accounts[uint32(uid)]; !ok {
			accounts[uint32(uid)] = f[0]
		}
	}
	return accounts, nil
}

// minUID is the first uid that isn't a system account's (login.defs(5), UID_MIN).
const minUID = 1000

// badUID returns why uid can't be a user's, or "".
func badUID(uid, netUID uint32) string {
	switch {
	case uid == 0:
		return "it is root's"
	case uid < minUID:
		return fmt.Sprintf("uids below %d are system accounts", minUID)
	}
	return badID(uid, netUID)
}

// badID returns why a uid or a gid has a meaning of its own, or "".
func badID(id, netUID uint32) string {
	switch {
	case id == 0:
		return "it is root's"
	case id == 65534:
		return "it is nobody's, and the one of everything that can't be mapped"
	case id == 65535:
		return "it is 16-bit programs' \"no id\""
	case id >= 4294967294:
		return "system calls take it as \"no id\""
	case id == netUID:
		return "jailsh-net runs as it (net_uid of jailsh.toml)"
	}
	return ""
}

const anyID = 1<<32 - 1

func (l *loader) uid(v *strict.Value) (uint32, bool) {
	n, ok := v.Int(0, anyID)
	if !ok {
		return 0, false
	}
	if why := badUID(uint32(n), l.base.NetUID); why != "" {
		v.Bad(fmt.Sprintf("%d can't be a user's: %s", n, why), "choose another, from 1000 up")
		return 0, false
	}
	return uint32(n), true
}

func (l *loader) gid(v *strict.Value) (uint32, bool) {
	n, ok := v.Int(0, anyID)
	if !ok {
		return 0, false
	}
	if why := badID(uint32(n), l.base.NetUID); why != "" {
		v.Bad(fmt.Sprintf("%d can't be a user's group: %s", n, why), "choose another")
		return 0, false
	}
	return uint32(n), true
}

// groups reads {name = gid}.
func (l *loader) groups(v *strict.Value) ([]wire.Group, bool) {
	keys, ok := v.Keys(wire.MaxGroups)
	if !ok {
		return nil, false
	}
	var groups []wire.Group
	for _, k := range keys {
		if why := badUserName(k.Name()); why != "" {
			k.Bad(fmt.Sprintf("%q is no name for a group: %s", k.Name(), why), "rename it")
			continue
		}
		gid, ok := l.gid(k)
		if !ok {
			continue
		}
		for _, g := range groups {
			if g.GID == gid {
				k.Bad(fmt.Sprintf("%d is the gid of %s already", gid, g.Name), "remove one of them")
				ok = false
			}
		}
		if ok {
			groups = append(groups, wire.Group{Name: k.Name(), GID: gid})
		}
	}
	return groups, true
}

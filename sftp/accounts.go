package sftp

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// accounts are the names of users and groups, as the jail's /etc has them. They
// are read when the first is asked for.
type accounts struct {
	users, groups map[uint32]string
	homes         map[string]string
}

// maxAccounts bounds what is read of one file, bytes.
const maxAccounts = 4 << 20

// user is the name of a user, or her number if she has none.
func (a *accounts) user(id uint32) string { a.load(); return nameOr(a.users, id) }

// group is the name of a group, or its number.
func (a *accounts) group(id uint32) string { a.load(); return nameOr(a.groups, id) }

func nameOr(names map[uint32]string, id uint32) string {
	if name := names[id]; name != "" {
		return name
	}
	return strconv.FormatUint(uint64(id), 10)
}

// home is the home of a user by name, "" if nobody is called that.
func (a *accounts) home(name string) string { a.load(); return a.homes[name] }

func (a *accounts) load() {
	if a.users != nil {
		return
	}
	a.users, a.groups, a.homes = map[uint32]string{}, map[uint32]string{}, map[string]string{}
	lines("/etc/passwd", 7, func(f []string, id uint32) { // passwd(5)
		setOnce(a.users, id, f[0])
		setOnce(a.homes, f[0], f[5])
	})
	lines("/etc/group", 4, func(f []string, id uint32) { setOnce(a.groups, id, f[0]) }) // group(5)
}

// setOnce keeps the first of several lines, as getpwuid(3) does.
func setOnce[K comparable](m map[K]string, key K, value string) {
	if _, known := m[key]; !known {
		m[key] = value
	}
}

// lines calls each with the lines of a file that have so many fields, and a number
// for the third. A file that isn't there has none: a template needs no accounts.
func lines(path string, fields int, each func(f []string, id uint32)) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	for scan := bufio.NewScanner(io.LimitReader(file, maxAccounts)); scan.Scan(); {
		f := strings.Split(scan.Text(), ":")
		if len(f) != fields {
			continue
		}
		if id, err := strconv.ParseUint(f[2], 10, 32); err == nil {
			each(f, uint32(id))
		}
	}
}

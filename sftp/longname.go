package sftp

import (
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// longName is a line of `ls -l`, which clients show as it is (draft section 7:
// the format is recommended there).
func (s *Server) longName(name string, st *unix.Stat_t) string {
	when := time.Unix(st.Mtim.Sec, 0)
	layout := "Jan _2 15:04"
	if age := time.Since(when); age > halfYear || age < -time.Hour {
		layout = "Jan _2  2006"
	}
	return fmt.Sprintf("%s %4d %-8s %-8s %8d %s %s", modeString(st.Mode), st.Nlink,
		s.accounts.user(st.Uid), s.accounts.group(st.Gid), st.Size, when.Format(layout), name)
}

// halfYear is the age from which ls(1) shows the year.
const halfYear = 365 * 24 * time.Hour / 2

// modeString is a mode as ls(1) writes it.
func modeString(mode uint32) string {
	b := []byte(fs.FileMode(mode & 0o777).String())
	b[0] = map[uint32]byte{
		unix.S_IFDIR: 'd', unix.S_IFLNK: 'l', unix.S_IFCHR: 'c', unix.S_IFBLK: 'b', unix.S_IFIFO: 'p', unix.S_IFSOCK: 's', unix.S_IFREG: '-',
	}[mode&unix.S_IFMT]
	for _, x := range [...]struct {
		bit  uint32
		at   int
		sign byte
	}{{unix.S_ISUID, 3, 's'}, {unix.S_ISGID, 6, 's'}, {unix.S_ISVTX, 9, 't'}} {
		if mode&x.bit == 0 {
			continue
		}
		if b[x.at] == '-' {
			x.sign -= 'a' - 'A' // set, without the x below it
		}
		b[x.at] = x.sign
	}
	return string(b)
}

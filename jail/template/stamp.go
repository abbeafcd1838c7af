package template

import (
	"fmt"
	"io/fs"
	"syscall"
)

// stamp tells one state of a host's file from the next, without reading it. A
// package that is rebuilt may bring another content under the same size and time
// of modification; the inode and the time of its change are the kernel's, and
// dpkg and editors leave neither as it was. The device isn't in it: its number
// may be another after the next start of the machine.
type stamp string

// stampOf makes the stamp from what Lstat or Stat told of a file. A file without
// one is copied anew each time.
func stampOf(info fs.FileInfo) stamp {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return stamp(fmt.Sprintf("%d:%d:%d.%d", st.Ino, info.ModTime().UnixNano(), st.Ctim.Sec, st.Ctim.Nsec))
}

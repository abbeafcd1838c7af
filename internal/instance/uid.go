package instance

import (
	"os"
	"path/filepath"
	"syscall"
)

// NextUID is the uid for a new user of that name. Files outlive their users: a
// home that is there already decides, so that who comes back has her files; and
// nobody is given a uid that owns another's home, whose files would be hers.
func (i *Instance) NextUID(name string) uint32 {
	if uid, ok := ownerOf(filepath.Join(i.Config.Homes, name)); ok && i.Users.Free(uid) {
		return uid
	}
	entries, err := os.ReadDir(i.Config.Homes)
	if err != nil {
		return i.Users.NextUID() // no homes yet
	}
	var owners []uint32
	for _, e := range entries {
		if uid, ok := ownerOf(filepath.Join(i.Config.Homes, e.Name())); ok {
			owners = append(owners, uid)
		}
	}
	return i.Users.NextUID(owners...)
}

func ownerOf(path string) (uint32, bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return st.Uid, ok
}

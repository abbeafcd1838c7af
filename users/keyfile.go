package users

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jailsh/jailsh/internal/credential"
)

// maxKeyFile is how much of an authorized_keys file is read, in bytes. The file
// may be the user's own.
const maxKeyFile = 64 << 10

// readKeyFile reads the authorized_keys file at path, which has to belong to
// root or to uid. A line that can't be honoured in all it says is skipped, and
// skipped says why; so does err for the whole file.
//
// No part of path may be a symbolic link: the user may own a part of it, and
// would have root read any file on the host as her keys.
func readKeyFile(path string, uid uint32) (keys []*Key, skipped []string, err error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		// O_NONBLOCK: a FIFO in its place must not stop the daemon.
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if errors.Is(err, unix.ELOOP) {
		return nil, nil, fmt.Errorf("%s: has a symbolic link in its path - name the file itself", path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: is not a regular file - put the file itself there", path)
	case !ok || st.Uid != 0 && st.Uid != uid:
		return nil, nil, fmt.Errorf("%s: belongs to neither root nor the user - run: chown %d %s", path, uid, path)
	case info.Mode().Perm()&0o022 != 0:
		return nil, nil, fmt.Errorf("%s: is writable by others - run: chmod go-w %s", path, path)
	case info.Size() > maxKeyFile:
		return nil, nil, fmt.Errorf("%s: has more than %d bytes - shorten it", path, maxKeyFile)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, nil, err
	}
	if len(src) > maxKeyFile {
		return nil, nil, fmt.Errorf("%s: has more than %d bytes - shorten it", path, maxKeyFile)
	}
	for n, line := range credential.Lines(src) {
		k, err := ParseKey(line)
		if err != nil {
			skipped = append(skipped, fmt.Sprintf("%s:%d: %s", path, n, err))
			continue
		}
		k.Source = fmt.Sprintf("%s:%d", path, n)
		keys = append(keys, k)
	}
	return keys, skipped, nil
}

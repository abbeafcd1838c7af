package jail

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/rootfs"
)

// defaultTmp is the size of /tmp, unless half of the user's memory is less. What
// is in there counts as her memory: with more, she could lock herself out.
const defaultTmp = 1 << 30

// /var/tmp and /dev/shm have this part of what /tmp has.
const tmpShare = 4

// tmpSize is the size of the account's /tmp, in bytes.
func tmpSize(a Account) int64 {
	switch {
	case a.Tmp > 0:
		return a.Tmp
	case a.Limits.Memory > 0:
		return min(defaultTmp, a.Limits.Memory/2)
	}
	return defaultTmp
}

// planTmp are the jail's own file systems in memory; /dev/shm is made with /dev.
func planTmp(a Account) []wire.Mount {
	size := tmpSize(a)
	mounts := []wire.Mount{
		{Kind: wire.MountTmpfs, Target: "/tmp", Data: tmpOptions(size), Writable: true},
	}
	if hasVarTmp(a.Template.Tree) {
		mounts = append(mounts, wire.Mount{Kind: wire.MountTmpfs, Target: "/var/tmp", Data: tmpOptions(size / tmpShare), Writable: true})
	}
	return mounts
}

func hasVarTmp(template rootfs.Tree) bool {
	st, err := template.Lstat("/var/tmp")
	return err == nil && st.IsDir()
}

// bytesPerFile bounds the number of files: an empty one costs the kernel about a
// KiB that isn't part of the size.
const bytesPerFile = 8192

// minFiles is for a small /tmp that still holds the sockets of tmux and the like.
const minFiles = 1024

func tmpOptions(size int64) string {
	return fmt.Sprintf("mode=1777,size=%d,nr_inodes=%d", size, max(minFiles, size/bytesPerFile))
}

package build

import (
	"golang.org/x/sys/unix"
)

const procAttr = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC

// masked are the parts of /proc that tell of the host or act on it and aren't
// kept apart by a namespace. A kernel has only some of them.
var masked = []string{
	"/proc/acpi", "/proc/asound", "/proc/bus", "/proc/driver", "/proc/dynamic_debug", "/proc/fs", "/proc/irq",
	"/proc/pressure", "/proc/scsi", "/proc/sysvipc",
	"/proc/buddyinfo", "/proc/cmdline", "/proc/config.gz", "/proc/consoles", "/proc/crypto", "/proc/devices",
	"/proc/diskstats", "/proc/dma", "/proc/execdomains", "/proc/fb", "/proc/interrupts", "/proc/iomem",
	"/proc/ioports", "/proc/kallsyms", "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/kmsg",
	"/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags", "/proc/latency_stats", "/proc/locks",
	"/proc/mdstat", "/proc/misc", "/proc/modules", "/proc/mtrr", "/proc/pagetypeinfo", "/proc/partitions",
	"/proc/sched_debug", "/proc/schedstat", "/proc/slabinfo", "/proc/softirqs", "/proc/swaps",
	"/proc/sysrq-trigger", "/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo", "/proc/vmstat",
	"/proc/zoneinfo",
}

// mountProc mounts the /proc of the jail's own PID namespace. Its superblock is
// new: options of the host's don't matter here.
func (j *jail) mountProc() error {
	fs, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return call("fsopen proc", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return call("fsconfig create", err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, procAttr)
	if err != nil {
		return call("fsmount proc", err)
	}
	return j.place(fd, "/proc")
}

// maskProc covers the masked files with the jail's own /dev/null and the masked
// folders with nothing, and makes the kernel's settings read-only.
func (j *jail) maskProc() error {
	for _, target := range masked {
		if err := j.mask(target); err != nil {
			return err
		}
	}
	return j.bindReadOnly("/proc/sys")
}

func (j *jail) mask(target string) error {
	at, err := j.openTarget(target)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return call("open "+target, err)
	}
	defer unix.Close(at)
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil {
		return call("stat "+target, err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		empty, err := newTmpfs("mode=0555,size=4k,nr_inodes=1", procAttr|unix.MOUNT_ATTR_RDONLY)
		if err != nil {
			return err
		}
		return j.place(empty, target)
	}
	null, err := j.cloneOf("/dev/null")
	if err != nil {
		return err
	}
	// nodev: the node is there to be unreadable, not to be used.
	if err := setAttr(null, procAttr|unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return call("mount_setattr "+target, err)
	}
	return j.place(null, target)
}

func (j *jail) bindReadOnly(target string) error {
	tree, err := j.cloneOf(target)
	if err != nil {
		return err
	}
	if err := setAttr(tree, procAttr|unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return call("mount_setattr "+target, err)
	}
	return j.place(tree, target)
}

// cloneOf clones what stands at a place of the new root.
func (j *jail) cloneOf(target string) (int, error) {
	at, err := j.openTarget(target)
	if err != nil {
		return -1, call("open "+target, err)
	}
	defer unix.Close(at)
	tree, err := unix.OpenTree(at, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	return tree, call("open_tree "+target, err)
}

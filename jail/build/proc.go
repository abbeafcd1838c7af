package build

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const procAttr = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC

// shown are the files and folders of /proc that are kept, beside those of the
// processes. Each is one that programs ask for, and what it tells of the host is
// how big, how busy and how old it is. Everything else is masked, whatever the
// kernel or a module of it offers: kcore, keys, kallsyms, sysrq-trigger, ...
var shown = []string{
	"cpuinfo",     // nproc, compilers
	"filesystems", // libselinux, which ls and cp are linked with
	"loadavg",     // uptime, top, make -l
	"meminfo",     // free, top, language runtimes
	"stat",        // top, vmstat
	"sys",         // settings, read-only; many are the namespaces' own
	"sysvipc",     // ipcs; of the own IPC namespace
	"tty",         // ps, for the names of terminals
	"uptime",      // ps, uptime
	"version",     // says what uname says
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
	if err := j.makeDir("/proc"); err != nil {
		return err
	}
	return j.place(fd, "/proc")
}

// maskProc covers what isn't shown, and makes the kernel's settings read-only.
func (j *jail) maskProc() error {
	proc, err := unix.Openat2(j.root, "proc", &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return call("open /proc", err)
	}
	defer unix.Close(proc)
	names, err := readNames(proc)
	if err != nil {
		return call("getdents /proc", err)
	}
	m := masks{jail: j, file: -1, folder: -1}
	defer m.close()
	for _, name := range names {
		if isShown(name) {
			continue
		}
		if err := m.cover(proc, name); err != nil {
			return call("/proc/"+name, err)
		}
	}
	return j.bindReadOnly("/proc/sys")
}

func readNames(folder int) ([]string, error) {
	var names []string
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Getdents(folder, buf)
		if err != nil || n <= 0 {
			return names, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// isShown says whether a name is of the list, or a process's folder.
func isShown(name string) bool {
	return strings.Trim(name, "0123456789") == "" || slices.Contains(shown, name)
}

// masks are mounts that hide what they are on: of a node that can't be opened,
// and of an empty folder. Each is made once, and cloned from its first place.
type masks struct {
	jail         *jail
	file, folder int
}

// cover hides an entry of the folder proc. A link is left alone: those that the
// kernel makes lead into a process's folder, or to what the jail hasn't got.
func (m *masks) cover(proc int, name string) error {
	at, err := unix.Openat(proc, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		return nil
	case unix.S_IFDIR:
		return placeMask(at, &m.folder, newEmptyFolder)
	default:
		return placeMask(at, &m.file, m.jail.newUnreadable)
	}
}

// placeMask mounts a clone of the mask at a place, or the mask itself where it
// is the first.
func placeMask(at int, mask *int, create func() (int, error)) error {
	const flags = unix.MOVE_MOUNT_F_EMPTY_PATH | unix.MOVE_MOUNT_T_EMPTY_PATH
	if *mask < 0 {
		first, err := create()
		if err != nil {
			return err
		}
		*mask = first
		return unix.MoveMount(first, "", at, "", flags)
	}
	clone, err := unix.OpenTree(*mask, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(clone)
	return unix.MoveMount(clone, "", at, "", flags)
}

func (m *masks) close() {
	unix.Close(m.file)
	unix.Close(m.folder)
}

// newEmptyFolder has no room even if it weren't read-only: the one inode is its
// own. Of size 0, which is no limit, it isn't shown by df(1).
func newEmptyFolder() (int, error) {
	return newTmpfs("mode=0555,size=0,nr_inodes=1", procAttr|unix.MOUNT_ATTR_RDONLY)
}

// newUnreadable is the jail's /dev/null without its device: nodev.
func (j *jail) newUnreadable() (int, error) {
	null, err := j.cloneOf("/dev/null")
	if err != nil {
		return -1, err
	}
	return null, setAttr(null, procAttr|unix.MOUNT_ATTR_RDONLY)
}

func (j *jail) bindReadOnly(target string) error {
	tree, err := j.cloneOf(target)
	if err != nil {
		return err
	}
	if err := setAttr(tree, procAttr|unix.MOUNT_ATTR_RDONLY); err != nil {
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

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jailsh/jailsh/internal/mountinfo"
	"golang.org/x/sys/unix"
)

// mountAttacks change the mount table, or find what its flags have forgotten.
func mountAttacks() []attack {
	return []attack{
		{name: "mount-new", what: "mount(2): a file system of one's own", try: func(p *probe) outcome {
			var all []outcome
			for _, fstype := range []string{"tmpfs", "proc", "sysfs", "cgroup2", "devpts"} {
				all = append(all, p.unreached("mount "+fstype, mountAlone("none", p.scratch, fstype, 0)))
			}
			return worst(append(all, p.unreached("mount nowhere", mountAlone("none", "/nonexistent", "tmpfs", 0)))...)
		}},
		{name: "mount-bind", what: "mount(2), MS_BIND and MS_MOVE: show a place elsewhere, without what covers it", try: func(p *probe) outcome {
			return worst(
				p.unreached("bind /", mountAlone("/", p.scratch, "", unix.MS_BIND)),
				p.unreached("bind /proc", mountAlone("/proc", p.scratch, "", unix.MS_BIND)),
				p.unreached("move /proc/sys", mountAlone("/proc/sys", p.scratch, "", unix.MS_MOVE)),
				p.unreached("make / shared", mountAlone("", "/", "", unix.MS_SHARED)),
			)
		}},
		{name: "mount-remount", what: "mount(2), MS_REMOUNT: make each read-only mount writable", try: remount},
		{name: "mount-setattr", what: "mount_setattr(2): the same the new way, submounts as well", try: setattr},
		{name: "mount-api", what: "fsopen(2), fsmount, fspick, open_tree, move_mount: mount the new way", try: mountAPI},
		{name: "mount-user-namespace", what: "all that again as root of an own user and mount namespace", try: func(p *probe) outcome {
			return p.within("clone(CLONE_NEWUSER|CLONE_NEWNS)", newUser(unix.CLONE_NEWNS|unix.CLONE_NEWPID))
		}, inside: mountInside},
		{name: "umount", what: "umount2(2): take a mask off", try: func(p *probe) outcome {
			all := []outcome{p.unreached("umount nothing", unix.Unmount("/nonexistent", 0))}
			for _, m := range mountTable() {
				if m.Target != "/" {
					all = append(all, p.refused("umount "+m.Target, unshared(func() error { return unix.Unmount(m.Target, unix.MNT_DETACH) })))
				}
			}
			return worst(all...)
		}},
		{name: "mount-flags", what: "mount(8): a mount that was left without nosuid or nodev, or a bind whose submounts were", try: mountFlags},
		{name: "read-only", what: "mount_setattr(2), AT_RECURSIVE: a submount of a read-only mount that stayed writable", try: writeAnywhere},
		{name: "propagation", what: "mount_namespaces(7): a mount that is still shared with the host", try: propagation},
	}
}

// mountTable is empty if it can't be read.
func mountTable() []mountinfo.Mount {
	table, err := mountinfo.Parse(textOf("/proc/self/mountinfo"))
	if err != nil {
		return nil
	}
	return table
}

// unshared does something to mounts where nobody else sees it, if it can: in a
// mount namespace that ends with this process. Where that is refused, what
// follows is expected to be.
func unshared(do func() error) error {
	if unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS) == nil {
		_ = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	return do()
}

func mountAlone(source, target, fstype string, flags uintptr) error {
	return unshared(func() error { return unix.Mount(source, target, fstype, flags, "") })
}

func remount(p *probe) outcome {
	var all []outcome
	for _, m := range mountTable() {
		if m.Has("ro") {
			all = append(all, p.refused("remount "+m.Target, mountAlone("", m.Target, "", unix.MS_REMOUNT|unix.MS_BIND)))
		}
	}
	all = append(all, p.unreached("remount nowhere", mountAlone("", "/nonexistent", "", unix.MS_REMOUNT)))
	return worst(all...)
}

func setattr(p *probe) outcome {
	clear := &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	var all []outcome
	for _, m := range mountTable() {
		all = append(all, p.refused("mount_setattr "+m.Target, unshared(func() error {
			return unix.MountSetattr(unix.AT_FDCWD, m.Target, unix.AT_RECURSIVE, clear)
		})))
	}
	_, _, errno := unix.Syscall6(unix.SYS_MOUNT_SETATTR, ^uintptr(0), 0, 0, 0, 0, 0)
	return worst(append(all, p.unreached("mount_setattr of nothing", errnoOf(errno)))...)
}

func errnoOf(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

func mountAPI(p *probe) outcome {
	fs, fsopen := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	_, fsmount := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	_, pick := unix.Fspick(unix.AT_FDCWD, "/", 0)
	tree, open := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	_, _, config := unix.Syscall6(unix.SYS_FSCONFIG, ^uintptr(0), 0, 0, 0, 0, 0)
	return worst(
		p.unreached("fsopen", fsopen), p.unreached("fsmount", fsmount), p.unreached("fspick", pick), p.unreached("open_tree", open),
		p.unreached("fsconfig", errnoOf(config)),
		p.unreached("move_mount", unix.MoveMount(tree, "", unix.AT_FDCWD, "/nonexistent", unix.MOVE_MOUNT_F_EMPTY_PATH)),
	)
}

// mountInside has a user namespace already: that is what is BROKEN. It says how
// much further that leads.
func mountInside(p *probe) outcome {
	var got []string
	for _, fstype := range []string{"tmpfs", "proc", "sysfs", "cgroup2", "devpts", "overlay", "mqueue", "binfmt_misc"} {
		if unix.Mount("none", p.scratch, fstype, 0, "") == nil {
			got = append(got, fstype)
		}
	}
	for _, m := range mountTable() {
		if m.Has("ro") && unix.Mount("", m.Target, "", unix.MS_REMOUNT|unix.MS_BIND, "") == nil {
			got = append(got, "writable "+m.Target)
		}
		if strings.HasPrefix(m.Target, "/proc/") && unix.Unmount(m.Target, unix.MNT_DETACH) == nil {
			got = append(got, "unmasked "+m.Target)
		}
	}
	return broken("a user namespace can be made; in it: %s", strings.Join(got, ", "))
}

// mountFlags reads them: nosuid everywhere, nodev everywhere but where the jail's
// own nodes are.
func mountFlags(*probe) outcome {
	table := mountTable()
	for _, m := range table {
		if !m.Has("nosuid") {
			return broken("%s isn't nosuid", m.Target)
		}
		if !m.Has("nodev") && m.Target != "/dev" && m.Target != "/dev/pts" {
			return broken("%s isn't nodev", m.Target)
		}
	}
	if len(table) == 0 {
		return broken("/proc/self/mountinfo can't be read")
	}
	return held("%d mounts", len(table))
}

// writeAnywhere tries to make a file in each folder that is a read-only mount, in
// the template's folders, and in all of what the test says is read-only.
func writeAnywhere(p *probe) outcome {
	places := []string{"/", "/usr", "/usr/bin", "/etc", "/lib", "/dev", "/root", "/run", "/home", "/var", "/proc/sys"}
	for _, m := range mountTable() {
		if m.Has("ro") || p.victim["read-only"] != "" && isBelow(m.Target, p.victim["read-only"]) {
			places = append(places, m.Target)
		}
	}
	var all []outcome
	for _, at := range places {
		var st unix.Stat_t
		switch {
		case unix.Stat(at, &st) != nil:
		case st.Mode&unix.S_IFMT == unix.S_IFDIR:
			all = append(all, p.refused("make a file in "+at, makeFile(at)))
		case st.Mode&unix.S_IFMT == unix.S_IFREG:
			all = append(all, p.refused("write to "+at, openForWriting(at)))
		}
	}
	return worst(all...)
}

// makeFile makes a file in a folder, and takes it away again.
func makeFile(dir string) error {
	name := filepath.Join(dir, fmt.Sprintf(".probe%d", os.Getpid()))
	fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err == nil {
		_ = unix.Close(fd)
		_ = unix.Unlink(name)
	}
	return err
}

func isBelow(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

func openForWriting(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func propagation(*probe) outcome {
	for _, m := range mountTable() {
		for _, tag := range m.Tags {
			if strings.HasPrefix(tag, "shared:") || strings.HasPrefix(tag, "master:") {
				return broken("%s is %s", m.Target, tag)
			}
		}
	}
	return held("every mount is private")
}

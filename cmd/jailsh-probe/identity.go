package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// identityAttacks try to be somebody else.
func identityAttacks() []attack {
	return []attack{
		{name: "become-root", what: "setresuid(2), setresgid, setgroups, setfsuid: root, or anybody", try: becomeOthers},
		{name: "capabilities", what: "capabilities(7): one in any set, the bounding set included", try: capabilities},
		{name: "no-new-privs", what: "prctl(2), PR_SET_NO_NEW_PRIVS: is it set, and does it stay so", try: func(p *probe) outcome {
			on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
			if err != nil || on != 1 {
				return broken("no_new_privs is %d, %v", on, err)
			}
			return p.refused("take it back", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0))
		}},
		{name: "setuid-program", what: "execve(2): a setuid file of root's, in the home, in /tmp, wherever the test has put one", try: setuidProgram},
		{name: "setuid-files", what: "find / -perm /6000: a setuid or setgid file of somebody else's that isn't on a nosuid mount", try: setuidFiles},
		{name: "file-capabilities", what: "setcap(8): give a file a capability", try: func(p *probe) outcome {
			return p.refused("set security.capability", withFile(p, func(path string) error {
				// struct vfs_cap_data, revision 2, CAP_SYS_ADMIN.
				value := []byte{1, 0, 0, 2, 0, 0, 0x20, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0}
				return unix.Setxattr(path, "security.capability", value, 0)
			}))
		}},
		{name: "chown", what: "chown(2): give a file to root, with its setuid bit", try: func(p *probe) outcome {
			return p.refused("lchown to root", withFile(p, func(path string) error { return unix.Lchown(path, 0, 0) }))
		}},
		{name: "credentials-by-socket", what: "unix(7), SCM_CREDENTIALS: say to be root or PID 1", try: forgeCredentials},
	}
}

func becomeOthers(p *probe) outcome {
	other := os.Getuid() + 1
	call := func(number uintptr, a, b, c int) error {
		_, _, errno := unix.RawSyscall(number, uintptr(a), uintptr(b), uintptr(c))
		return errnoOf(errno)
	}
	group := [1]uint32{0}
	all := []outcome{
		p.refused("setresuid(0)", call(unix.SYS_SETRESUID, 0, 0, 0)),
		p.refused("setuid(0)", call(unix.SYS_SETUID, 0, 0, 0)),
		p.refused("setreuid(-1, 0)", call(unix.SYS_SETREUID, -1, 0, 0)),
		p.refused("setresuid(other)", call(unix.SYS_SETRESUID, other, other, other)),
		p.refused("setresgid(0)", call(unix.SYS_SETRESGID, 0, 0, 0)),
		p.refused("setgid(0)", call(unix.SYS_SETGID, 0, 0, 0)),
		p.refused("setgroups(0)", unix.Setgroups([]int{int(group[0])})),
	}
	// setfsuid(2) says only who one was before.
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, 0, 0, 0)
	if now, _, _ := unix.RawSyscall(unix.SYS_SETFSUID, ^uintptr(0), 0, 0); int32(now) == 0 {
		all = append(all, broken("setfsuid(0) worked"))
	}
	return worst(all...)
}

func capabilities(p *probe) outcome {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	sets := [2]unix.CapUserData{{Effective: 1 << unix.CAP_SYS_CHROOT, Permitted: 1 << unix.CAP_SYS_CHROOT}}
	all := []outcome{p.refused("capset", unix.Capset(&header, &sets[0]))}
	for line := range strings.Lines(textOf("/proc/self/status")) {
		name, value, _ := strings.Cut(line, ":")
		if strings.HasPrefix(name, "Cap") && strings.Trim(value, "0\t\n") != "" {
			all = append(all, broken("%s is %s", name, strings.TrimSpace(value)))
		}
	}
	all = append(all, p.refused("raise an ambient capability",
		unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_SYS_ADMIN, 0, 0)))
	return worst(all...)
}

// setuidProgram runs copies of this program that belong to root. They say who
// they are.
func setuidProgram(p *probe) outcome {
	var all []outcome
	for path := range strings.SplitSeq(p.victim["setuid"], ":") {
		var st unix.Stat_t
		if path == "" {
			continue
		}
		if err := unix.Stat(path, &st); err != nil {
			all = append(all, broken("%s: the test has left none: %v", path, err))
			continue
		}
		said, err := output(path, "--who")
		who := fmt.Sprintf("%d %d", os.Getuid(), os.Getgid())
		switch {
		case err != nil:
			all = append(all, held("%s: %v", path, err))
		case strings.TrimSpace(said) != who:
			all = append(all, broken("%s runs as %s", path, strings.TrimSpace(said)))
		default:
			all = append(all, held("%s runs as %s", path, who))
		}
	}
	return worst(all...)
}

// output runs a program, and returns what it prints, at most 4 KiB.
func output(path string, args ...string) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	c, err := os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{Files: []*os.File{nil, w, nil}})
	w.Close()
	if err != nil {
		return "", err
	}
	b := make([]byte, 4096)
	n, _ := r.Read(b) // nothing, if it can't run
	_, err = c.Wait()
	return string(b[:n]), err
}

// setuidFiles looks at every file that there is.
func setuidFiles(p *probe) outcome {
	given := strings.Split(p.victim["setuid"], ":")
	seen := 0
	var found []string
	_ = filepath.WalkDir("/", func(path string, d fs.DirEntry, err error) error {
		if path == "/proc" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a folder that can't be read has nothing for her
		}
		seen++
		for _, g := range given {
			if g == path {
				return nil
			}
		}
		info, err := d.Info()
		if err != nil || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) == 0 {
			return nil //nolint:nilerr // gone meanwhile
		}
		var mount unix.Statfs_t
		isHers := info.Sys().(*syscall.Stat_t).Uid == uint32(os.Getuid())
		if !isHers && (unix.Statfs(path, &mount) != nil || mount.Flags&unix.ST_NOSUID == 0) {
			found = append(found, path)
		}
		return nil
	})
	if len(found) > 0 {
		return broken("%s", strings.Join(found, ", "))
	}
	return held("none of %d files", seen)
}

// withFile does something to a new file of the scratch folder.
func withFile(p *probe, do func(path string) error) error {
	path := filepath.Join(p.scratch, "file")
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o755)
	if err != nil {
		return err
	}
	_ = unix.Close(fd)
	return do(path)
}

func forgeCredentials(p *probe) outcome {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return held("socketpair: %v", err)
	}
	var all []outcome
	own := unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
	for what, change := range map[string]func(*unix.Ucred){
		"uid 0": func(c *unix.Ucred) { c.Uid = 0 }, "gid 0": func(c *unix.Ucred) { c.Gid = 0 }, "pid 1": func(c *unix.Ucred) { c.Pid = 1 },
	} {
		forged := own
		change(&forged)
		all = append(all, p.refused("send as "+what, unix.Sendmsg(pair[0], []byte{0}, unix.UnixCredentials(&forged), nil, 0)))
	}
	return worst(all...)
}

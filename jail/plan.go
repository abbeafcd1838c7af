package jail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Account is one user as the configuration has her, ready to be jailed.
type Account struct {
	Name         string
	UID, GID     uint32
	Groups       []wire.Group
	Home         string // on the host; the folder above it must exist
	Shell        string // in the jail
	Hostname     string
	Umask        uint32
	Env          []string // NAME=value
	Mounts       []Bind
	Network      wire.NetworkKind
	Linger       time.Duration
	KillOnLogout bool
	Template     string // the built root, on the host
}

// Bind is one of the administrator's own mounts.
type Bind struct {
	Source, Target     string
	Writable, Optional bool
}

// Sizes of a jail's own file systems in memory.
const (
	tmpOptions    = "mode=1777,size=1g,nr_inodes=131072"
	varTmpOptions = "mode=1777,size=256m,nr_inodes=32768"
)

const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// Plan computes what the account's jail consists of. It reads the template and
// looks at the sources of the mounts, and changes nothing. All problems come in
// one error, each with its fix.
func Plan(a Account) (*wire.Spec, error) {
	home := "/home/" + a.Name
	spec := &wire.Spec{
		User: a.Name, UID: a.UID, GID: a.GID, Groups: a.Groups,
		Shell: a.Shell, Home: home, Hostname: a.Hostname, Umask: a.Umask,
		Network: wire.Network{Kind: a.Network}, Linger: a.Linger, KillOnLogout: a.KillOnLogout,
	}
	spec.Env = append([]string{"PATH=" + defaultPath}, a.Env...)
	spec.Env = append(spec.Env, "HOME="+home, "USER="+a.Name, "LOGNAME="+a.Name, "SHELL="+a.Shell)

	tree, err := planTemplate(a.Template)
	if err != nil {
		return nil, err
	}
	err = checkShell(a)
	mounts := planBase(a)
	mounts = append(mounts, tree...)
	mounts = append(mounts, planEtc(a, home)...)
	mounts = append(mounts, planTmp(a.Template)...)
	mounts = append(mounts, wire.Mount{Kind: wire.MountHome, Target: home, Source: a.Home, Writable: true})
	binds, bindErr := planBinds(a)
	spec.Mounts = append(mounts, binds...)
	return spec, errors.Join(err, bindErr)
}

// planBase is the part of the root that every jail has and no template.
func planBase(a Account) []wire.Mount {
	var mounts []wire.Mount
	for _, dir := range []string{"/proc", "/dev", "/home", "/run", "/tmp", "/root", "/home/" + a.Name} {
		mounts = append(mounts, wire.Mount{Kind: wire.MountDir, Target: dir})
	}
	return mounts
}

// planTemplate puts each top entry of the template into the root: folders are
// bound, links are made again. The root itself stays a file system of the jail,
// so that mount points can be made in it.
func planTemplate(root string) ([]wire.Mount, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w - run: jailsh template build", root, err)
	}
	var mounts []wire.Mount
	for _, e := range entries {
		source, target := filepath.Join(root, e.Name()), "/"+e.Name()
		switch {
		case e.IsDir():
			mounts = append(mounts, wire.Mount{Kind: wire.MountTree, Target: target, Source: source})
		case e.Type() == fs.ModeSymlink:
			to, err := os.Readlink(source)
			if err != nil {
				return nil, err
			}
			mounts = append(mounts, wire.Mount{Kind: wire.MountLink, Target: target, Source: to})
		default:
			return nil, fmt.Errorf("template %s: %s is neither a folder nor a link - remove it", root, e.Name())
		}
	}
	return mounts, nil
}

// planEtc are the files that say who is who. Only the user, root and nobody
// exist: an id of the host's has no name here.
func planEtc(a Account, home string) []wire.Mount {
	var passwd, group strings.Builder
	fmt.Fprintf(&passwd, "root:x:0:0:root:/root:/usr/sbin/nologin\n")
	fmt.Fprintf(&passwd, "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n")
	fmt.Fprintf(&passwd, "%s:x:%d:%d::%s:%s\n", a.Name, a.UID, a.GID, home, a.Shell)
	fmt.Fprintf(&group, "root:x:0:\nnogroup:x:65534:\n%s:x:%d:\n", a.Name, a.GID)
	for _, g := range a.Groups {
		fmt.Fprintf(&group, "%s:x:%d:%s\n", g.Name, g.GID, a.Name)
	}
	hosts := "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.1\t" + a.Hostname + "\n"

	file := func(name, content string) wire.Mount {
		return wire.Mount{Kind: wire.MountFile, Target: "/etc/" + name, Content: []byte(content)}
	}
	mounts := []wire.Mount{
		file("passwd", passwd.String()), file("group", group.String()),
		file("hostname", a.Hostname+"\n"), file("hosts", hosts),
	}
	if a.Network == wire.NetworkHost {
		if resolv, err := os.ReadFile("/etc/resolv.conf"); err == nil && len(resolv) <= wire.MaxContent {
			mounts = append(mounts, wire.Mount{Kind: wire.MountFile, Target: "/etc/resolv.conf", Content: resolv, Optional: true})
		}
	}
	return mounts
}

func planTmp(template string) []wire.Mount {
	mounts := []wire.Mount{
		{Kind: wire.MountTmpfs, Target: "/tmp", Data: tmpOptions, Writable: true},
	}
	if st, err := os.Lstat(filepath.Join(template, "var/tmp")); err == nil && st.IsDir() {
		mounts = append(mounts, wire.Mount{Kind: wire.MountTmpfs, Target: "/var/tmp", Data: varTmpOptions, Writable: true})
	}
	return mounts
}

// planBinds checks what the administrator wrote. A source that is reached
// through a symbolic link is refused: whoever owns the link could move it.
func planBinds(a Account) ([]wire.Mount, error) {
	var mounts []wire.Mount
	var problems []error
	for _, b := range a.Mounts {
		real, err := filepath.EvalSymlinks(b.Source)
		switch {
		case errors.Is(err, fs.ErrNotExist) && b.Optional:
			continue
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, fmt.Errorf("user.%s.mounts: %s: doesn't exist - make it, or set optional = true", a.Name, b.Source))
			continue
		case err != nil:
			problems = append(problems, fmt.Errorf("user.%s.mounts: %w", a.Name, err))
			continue
		case real != path.Clean(b.Source):
			problems = append(problems, fmt.Errorf("user.%s.mounts: %s: leads through a symbolic link - write source = %q", a.Name, b.Source, real))
			continue
		}
		mounts = append(mounts, wire.Mount{
			Kind: wire.MountBind, Target: b.Target, Source: real, Writable: b.Writable, Optional: b.Optional,
		})
	}
	return mounts, errors.Join(problems...)
}

// checkShell looks the shell up as the kernel will: with the template as root.
func checkShell(a Account) error {
	root, err := unix.Open(a.Template, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("template %s: %w", a.Template, err)
	}
	defer unix.Close(root)
	fd, err := unix.Openat2(root, strings.TrimPrefix(a.Shell, "/"), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return fmt.Errorf("user.%s.shell: %s: not in the template: %w - name a shell that is, or add it to the template's profile and run: jailsh template build", a.Name, a.Shell, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o111 == 0 {
		return fmt.Errorf("user.%s.shell: %s: not an executable file of the template - name one that is", a.Name, a.Shell)
	}
	return nil
}

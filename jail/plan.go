package jail

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/egress"
)

// Account is one user as the configuration has her, ready to be jailed.
type Account struct {
	Name         string
	UID, GID     uint32
	Groups       []wire.Group
	Home         string // on the host; the folder above it must exist
	HomeLimit    int64  // bytes; 0: none
	Shell        string // in the jail
	Hostname     string
	Umask        uint32
	Env          []string // NAME=value
	Mounts       []Bind
	Network      wire.NetworkKind
	Resolver     egress.Resolver // with the network egress
	Linger       time.Duration
	KillOnLogout bool
	AttachTTL    time.Duration
	Template     Template
	Limits       wire.Limits // but for Shm
	Tmp          int64       // bytes of /tmp; 0: by the memory
	Applet       string      // jailsh-applet on the host, which is the command jailsh in her jail; "": she has none
}

// Bind is one of the administrator's own mounts.
type Bind struct {
	Source, Target     string
	Writable, Optional bool
}

const (
	defaultPath = "/usr/local/bin:/usr/bin:/bin"

	// appletPath is a folder with nothing in it but the command jailsh.
	appletPath = "/run/jailsh"
)

// Plan computes what the account's jail consists of. It reads the template and
// looks at the sources of the mounts, and changes nothing. All problems come in
// one error, each with its fix.
func Plan(a Account) (*wire.Spec, error) {
	home := "/home/" + a.Name
	spec := &wire.Spec{
		User: a.Name, UID: a.UID, GID: a.GID, Groups: a.Groups,
		Shell: a.Shell, Home: home, Hostname: a.Hostname, Umask: a.Umask,
		Network: wire.Network{Kind: a.Network}, Linger: a.Linger, KillOnLogout: a.KillOnLogout, AttachTTL: a.AttachTTL,
		HomeLimit: a.HomeLimit,
	}
	spec.Limits = a.Limits
	spec.Limits.Shm = tmpSize(a) / tmpShare
	search := defaultPath
	if a.Applet != "" {
		search += ":" + appletPath
	}
	spec.Env = append([]string{"PATH=" + search}, a.Env...)
	spec.Env = append(spec.Env, "HOME="+home, "USER="+a.Name, "LOGNAME="+a.Name, "SHELL="+a.Shell)

	tree, err := planTemplate(a.Template)
	if err != nil {
		return nil, err
	}
	resolv, networkErr := planNetwork(a, &spec.Network)
	err = errors.Join(checkShell(a), networkErr)
	mounts := planBase(a)
	mounts = append(mounts, tree...)
	mounts = append(mounts, planEtc(a, home)...)
	mounts = append(mounts, resolv...)
	mounts = append(mounts, planBlanks(a.Template.Tree, mounts)...)
	mounts = append(mounts, planTmp(a)...)
	mounts = append(mounts, wire.Mount{Kind: wire.MountHome, Target: home, Source: a.Home, Writable: true})
	if a.Applet != "" {
		mounts = append(mounts, wire.Mount{Kind: wire.MountBind, Target: appletPath + "/jailsh", Source: a.Applet})
	}
	binds, bindErr := planBinds(a, mounts)
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
	return []wire.Mount{
		file("passwd", passwd.String()), file("group", group.String()),
		file("hostname", a.Hostname+"\n"), file("hosts", hosts),
	}
}

// planNetwork says which name servers the jail has, and writes its resolv.conf(5).
func planNetwork(a Account, network *wire.Network) ([]wire.Mount, error) {
	var resolv []byte
	switch a.Network {
	case wire.NetworkHost:
		// Without one programs ask a server on the loopback, which is the host's.
		if text, err := os.ReadFile("/etc/resolv.conf"); err == nil && len(text) <= wire.MaxContent {
			resolv = text
		}
	case wire.NetworkEgress:
		servers, text, err := a.Resolver.Resolve()
		if err != nil {
			return nil, fmt.Errorf("user.%s.network: %w", a.Name, err)
		}
		for _, s := range servers {
			network.Servers = append(network.Servers, s.AsSlice())
		}
		resolv = text
	}
	if resolv == nil {
		return nil, nil
	}
	return []wire.Mount{{Kind: wire.MountFile, Target: "/etc/resolv.conf", Content: resolv, Optional: true}}, nil
}

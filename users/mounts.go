package users

import (
	"fmt"
	"path"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// maxUserMounts leaves room in the jail's mount table for its own entries.
const maxUserMounts = wire.MaxMounts / 2

// taken are places of the jail that a mount would hide or break.
var taken = [...]string{
	"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root",
	"/run", "/sbin", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/var", "/var/tmp",
	"/etc/passwd", "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf",
}

// kernelTrees belong to the kernel, whole.
var kernelTrees = [...]string{"/proc", "/dev", "/sys"}

// readMounts reads [{source, target, mode, optional}].
func readMounts(v *strict.Value) ([]Mount, bool) {
	list, ok := v.List(maxUserMounts)
	if !ok {
		return nil, false
	}
	var mounts []Mount
	for _, e := range list {
		m, ok := readMount(e)
		if !ok {
			continue
		}
		for _, o := range mounts {
			switch {
			case o.Target == m.Target && !strings.Contains(m.Target, "{user}"): // else across says it
				e.Bad(fmt.Sprintf("%q is the target of another mount", m.Target), "remove one of them")
			case below(o.Target, m.Target):
				e.Bad(fmt.Sprintf("%q would hide the mount at %q", m.Target, o.Target), "put it before that one")
			}
		}
		mounts = append(mounts, m)
	}
	return mounts, true
}

func readMount(v *strict.Value) (Mount, bool) {
	var m Mount
	good := true
	place := func(to *string, check func(string) string, fix string) func(*strict.Value) {
		return func(k *strict.Value) {
			s, ok := k.Text(wire.MaxPath - maxName*4)
			if ok && check(s) != "" {
				k.Bad(fmt.Sprintf("%q %s", s, check(s)), fix)
				ok = false
			}
			*to, good = s, good && ok
		}
	}
	v.Fields([]strict.Field{
		{Name: "source", Read: place(&m.Source, badSource, "name a folder or a file of the host")},
		{Name: "target", Read: place(&m.Target, badTarget, `choose a place of its own, like "/data"`)},
		{Name: "mode", Read: func(k *strict.Value) {
			s, ok := k.Text(maxName)
			if ok && s != "ro" && s != "rw" {
				k.Bad(fmt.Sprintf("%q is no mode", s), `use "ro" or "rw"`)
			}
			m.Writable = s == "rw"
		}},
		{Name: "optional", Read: func(k *strict.Value) { m.Optional, _ = k.Bool() }},
	})
	for _, name := range []string{"source", "target"} {
		if v.Child(name) == nil {
			v.Missing(name, `write { source = "/on/the/host", target = "/in/the/jail" }`)
			good = false
		}
	}
	return m, good
}

func badPath(s string) string {
	switch {
	case !path.IsAbs(s):
		return "is not absolute"
	case path.Clean(s) != s:
		return fmt.Sprintf("is not in its short form, %q", path.Clean(s))
	}
	return ""
}

func badTarget(s string) string {
	if why := badPath(s); why != "" {
		return why
	}
	for _, t := range taken {
		if s == t {
			return "is a place that the jail needs itself"
		}
	}
	return inKernelTree(s)
}

func badSource(s string) string {
	if why := badPath(s); why != "" {
		return why
	}
	if s == "/" {
		return "is all of the host"
	}
	return inKernelTree(s)
}

func inKernelTree(s string) string {
	for _, t := range kernelTrees {
		if s == t || below(s, t) {
			return "is in " + t + ", which is the kernel's"
		}
	}
	return ""
}

// below reports whether the clean path s is inside dir.
func below(s, dir string) bool {
	return dir == "/" && s != "/" || strings.HasPrefix(s, dir+"/")
}

func setMounts(u *User, mounts []Mount) {
	u.Mounts = make([]Mount, len(mounts))
	for i, m := range mounts {
		m.Source, m.Target = substitute(m.Source, u.Name), substitute(m.Target, u.Name)
		u.Mounts[i] = m
	}
}

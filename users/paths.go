package users

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// hostPath reads a path of the host; a relative one counts from the folder of
// users.toml.
func (l *loader) hostPath(v *strict.Value) (string, bool) {
	s, ok := v.Text(wire.MaxPath - maxName*4)
	if !ok {
		return "", false
	}
	if s == "" {
		v.Bad("is empty", "name a path, or remove the key")
		return "", false
	}
	if !filepath.IsAbs(s) {
		s = filepath.Join(l.dir, s)
	}
	return filepath.Clean(s), true
}

// perUser reads a path that, outside [user.NAME], has to differ by user.
func (l *loader) perUser(s scope) func(*strict.Value) (string, bool) {
	return func(v *strict.Value) (string, bool) {
		p, ok := l.hostPath(v)
		if ok && s != scopeUser && !strings.Contains(p, "{user}") {
			v.Bad(fmt.Sprintf("%q would be the same for every user", p), "put {user} into it, or move it to [user.NAME]")
			return "", false
		}
		return p, ok
	}
}

// keyFile reads the path of an authorized_keys file. What stands for a home or a
// name in sshd_config(5) is refused: there is no such file, and nobody could log in.
func (l *loader) keyFile(s scope) func(*strict.Value) (string, bool) {
	read := l.perUser(s)
	return func(v *strict.Value) (string, bool) {
		if raw, _ := v.Cut(""); strings.HasPrefix(raw, "~") || strings.Contains(raw, "%h") || strings.Contains(raw, "%u") {
			path := strings.TrimPrefix(filepath.Join(l.base.Homes, "{user}/.ssh/authorized_keys"), l.dir+"/")
			v.Bad(fmt.Sprintf("%q is written as for sshd, and names no file here", clip(raw)), fmt.Sprintf("write it like %q", path))
			return "", false
		}
		return read(v)
	}
}

// home reads the path of a home. It becomes the user's own, so it can't be a
// folder of the system.
func (l *loader) home(s scope) func(*strict.Value) (string, bool) {
	read := l.perUser(s)
	return func(v *strict.Value) (string, bool) {
		p, ok := read(v)
		if !ok {
			return "", false
		}
		const fix = `choose a folder of its own, like "homes/{user}"`
		switch {
		case strings.Count(p, "/") < 2 || slices.Contains(taken[:], p):
			v.Bad(fmt.Sprintf("%q is the system's", p), fix)
		case inKernelTree(p) != "":
			v.Bad(fmt.Sprintf("%q %s", p, inKernelTree(p)), fix)
		case p == l.dir || below(l.dir, p) || p == l.base.Homes || below(l.base.Homes, p):
			v.Bad(fmt.Sprintf("%q has more in it than one user's files", p), fix)
		default:
			return p, true
		}
		return "", false
	}
}

package jail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/rootfs"
)

// planBinds checks what the administrator wrote: each source, and that its
// target can be there. placed is what the jail has before them.
func planBinds(a Account, placed []wire.Mount) ([]wire.Mount, error) {
	var mounts []wire.Mount
	var problems []error
	for _, b := range a.Mounts {
		info, err := checkSource(b)
		if info == nil && err == nil {
			continue
		}
		m := wire.Mount{Kind: wire.MountBind, Target: b.Target, Source: path.Clean(b.Source), Writable: b.Writable, Optional: b.Optional}
		if err == nil {
			err = checkTarget(a.Template, placed, m, info.IsDir())
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("user.%s.mounts: %w", a.Name, err))
			continue
		}
		mounts = append(mounts, m)
		placed = append(placed, m)
	}
	return mounts, errors.Join(problems...)
}

// checkSource returns what is at a source, or nothing if that is allowed. One that
// is reached through a symbolic link is refused: whoever owns the link could move it.
func checkSource(b Bind) (fs.FileInfo, error) {
	real, err := filepath.EvalSymlinks(b.Source)
	switch {
	case errors.Is(err, fs.ErrNotExist) && b.Optional:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: doesn't exist - make it, or set optional = true", b.Source)
	case err != nil:
		return nil, err
	case real != path.Clean(b.Source):
		return nil, fmt.Errorf("%s: leads through a symbolic link - write source = %q", b.Source, real)
	}
	return os.Lstat(real)
}

// checkTarget says why the mount m can't be put at its target. A mount point that
// is missing is made in the jail's own root, in the home, and in what is writable;
// in the template's folders and in a read-only mount it has to be there. What is
// in the home, and in writable mounts, is the user's: nothing is known of it.
func checkTarget(t Template, placed []wire.Mount, m wire.Mount, folder bool) error {
	below := holder(placed, m.Target)
	var in rootfs.Tree
	where, rest := "the template "+t.Name, m.Target
	switch {
	case below == nil || below.Writable:
		return nil
	case below.Kind == wire.MountTree || below.Kind == wire.MountLink:
		in = t.Tree
	case below.Kind == wire.MountBind:
		in, where, rest = rootfs.Dir(below.Source), below.Source, strings.TrimPrefix(m.Target, below.Target)
	default:
		return nil
	}
	at := m.Source + ": target " + m.Target
	real, links, err := in.Resolve(rest)
	if err != nil {
		return fmt.Errorf("%s: %s doesn't have it, and nothing can be made there: %w - choose one that is there, or one outside, such as /data", at, where, rootfs.Cause(err))
	}
	if len(links) > 0 {
		return fmt.Errorf("%s: leads through the link %s of %s - write the path that it leads to", at, links[0].Path, where)
	}
	info, err := in.Lstat(real)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if info.IsDir() != folder {
		return fmt.Errorf("%s: a folder can only be mounted on a folder, and a file on a file - choose another", at)
	}
	return nil
}

// holder is the mount in which a target lies, the last and nearest of them; nil
// if that is the jail's own root.
func holder(placed []wire.Mount, target string) *wire.Mount {
	var in *wire.Mount
	for i := range placed {
		p := &placed[i]
		if (target == p.Target || strings.HasPrefix(target, p.Target+"/")) && (in == nil || len(p.Target) >= len(in.Target)) {
			in = p
		}
	}
	return in
}

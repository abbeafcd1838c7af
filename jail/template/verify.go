package template

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/jailsh/jailsh/jail/rootfs"
	"golang.org/x/sys/unix"
)

// flaw is something that a root may not have.
type flaw struct{ path, what string }

// flawed makes an error of all flaws, a line for each.
func flawed(flaws []flaw) error {
	var problems []error
	for _, f := range flaws {
		problems = append(problems, errors.New(f.path+": "+f.what))
	}
	return errors.Join(problems...)
}

// verify reads a root back: it returns the manifest of what is in its folder, and
// what is wrong with it, by path. It knows nothing of the plan: what it passes is
// good whoever made it.
func verify(ctx context.Context, root rootfs.Tree) ([]manifestLine, []flaw, error) {
	lines, err := entriesOf(root)
	if err != nil {
		return nil, nil, err
	}
	cache, err := readCache(root)
	if err != nil {
		return nil, nil, err
	}
	v := &verifier{root: root, linker: newLinker(root, cache)}
	index := map[string]*manifestLine{}
	var names []string
	for i := range lines {
		index[lines[i].path] = &lines[i]
		names = append(names, lines[i].path)
	}
	err = eachOf(ctx, names, func(p string) error { return v.entry(index[p]) })
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(v.flaws, func(a, b flaw) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.what, b.what))
	})
	return lines, v.flaws, nil
}

// sumOf is the sum of a file that is in memory.
func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// entriesOf lists what is in root, sorted by path; root itself is not in it.
func entriesOf(root rootfs.Tree) ([]manifestLine, error) {
	var lines []manifestLine
	err := filepath.WalkDir(root.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root.Dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		lines = append(lines, manifestLine{path: strings.TrimPrefix(name, root.Dir), mode: info.Mode()})
		return nil
	})
	slices.SortFunc(lines, func(a, b manifestLine) int { return strings.Compare(a.path, b.path) })
	return lines, err
}

type verifier struct {
	root rootfs.Tree

	mu     sync.Mutex // of all below
	linker *linker
	flaws  []flaw
}

func (v *verifier) note(path, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flaws = append(v.flaws, flaw{path, fmt.Sprintf(format, args...)})
}

// entry checks one entry and completes its line.
func (v *verifier) entry(l *manifestLine) error {
	if path.Dir(l.path) == "/" {
		switch {
		case inJail(l.path):
			v.note(l.path, "belongs to the jail itself")
		case l.mode.IsRegular():
			v.note(l.path, "is a file, and only directories and links can be at the top")
		}
	}
	if err := v.owner(l); err != nil {
		return err
	}
	switch {
	case l.mode&fs.ModeSymlink != 0:
		target, err := os.Readlink(v.root.On(l.path))
		if err != nil {
			return err
		}
		l.target = target
		if _, _, err := v.root.Resolve(l.path); err != nil {
			v.note(l.path, "leads nowhere: %v", rootfs.Cause(err))
		}
		return nil
	case l.mode.IsRegular():
		return v.file(l)
	case l.mode.IsDir():
		return nil
	default:
		v.note(l.path, "is %s", kind(l.mode))
		return nil
	}
}

// owner checks who may do what with an entry.
func (v *verifier) owner(l *manifestLine) error {
	var st unix.Stat_t
	if err := unix.Lstat(v.root.On(l.path), &st); err != nil {
		return &fs.PathError{Op: "stat", Path: l.path, Err: err}
	}
	if int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid() {
		v.note(l.path, "belongs to %d:%d", st.Uid, st.Gid)
	}
	if l.mode&fs.ModeSymlink != 0 {
		return nil
	}
	switch {
	case l.mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		v.note(l.path, "is setuid or setgid, mode %04o", st.Mode&0o7777)
	case l.mode.Perm()&0o022 != 0:
		v.note(l.path, "is writable by others, mode %04o", st.Mode&0o7777)
	case l.mode&fs.ModeSticky != 0 || l.mode.Perm()&^allowed != 0:
		v.note(l.path, "has mode %04o", st.Mode&0o7777)
	}
	if n, err := unix.Lgetxattr(v.root.On(l.path), "security.capability", nil); err == nil && n > 0 {
		v.note(l.path, "has file capabilities")
	}
	return nil
}

// file sums a file up, and checks that what it needs to run is in the root.
func (v *verifier) file(l *manifestLine) error {
	f, info, err := v.root.Open(l.path)
	if err != nil {
		return err
	}
	defer f.Close()
	l.size = info.Size()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	l.sum = hex.EncodeToString(sum.Sum(nil))
	v.mu.Lock()
	needs, missing, err := v.linker.needs(f, l.path, l.mode)
	v.mu.Unlock()
	if err != nil {
		v.note(l.path, "%v", err)
	}
	for _, n := range needs {
		if _, _, err := v.root.Resolve(n); err != nil && !slices.Contains(missing, n) {
			missing = append(missing, n)
		}
	}
	if len(missing) > 0 {
		v.note(l.path, "needs %s, which is not in the template", strings.Join(missing, ", "))
	}
	return nil
}

package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jailsh/jailsh/jail/rootfs"
	"golang.org/x/sys/unix"
)

// Options say what to build, from what, and where. Without Kind and Profile a
// template is built as it was before, or, for the first time, from the profile of
// its name.
type Options struct {
	Dir      string // the templates' directory; made if missing
	Name     string // of the template
	Kind     Kind
	Profiles fs.FS    // holds NAME.toml of each profile
	Profile  []string // of kind Copy: the profiles that go in, by name, or a file's absolute path
	Source   string   // of kind Dir: absolute path of the root file system

	// Progress, if set, is told how many bytes of the template's files are
	// copied, from one goroutine at a time; the last call has done == total.
	Progress func(done, total int64)

	host rootfs.Tree // what is copied from; without a Dir: the host
}

// Build makes a new build of a template and makes it the current one. It needs
// no root, but only what root builds can a jail use. An error says everything
// that the host lacks at once, and leaves the current build as it was, and
// nothing behind; with one exception: if the new build is in place and an older
// one could not be removed, both Info and error are returned.
func Build(ctx context.Context, o Options) (*Info, error) {
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	o.complete()
	p, bound, err := o.plan(ctx)
	if err != nil {
		return nil, err // each line of it says where
	}
	info, err := build(ctx, p, bound, o)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return nil, fmt.Errorf("template %s: %w - free some space in %s, nothing was changed", o.Name, err, o.Dir)
	}
	if err != nil {
		return info, fmt.Errorf("template %s: %w", o.Name, err)
	}
	return info, nil
}

// complete fills in what was not said.
func (o *Options) complete() {
	if o.host.Dir == "" {
		o.host = rootfs.Dir("/")
	}
	if o.Kind == "" && len(o.Profile) == 0 {
		if i := lastBuild(o.Dir, o.Name); i != nil {
			o.Kind, o.Profile, o.Source = i.Kind, i.Profiles, i.Source
		}
	}
	if o.Kind == "" {
		o.Kind = Copy
	}
	if o.Kind == Copy && len(o.Profile) == 0 {
		o.Profile = []string{o.Name}
	}
}

// lastBuild returns the current build of a template, or where that is broken the
// newest, to be built again in the same way; nil if there is none.
func lastBuild(dir, name string) *Info {
	top := filepath.Join(dir, name)
	ids := []string{currentID(top)}
	entries, _ := os.ReadDir(filepath.Join(top, buildsName)) // sorted, and so by time
	for _, e := range slices.Backward(entries) {
		ids = append(ids, e.Name())
	}
	for _, id := range ids {
		if !isID(id) {
			continue
		}
		if i, err := readInfo(name, filepath.Join(top, buildsName, id)); err == nil {
			return i
		}
	}
	return nil
}

// plan plans what the build has of its own, and says which folders of the host it
// has beside that.
func (o *Options) plan(ctx context.Context) (p plan, bound []string, err error) {
	profile := o.Profile
	switch o.Kind {
	case Dir:
		return plan{}, nil, flawed(checkFolder(o.Source))
	case Host:
		profile = []string{hostProfile}
		if bound, err = hostFolders(o.host); err != nil {
			return nil, nil, err
		}
	}
	profiles, err := loadProfiles(o.Profiles, profile)
	if err != nil {
		return nil, nil, err
	}
	p, err = gather(ctx, o.host, profiles, bound...)
	return p, bound, err
}

func build(ctx context.Context, p plan, bound []string, o Options) (*Info, error) {
	s, err := openStore(o.Dir, o.Name)
	if err != nil {
		return nil, err
	}
	defer s.close()

	now := time.Now().UTC()
	i := &Info{Name: o.Name, ID: newID(now), Built: now.Truncate(time.Second), Kind: o.Kind, Profiles: o.Profile, Source: o.Source}
	for _, name := range bound {
		i.Bound = append(i.Bound, o.host.On("/"+name))
	}
	i.Build = s.build(i.ID)
	i.Root = filepath.Join(i.Build, "root")
	temp := s.build(tempPrefix + i.ID)
	before := currentID(s.dir)
	err = fill(ctx, temp, i, p, o, reusable(o.Dir))
	if errors.Is(err, errReused) {
		if err = os.RemoveAll(temp); err == nil {
			err = fill(ctx, temp, i, p, o, nil)
		}
	}
	if err == nil {
		err = s.publish(temp, i.ID)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(temp))
	}
	if i.Kind == Dir {
		i.Root = i.Source
	}
	if err := s.collect(i.ID, before); err != nil {
		return i, fmt.Errorf("the new build is in place, but an old one is still there: %w - remove it", err)
	}
	return i, nil
}

// fill makes the directory temp into a complete build, and completes i.
func fill(ctx context.Context, temp string, i *Info, p plan, o Options, reuse map[reuseKey]reused) error {
	root := i.Tree()
	root.Dir = filepath.Join(temp, "root")
	for _, dir := range []string{temp, root.Dir} {
		if err := makeDir(dir, 0o755); err != nil {
			return err
		}
	}
	c := &copier{from: o.host, to: rootfs.Dir(root.Dir), plan: p, reuse: reuse, sums: map[string]string{}, progress: o.Progress}
	if err := c.run(ctx); err != nil {
		return err
	}
	lines, flaws, err := verify(ctx, root)
	if err == nil {
		err = flawed(flaws)
	}
	if err == nil {
		err = p.matches(lines)
	}
	if err != nil {
		return err
	}
	i.Files, i.Bytes = 0, 0
	for n := range lines {
		l := &lines[n]
		if !l.mode.IsRegular() {
			continue
		}
		if sum := c.sums[l.path]; sum != "" && sum != l.sum {
			return fmt.Errorf("%s: %w", l.path, errReused)
		}
		l.stamp = p[l.path].stamp
		i.Files++
		i.Bytes += l.size
	}
	return os.WriteFile(filepath.Join(temp, manifestName), encodeManifest(i, lines), 0o644)
}

package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jailsh/jailsh/jail/rootfs"
	"golang.org/x/sys/unix"
)

// Options say what to build, from what, and where.
type Options struct {
	Dir      string   // the templates' directory; made if missing
	Name     string   // of the template
	Profiles fs.FS    // holds NAME.toml of each profile
	Profile  []string // the profiles that go in; none: the one of the template's name

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
	if len(o.Profile) == 0 {
		o.Profile = []string{o.Name}
	}
	if o.host.Dir == "" {
		o.host = rootfs.Dir("/")
	}
	profiles, err := loadProfiles(o.Profiles, o.Profile)
	if err != nil {
		return nil, err // each line of it says where
	}
	plan, err := gather(ctx, o.host, profiles)
	if err != nil {
		return nil, err
	}
	info, err := build(ctx, plan, o)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return nil, fmt.Errorf("template %s: %w - free some space in %s, nothing was changed", o.Name, err, o.Dir)
	}
	if err != nil {
		return info, fmt.Errorf("template %s: %w", o.Name, err)
	}
	return info, nil
}

func build(ctx context.Context, p plan, o Options) (*Info, error) {
	s, err := openStore(o.Dir, o.Name)
	if err != nil {
		return nil, err
	}
	defer s.close()

	now := time.Now().UTC().Truncate(time.Second)
	i := &Info{Name: o.Name, ID: newID(now), Built: now, Profiles: o.Profile}
	i.Build = s.build(i.ID)
	i.Root = filepath.Join(i.Build, "root")
	temp := s.build(tempPrefix + i.ID)
	before := currentID(s.dir)
	err = fill(ctx, temp, i, p, o)
	if err == nil {
		err = s.publish(temp, i.ID)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(temp))
	}
	if err := s.collect(i.ID, before); err != nil {
		return i, fmt.Errorf("the new build is in place, but an old one is still there: %w - remove it", err)
	}
	return i, nil
}

// fill makes the directory temp into a complete build, and completes i.
func fill(ctx context.Context, temp string, i *Info, p plan, o Options) error {
	root := rootfs.Dir(filepath.Join(temp, "root"))
	for _, dir := range []string{temp, root.Dir} {
		if err := makeDir(dir, 0o755); err != nil {
			return err
		}
	}
	c := &copier{from: o.host, to: root, plan: p, progress: o.Progress}
	if err := c.run(ctx); err != nil {
		return err
	}
	lines, err := verify(ctx, root)
	if err != nil {
		return err
	}
	if err := p.matches(lines); err != nil {
		return err
	}
	for _, l := range lines {
		if l.mode.IsRegular() {
			i.Files++
			i.Bytes += l.size
		}
	}
	return os.WriteFile(filepath.Join(temp, manifestName), encodeManifest(i, lines), 0o644)
}

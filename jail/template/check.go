package template

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Problem is something wrong with a template.
type Problem struct {
	Template string
	What     string
	Paths    []string // what it is so of, sorted: in the root, or of a folder or the host there
	Fix      string
}

// Check looks at a template that is built: whether it is what was built, whether
// the host has changed since, and whether anybody but root could change it. What
// it is looked at for depends on its kind. It changes nothing. An error means that
// it could not look.
func Check(ctx context.Context, o Options) ([]Problem, error) {
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	info, err := Open(o.Dir, o.Name)
	if err != nil {
		what, fix := splitFix(strings.TrimPrefix(err.Error(), "template "+o.Name+": "))
		return []Problem{{Template: o.Name, What: what, Fix: fix}}, nil
	}
	o.Kind, o.Profile, o.Source = info.Kind, info.Profiles, info.Source
	o.complete()
	c := &checker{name: o.Name, info: info}
	switch info.Kind {
	case Dir:
		err = c.folder(ctx)
	case Host:
		err = errors.Join(c.build(ctx), c.upgrades(ctx, o), c.hostFolders(ctx))
	default:
		err = errors.Join(c.build(ctx), c.upgrades(ctx, o))
	}
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", o.Name, err)
	}
	for _, p := range c.problems {
		slices.Sort(p.Paths)
	}
	return c.problems, nil
}

// checker collects the problems of one template.
type checker struct {
	name     string
	info     *Info
	problems []Problem
}

// note adds paths to the problem of the same words, or makes a new one.
func (c *checker) note(what, fix string, paths ...string) {
	for i := range c.problems {
		if p := &c.problems[i]; p.What == what && p.Fix == fix {
			p.Paths = append(p.Paths, paths...)
			return
		}
	}
	c.problems = append(c.problems, Problem{Template: c.name, What: what, Paths: paths, Fix: fix})
}

func (c *checker) rebuild() string { return "run: jailsh template build " + c.name }

// build compares what the build has of its own with its manifest, and looks at it
// as verify does.
func (c *checker) build(ctx context.Context) error {
	lines, flaws, err := verify(ctx, c.info.Tree())
	if err != nil {
		return err
	}
	for _, f := range flaws {
		c.note(f.what, c.rebuild(), f.path)
	}
	want, err := readManifest(c.info.Build)
	if err != nil {
		return err
	}
	have := map[string]manifestLine{}
	for _, l := range lines {
		have[l.path] = l
	}
	for _, w := range want {
		h, ok := have[w.path]
		delete(have, w.path)
		switch h.stamp = w.stamp; {
		case !ok:
			c.note("is missing from the build", c.rebuild(), w.path)
		case h != w && !(w.mode.IsDir() && h.mode == w.mode):
			c.note("was changed since it was built", c.rebuild(), w.path)
		}
	}
	for p := range have {
		c.note("was put into the build since", c.rebuild(), p)
	}
	return nil
}

// upgrades plans the build again, and says in what the host differs from the one
// that was built from.
func (c *checker) upgrades(ctx context.Context, o Options) error {
	now, _, err := o.plan(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			what, fix := splitFix(line)
			c.note("can't be built again: "+what, fix)
		}
		return nil
	}
	built, err := readManifest(c.info.Build)
	if err != nil {
		return err
	}
	for _, l := range built {
		e := now[l.path]
		delete(now, l.path)
		switch {
		case e == nil:
			c.note("is gone from the host, or from the profile", c.rebuild(), l.path)
		case e.mode != l.mode || e.target != l.target || e.stamp != l.stamp && o.differs(l):
			c.note("has changed on the host since the build", c.rebuild(), l.path)
		case e.made && sumOf(e.content) != l.sum:
			c.note("is another in this version of the profile", c.rebuild(), l.path)
		}
	}
	for p := range now {
		c.note("is new on the host, or in the profile", c.rebuild(), p)
	}
	return nil
}

// differs reads a file of the host whose stamp is another than at the build. A
// link to it, a chmod back and forth change that too.
func (o *Options) differs(l manifestLine) bool {
	f, info, err := o.host.Open(l.path)
	if err != nil || info.Size() != l.size {
		return true
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return err != nil || hex.EncodeToString(sum.Sum(nil)) != l.sum
}

// splitFix separates what is wrong from what to do.
func splitFix(text string) (what, fix string) {
	if i := strings.LastIndex(text, " - "); i >= 0 {
		return text[:i], text[i+len(" - "):]
	}
	return text, ""
}

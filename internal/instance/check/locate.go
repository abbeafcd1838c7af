package check

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
)

// source is a configuration file by its lines: where a problem of the host has
// its cause. The file was loaded without a problem before.
type source struct {
	file string
	root *strict.Value
}

func readSource(file string) source {
	src, err := strict.ReadFile(file)
	if err != nil {
		return source{file, nil} // gone meanwhile: no line then
	}
	return source{file, strict.Parse(file, src).Root}
}

// problem is one at the given key, or without a line if the key isn't in the
// file and has its default.
func (s source) problem(what, fix, key string) *strict.Problem {
	p := &strict.Problem{File: s.file, Key: key, What: what, Fix: fix}
	if v := s.root.Child(key); v != nil {
		p.Line = v.Line()
	}
	return p
}

// element is problem for one element of a list.
func (s source) element(what, fix, key string, i int) *strict.Problem {
	p := s.problem(what, fix, key)
	if v := elementOf(s.root.Child(key), i); v != nil {
		p.Line, p.Key = v.Line(), v.Path()
	}
	return p
}

// user is problem for a key of a user, at the line that decides it: her own, her
// class's, the defaults', or that of her table. An i of 0 or more names an element of the
// key's list.
func (s source) user(name string, line int, class, what, fix, key string, i int) *strict.Problem {
	p := &strict.Problem{File: s.file, Line: line, Key: "user." + name + "." + key, What: what, Fix: fix}
	own := s.root.Child("user").Child(name)
	for _, table := range []*strict.Value{own, s.root.Child("class").Child(class), s.root.Child("defaults")} {
		v := descend(table, key)
		if v == nil {
			continue
		}
		if e := elementOf(v, i); e != nil {
			v = e
		}
		p.Line, p.Key = v.Line(), v.Path()
		if table != own {
			p.What = "of user " + name + ": " + what
		}
		break
	}
	return p
}

// descend is the value of a dotted key.
func descend(v *strict.Value, key string) *strict.Value {
	for name := range strings.SplitSeq(key, ".") {
		v = v.Child(name)
	}
	return v
}

func elementOf(v *strict.Value, i int) *strict.Value {
	if v == nil || i < 0 {
		return nil
	}
	list, ok := v.List(i + 1<<20)
	if !ok || i >= len(list) {
		return nil
	}
	return list[i]
}

// inOrder sorts the problems of one file by line, those without one last.
func inOrder(p strict.Problems) strict.Problems {
	last := func(p *strict.Problem) int {
		if p.Line == 0 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(p, func(a, b *strict.Problem) int {
		return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(a.Line, b.Line))
	})
	return p
}

package strict

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing wrong with a file.
type Problem struct {
	File string
	Line int    // starts at 1; 0 when the file as a whole is meant
	Key  string // dotted, with the place in a list: user.alice.keys[1]
	What string // what is wrong, and why
	Fix  string // what to do

	offset int // byte offset in the file; orders the problems of one line
}

// Error returns `file:line: key: what - fix`, without the parts that are empty.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	b.WriteString(": " + p.What)
	if p.Fix != "" {
		b.WriteString(" - " + p.Fix)
	}
	return b.String()
}

// Problems is everything wrong with one or more files, each file's in file
// order. It is an error only when it isn't empty: return it through Err.
type Problems []*Problem

// Error returns the problems, one on each line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns p as an error, and nil if there is no problem.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// sorted puts the problems of one file in file order.
func (p Problems) sorted() Problems {
	sort.SliceStable(p, func(i, j int) bool {
		if p[i].Line != p[j].Line {
			return p[i].Line < p[j].Line
		}
		return p[i].offset < p[j].offset
	})
	return p
}

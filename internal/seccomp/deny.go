package seccomp

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"
)

// Denial answers system calls with an error instead of making them. With
// conditions it does so only when all of them are met.
type Denial struct {
	Calls []uint32
	When  []Condition
	Errno unix.Errno
	Why   string // for whoever reads the table
}

// Condition is about one argument: that its low 32 bits, under Mask, are one of
// Values, or with Not that they are none of them. A Mask of 0 is all bits. With High
// it is about the upper 32 bits, which only a pointer needs.
type Condition struct {
	Arg    uint32
	High   bool
	Mask   uint32
	Values []uint32
	Not    bool
}

// skipped is the number of a call that a tracer doesn't want to be made
// (ptrace(2), PTRACE_SYSEMU). The kernel makes none, and answers what the tracer
// has put there: a filter that answers too would overwrite it.
const skipped = ^uint32(0)

// Deny returns the filter that allows everything but the denials; where several
// name the same call, the first whose conditions are met answers. Calls of
// another architecture than the program's own, and of numbers above last, don't
// exist for it (ENOSYS): nothing is known of what they do.
//
// The number is looked for in a binary tree, so that the cost hardly grows with
// the list. No argument is loaded on the way to a call that is always allowed:
// from Linux 5.11 on the kernel finds such calls when the filter is loaded, and
// doesn't run it for them (kernel/seccomp.c, seccomp_cache_prepare).
func Deny(last uint32, denials []Denial) []unix.SockFilter {
	prog := []unix.SockFilter{
		load(offArch),
		jump(unix.BPF_JEQ, arch, 1, 0),
		answer(absent),
		load(offNumber),
	}
	return append(prog, tree(segments(last, denials))...)
}

// segment is what happens to the numbers from start to that of the next one.
type segment struct {
	start uint32
	body  []unix.SockFilter
}

// segments cover all numbers, in order.
func segments(last uint32, denials []Denial) []segment {
	bodies := map[uint32][]unix.SockFilter{}
	for _, d := range denials {
		for _, number := range d.Calls {
			bodies[number] = append(bodies[number], d.instructions()...)
		}
	}
	yes := []unix.SockFilter{answer(allow)}
	all := []segment{{0, yes}, {last + 1, []unix.SockFilter{answer(absent)}}, {skipped, yes}}
	for number, body := range bodies {
		if len(body) > 1 { // conditions that may not be met
			body = append(body, answer(allow))
		}
		all = append(all, segment{number, body})
		if _, denied := bodies[number+1]; !denied && number < last {
			all = append(all, segment{number + 1, yes})
		}
	}
	// Two start at 0 if that number is denied: the sort is stable, and tree goes
	// to the later one.
	slices.SortStableFunc(all, func(a, b segment) int { return cmp.Compare(a.start, b.start) })
	return slices.CompactFunc(all, func(a, b segment) bool { return slices.Equal(a.body, b.body) })
}

// tree branches until one segment is left.
func tree(s []segment) []unix.SockFilter {
	if len(s) == 1 {
		return s[0].body
	}
	half := len(s) / 2
	below, from := tree(s[:half]), tree(s[half:])
	prog := []unix.SockFilter{jump(unix.BPF_JGE, s[half].start, len(below), 0)}
	if len(below) > maxJump {
		prog = []unix.SockFilter{
			jump(unix.BPF_JGE, s[half].start, 0, 1),
			{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(below))},
		}
	}
	return slices.Concat(prog, below, from)
}

// instructions answer, or end behind themselves if a condition isn't met.
func (d Denial) instructions() []unix.SockFilter {
	prog := []unix.SockFilter{answer(unix.SECCOMP_RET_ERRNO | uint32(d.Errno))}
	for _, c := range slices.Backward(d.When) {
		prog = append(c.instructions(len(prog)), prog...)
	}
	return prog
}

// instructions end behind themselves if the condition is met, and rest further
// if it isn't.
func (c Condition) instructions(rest int) []unix.SockFilter {
	prog := []unix.SockFilter{argument(c.Arg)}
	if c.High {
		prog = []unix.SockFilter{upper(c.Arg)}
	}
	if c.Mask != 0 {
		prog = append(prog, mask(c.Mask))
	}
	for i, v := range c.Values {
		left := len(c.Values) - 1 - i
		switch {
		case c.Not:
			prog = append(prog, jump(unix.BPF_JEQ, v, left+rest, 0))
		case left > 0:
			prog = append(prog, jump(unix.BPF_JEQ, v, left, 0))
		default:
			prog = append(prog, jump(unix.BPF_JEQ, v, 0, rest))
		}
	}
	return prog
}

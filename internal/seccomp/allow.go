package seccomp

import "golang.org/x/sys/unix"

// Rule allows one system call. With Values it allows it only if one of them is
// found in argument Arg, under Mask. Arguments are compared on their low 32
// bits, which is what the kernel uses of a command or a set of flags.
type Rule struct {
	Number uint32
	Arg    uint32
	Mask   uint32
	Values []uint32
}

// x32Bit marks the system calls of the x32 ABI.
const x32Bit = 0x40000000

// Allow returns the filter that allows the rules and nothing else. The order
// matters for speed only.
func Allow(rules []Rule) []unix.SockFilter {
	prog := []unix.SockFilter{
		load(offArch),
		jump(unix.BPF_JEQ, arch, 1, 0),
		answer(unix.SECCOMP_RET_KILL_PROCESS),
		load(offNumber),
		jump(unix.BPF_JGE, x32Bit, 0, 1),
		answer(absent),
	}
	for _, r := range rules {
		prog = append(prog, r.instructions()...)
	}
	return append(prog, answer(refuse))
}

// instructions leave the accumulator at the call's number unless they return.
func (r Rule) instructions() []unix.SockFilter {
	if len(r.Values) == 0 {
		return []unix.SockFilter{jump(unix.BPF_JEQ, r.Number, 0, 1), answer(allow)}
	}
	body := []unix.SockFilter{argument(r.Arg)}
	if r.Mask != 0 {
		body = append(body, mask(r.Mask))
	}
	for _, v := range r.Values {
		body = append(body, jump(unix.BPF_JEQ, v, 0, 1), answer(allow))
	}
	body = append(body, answer(refuse))
	return append([]unix.SockFilter{jump(unix.BPF_JEQ, r.Number, 0, len(body))}, body...)
}

package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Rule allows one system call. With Values it allows it only if one of them is
// found in argument Arg, under Mask. Arguments are compared on their low 32
// bits, which is what the kernel uses of a command or a set of flags.
type Rule struct {
	Number uint32
	Arg    uint32
	Mask   uint32
	Values []uint32
}

// Offsets in struct seccomp_data, on little-endian machines.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// x32Bit marks the system calls of the x32 ABI.
const x32Bit = 0x40000000

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(op uint16, k uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jt: yes, Jf: no}
}

func answer(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

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
	body := []unix.SockFilter{load(offArgs + 8*r.Arg)}
	if r.Mask != 0 {
		body = append(body, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: r.Mask})
	}
	for _, v := range r.Values {
		body = append(body, jump(unix.BPF_JEQ, v, 0, 1), answer(allow))
	}
	body = append(body, answer(refuse))
	return append([]unix.SockFilter{jump(unix.BPF_JEQ, r.Number, 0, uint8(len(body)))}, body...)
}

// maxLength is BPF_MAXINSNS of the kernel.
const maxLength = 4096

func check(prog []unix.SockFilter) error {
	if len(prog) == 0 || len(prog) > maxLength {
		return fmt.Errorf("seccomp filter of %d instructions", len(prog))
	}
	return nil
}

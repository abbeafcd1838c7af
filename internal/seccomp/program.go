package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data, on little-endian machines.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

// argument loads the low half of one. The kernel takes commands, flags and
// families as 32 bits and drops the rest: a filter that compares more can be
// passed with garbage above them (CVE-2019-10063).
func argument(n uint32) unix.SockFilter { return load(offArgs + 8*n) }

// upper loads the upper half of one.
func upper(n uint32) unix.SockFilter { return load(offArgs + 8*n + 4) }

func mask(k uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: k}
}

func jump(op uint16, k uint32, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jt: uint8(yes), Jf: uint8(no)}
}

// maxJump is how far a conditional jump reaches, in instructions.
const maxJump = 255

func answer(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// maxLength is BPF_MAXINSNS of the kernel.
const maxLength = 4096

func check(prog []unix.SockFilter) error {
	if len(prog) == 0 || len(prog) > maxLength {
		return fmt.Errorf("seccomp filter of %d instructions", len(prog))
	}
	return nil
}

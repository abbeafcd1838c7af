package seccomp

import (
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	eperm  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	einval = unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)
	enosys = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func TestDeny(t *testing.T) {
	t.Parallel()
	prog := Deny(100, []Denial{
		{Calls: []uint32{0, 7, 8}, Errno: unix.EPERM},
		{Calls: []uint32{16}, When: []Condition{{Arg: 1, Values: []uint32{100, 200}}}, Errno: unix.EPERM},
		{Calls: []uint32{41}, When: []Condition{{Arg: 0, Values: []uint32{1, 2, 3}, Not: true}}, Errno: unix.EINVAL},
		{Calls: []uint32{41}, When: []Condition{
			{Arg: 0, Values: []uint32{2, 3}}, {Arg: 1, Mask: 0xf, Values: []uint32{5}}, {Arg: 2, Values: []uint32{0, 9}, Not: true},
		}, Errno: unix.EPERM},
		{Calls: []uint32{56}, When: []Condition{{Arg: 0, Mask: 0xf0, Values: []uint32{0}, Not: true}}, Errno: unix.EPERM},
		{Calls: []uint32{57}, When: []Condition{{Arg: 1, High: true, Values: []uint32{0}, Not: true}}, Errno: unix.EPERM},
		{Calls: []uint32{100}, Errno: unix.EINVAL},
	})
	const garbage = 0xdead_beef_0000_0000
	for _, c := range []struct {
		what string
		call call
		want uint32
	}{
		{"the first number", call{number: 0, arch: arch}, eperm},
		{"between two", call{number: 1, arch: arch}, allow},
		{"two beside each other", call{number: 7, arch: arch}, eperm},
		{"two beside each other", call{number: 8, arch: arch}, eperm},
		{"behind them", call{number: 9, arch: arch}, allow},
		{"the last", call{number: 100, arch: arch}, einval},
		{"above the last", call{number: 101, arch: arch}, enosys},
		{"x32", call{number: 1 | x32Bit, arch: arch}, enosys},
		{"the highest but one", call{number: skipped - 1, arch: arch}, enosys},
		{"skipped by a tracer", call{number: skipped, arch: arch}, allow},
		{"another architecture", call{number: 1, arch: unix.AUDIT_ARCH_I386}, enosys},
		{"another architecture's skipped", call{number: skipped, arch: unix.AUDIT_ARCH_ARM}, enosys},
		{"a value", call{16, arch, [6]uint64{0, 100}}, eperm},
		{"the other value", call{16, arch, [6]uint64{0, 200}}, eperm},
		{"no value", call{16, arch, [6]uint64{100, 300}}, allow},
		{"a value below garbage", call{16, arch, [6]uint64{0, garbage | 200}}, eperm},
		{"none of the values", call{41, arch, [6]uint64{4}}, einval},
		{"none of the values below garbage", call{41, arch, [6]uint64{garbage | 4}}, einval},
		{"one of them below garbage", call{41, arch, [6]uint64{garbage | 1}}, allow},
		{"all conditions", call{41, arch, [6]uint64{3, 0xf05, 8}}, eperm},
		{"not the first", call{41, arch, [6]uint64{1, 0xf05, 8}}, allow},
		{"not the second", call{41, arch, [6]uint64{3, 0xf04, 8}}, allow},
		{"not the third", call{41, arch, [6]uint64{3, 0xf05, 9}}, allow},
		{"a bit of the mask", call{56, arch, [6]uint64{0x4f}}, eperm},
		{"a pointer", call{57, arch, [6]uint64{0, 0x7fff_0000_0000}}, eperm},
		{"no pointer", call{57, arch, [6]uint64{0x7fff_0000_0000, 0xffff_ffff}}, allow},
		{"no bit of the mask", call{56, arch, [6]uint64{garbage | 0xf0f}}, allow},
	} {
		if got := evaluate(t, prog, c.call); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.what, got, c.want)
		}
	}
}

// Whatever the list, each number gets its answer: trees of every shape, and
// jumps too long for one byte.
func TestDenyAnswersEachNumber(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		const last = 600
		want := map[uint32]uint32{}
		var denials []Denial
		for range random.IntN(400) {
			number := random.Uint32N(last + 1)
			if _, ok := want[number]; ok {
				continue
			}
			errno := unix.Errno(1 + random.IntN(2)) // EPERM, ENOENT: neighbours with the same
			want[number] = unix.SECCOMP_RET_ERRNO | uint32(errno)
			denials = append(denials, Denial{Calls: []uint32{number}, Errno: errno})
		}
		prog := Deny(last, denials)
		if err := check(prog); err != nil {
			t.Fatal(err)
		}
		for number := range uint32(last + 1) {
			expected, ok := want[number]
			if !ok {
				expected = allow
			}
			if got := evaluate(t, prog, call{number: number, arch: arch}); got != expected {
				t.Fatalf("%d of %v: %#x, want %#x", number, denials, got, expected)
			}
		}
	}
}

// The kernel takes a call for always allowed only if the way there loads no
// argument.
func TestAnAllowedCallLoadsNoArgument(t *testing.T) {
	t.Parallel()
	prog := Deny(100, []Denial{{Calls: []uint32{16}, When: []Condition{{Arg: 1, Values: []uint32{1}}}, Errno: unix.EPERM}})
	prog = slices.Clone(prog)
	for i, in := range prog {
		if in.Code == unix.BPF_LD|unix.BPF_W|unix.BPF_ABS && in.K >= offArgs {
			prog[i].Code = 0 // evaluate fails there
		}
	}
	for number := range uint32(101) {
		if number != 16 {
			evaluate(t, prog, call{number: number, arch: arch})
		}
	}
}

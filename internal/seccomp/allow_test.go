package seccomp

import (
	"testing"

	"golang.org/x/sys/unix"
)

// call is what the kernel shows a filter.
type call struct {
	number, arch uint32
	args         [6]uint64
}

// word is what a load at offset gives, on a little-endian machine.
func (c call) word(offset uint32) uint32 {
	switch {
	case offset == offNumber:
		return c.number
	case offset == offArch:
		return c.arch
	}
	arg := c.args[(offset-offArgs)/8]
	if (offset-offArgs)%8 == 4 {
		arg >>= 32
	}
	return uint32(arg)
}

// evaluate runs a program as the kernel's interpreter does.
func evaluate(t *testing.T, prog []unix.SockFilter, c call) uint32 {
	t.Helper()
	var acc uint32
	for pc := 0; pc < len(prog); pc++ {
		in := prog[pc]
		yes := false
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			acc = c.word(in.K)
			continue
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			acc &= in.K
			continue
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(in.K)
			continue
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			yes = acc == in.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			yes = acc >= in.K
		default:
			t.Fatalf("instruction %d: unknown code %#x", pc, in.Code)
		}
		if yes {
			pc += int(in.Jt)
		} else {
			pc += int(in.Jf)
		}
	}
	t.Fatal("the program runs off its end")
	return 0
}

func TestAllow(t *testing.T) {
	t.Parallel()
	prog := Allow([]Rule{
		{Number: 1},
		{Number: 16, Arg: 1, Values: []uint32{100, 200}},
		{Number: 56, Arg: 0, Mask: 0x10000, Values: []uint32{0x10000}},
		{Number: 3},
	})
	other := uint32(unix.AUDIT_ARCH_I386)
	for _, c := range []struct {
		what string
		call call
		want uint32
	}{
		{"on the list", call{number: 1, arch: arch}, allow},
		{"on the list, after rules with arguments", call{number: 3, arch: arch}, allow},
		{"not on the list", call{number: 2, arch: arch}, refuse},
		{"a number of another architecture", call{number: 1, arch: other}, unix.SECCOMP_RET_KILL_PROCESS},
		{"x32", call{number: 1 | x32Bit, arch: arch}, absent},
		{"a number above x32's", call{number: 0xffffffff, arch: arch}, absent},
		{"argument is the first value", call{16, arch, [6]uint64{0, 100}}, allow},
		{"argument is the second value", call{16, arch, [6]uint64{0, 200}}, allow},
		{"argument is another", call{16, arch, [6]uint64{100, 201}}, refuse},
		{"garbage in the upper half", call{16, arch, [6]uint64{0, 0xdead00000000 | 100}}, allow},
		{"garbage in the upper half of another", call{16, arch, [6]uint64{0, 0xdead00000000 | 201}}, refuse},
		{"flag under the mask is set", call{56, arch, [6]uint64{0x10f00}}, allow},
		{"flag under the mask is not set", call{56, arch, [6]uint64{0x0ff00}}, refuse},
	} {
		if got := evaluate(t, prog, c.call); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.what, got, c.want)
		}
	}
}

func TestAProgramOfImpossibleLengthIsRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, maxLength + 1} {
		if err := LoadAllThreads(make([]unix.SockFilter, n)); err == nil {
			t.Errorf("%d instructions were loaded", n)
		}
	}
}

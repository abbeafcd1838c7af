// Package seccomp builds and loads system call filters: classic BPF programs
// that the kernel runs before each system call (seccomp(2), the kernel's
// seccomp_filter.rst).
//
// A filter looks at the architecture first. The same number means another call
// there, and most kernels let a 64-bit process make 32-bit calls (int $0x80 on
// x86): a list of numbers that doesn't check it has a way around. The x32 calls
// of x86-64 are refused for the same reason.
//
// There are two kinds. Allow is for a program of our own, whose calls are known:
// what isn't on its list answers EPERM. Deny is for programs that nobody knows,
// the users': what is on its list answers an error of its choice. Neither kills
// for a number, so that a library that tries a newer call falls back.
//
// A filter sees numbers and arguments, never what an argument points to: what
// depends on memory can only be allowed or denied as a whole.
package seccomp

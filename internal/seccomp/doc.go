// Package seccomp builds and loads system call filters: classic BPF programs
// that the kernel runs before each system call (seccomp(2), the kernel's
// seccomp_filter.rst).
//
// A filter looks at the architecture first. The same number means another call
// there, and most kernels let a 64-bit process make 32-bit calls (int $0x80 on
// x86): a list of numbers that doesn't check it has a way around. The x32 calls
// of x86-64 are refused for the same reason.
//
// Filters here are lists of what is allowed. What isn't on the list answers
// EPERM; it doesn't kill, so that a library that tries a newer call falls back.
package seccomp

package build

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func here() []trial {
	var all []trial
	for _, mode := range []uintptr{unix.S_IFCHR, unix.S_IFBLK} {
		all = append(all, trial{"device", unix.SYS_MKNOD, []uintptr{bad, mode | 0o600 | garbage}, unix.EPERM})
	}
	return append(all,
		trial{"pipe", unix.SYS_MKNOD, []uintptr{bad, unix.S_IFIFO}, allowed},
		trial{"x32", unix.SYS_GETPID | 0x40000000, nil, unix.ENOSYS},
		trial{"x32's own", 512, nil, unix.ENOSYS},
	)
}

// foreignWant is what getpid answers by the entry for 32-bit programs.
const foreignWant = -int(unix.ENOSYS)

// foreign makes that call: mov $20, %eax; int $0x80; cdqe; ret. A kernel without
// the entry would end the program.
func foreign() int {
	code, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return 0
	}
	copy(code, []byte{0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x48, 0x98, 0xc3})
	if err := unix.Mprotect(code, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return 0
	}
	entry := uintptr(unsafe.Pointer(&code[0]))
	closure := &entry // a Go func is a pointer to its code's address
	return (*(*func() int)(unsafe.Pointer(&closure)))()
}

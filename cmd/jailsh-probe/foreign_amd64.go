package main

import (
	"encoding/binary"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// x32 marks calls of the x32 ABI.
const x32 = 0x40000000

// foreignAttacks make system calls by another entry than a filter may have been
// written for.
func foreignAttacks() []attack {
	return []attack{
		{name: "foreign-architecture", what: "int 0x80: the calls of i386, which have other numbers (the filter's classic hole)", try: inChild, inside: i386},
		{name: "foreign-namespace", what: "unshare(CLONE_NEWUSER) by int 0x80", try: inChild, inside: i386NewUser},
		{name: "foreign-x32", what: "system calls with the x32 bit", try: func(p *probe) outcome {
			pid, _, errno := unix.RawSyscall(unix.SYS_GETPID|x32, 0, 0, 0)
			if errno == 0 {
				return broken("x32 getpid is %d", pid)
			}
			_, _, errno = unix.RawSyscall(unix.SYS_UNSHARE|x32, unix.CLONE_NEWUSER, 0, 0)
			return p.refused("x32", errnoOf(errno))
		}},
	}
}

// inChild is for what may crash: i386's entry does where the kernel has none.
func inChild(p *probe) outcome {
	o := p.within("start", nil)
	if strings.Contains(o.detail, "segmentation") || strings.Contains(o.detail, "SIGSEGV") {
		return absent("the kernel has no entry for i386")
	}
	return o
}

// i386Call makes a system call as a 32-bit program would. The Go compiler has no
// such instruction, so these are its bytes, in a page of their own:
//
//	mov eax, NUMBER; mov ebx, FIRST; int 0x80; cdqe; ret
//
// Go's calling convention returns an int in rax and lets all that is used here be
// overwritten.
func i386Call(number, first uint32) (int, error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return 0, err
	}
	code := append(binary.LittleEndian.AppendUint32([]byte{0xb8}, number), 0xbb)
	code = append(binary.LittleEndian.AppendUint32(code, first), 0xcd, 0x80, 0x48, 0x98, 0xc3)
	copy(page, code)
	if err := unix.Mprotect(page, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return 0, err
	}
	entry := &page[0]
	funcval := &entry // what a func variable points to: the address of its code
	call := *(*func() int)(unsafe.Pointer(&funcval))
	result := call()
	runtime.KeepAlive(page)
	return result, nil
}

const (
	i386Getpid  = 20
	i386Unshare = 310
)

func i386(p *probe) outcome {
	pid, err := i386Call(i386Getpid, 0)
	switch {
	case err != nil:
		return held("no page for the code: %v", err)
	case pid == os.Getpid():
		return broken("int 0x80 getpid is %d", pid)
	}
	return p.refused("int 0x80", unix.Errno(-pid))
}

func i386NewUser(p *probe) outcome {
	result, err := i386Call(i386Unshare, unix.CLONE_NEWUSER)
	if err != nil {
		return held("no page for the code: %v", err)
	}
	// EINVAL: the call is there, and doesn't do it in a process with threads.
	return p.unreached("int 0x80 unshare", errnoOf(unix.Errno(-result)))
}

package main

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelAttacks reach for parts of the kernel that have had more holes than uses
// in a jail.
func kernelAttacks() []attack {
	all := []attack{
		{name: "host-log", what: "syslog(2): dmesg", try: func(p *probe) outcome {
			_, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, make([]byte, 64))
			_, sizeErr := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil)
			return worst(p.refused("read the log", err), p.refused("its size", sizeErr))
		}},
		{name: "personality", what: "personality(2): executable data, a mapped page zero", try: personalities},
		{name: "host-name", what: "sethostname(2), setdomainname(2)", try: func(p *probe) outcome {
			return worst(p.unreached("sethostname", unix.Sethostname(make([]byte, 65))), p.unreached("setdomainname", unix.Setdomainname(make([]byte, 65))))
		}},
		{name: "keyring-of-others", what: "keyctl(2): keys and keyrings that others have left open", try: othersKeys},
	}
	for _, g := range callGroups() {
		all = append(all, attack{name: g.name, what: g.what, try: g.try})
	}
	return all
}

// systemCall is a call that nobody in a jail needs, with arguments that even root
// would be refused for.
type systemCall struct {
	name   string
	number uintptr
	args   []uintptr
}

// callGroup is an attack that is made of plain calls.
type callGroup struct {
	name, what string
	calls      func(*memory) []systemCall
}

func (g *callGroup) try(p *probe) outcome {
	m, err := newMemory()
	if err != nil {
		return held("no memory: %v", err)
	}
	var tried []outcome
	for _, c := range g.calls(m) {
		var a [6]uintptr
		copy(a[:], c.args)
		_, _, errno := unix.Syscall6(c.number, a[0], a[1], a[2], a[3], a[4], a[5])
		tried = append(tried, p.unreached(c.name, errnoOf(errno)))
	}
	return worst(tried...)
}

// personalities are those that make other attacks easier. PER_LINUX32 and an
// address space that isn't random, which setarch(8) and gdb(1) ask for, are left.
func personalities(p *probe) outcome {
	const (
		query           = 0xffffffff
		readImpliesExec = 0x0400000
		mmapPageZero    = 0x0100000
		shortInode      = 0x1000000
		svr4            = 0x0001 | mmapPageZero
	)
	ask := func(persona uintptr) error {
		_, _, errno := unix.Syscall(unix.SYS_PERSONALITY, persona, 0, 0)
		return errnoOf(errno)
	}
	was, _, _ := unix.Syscall(unix.SYS_PERSONALITY, query, 0, 0)
	all := []outcome{
		p.refused("READ_IMPLIES_EXEC", ask(readImpliesExec)), p.refused("MMAP_PAGE_ZERO", ask(mmapPageZero)),
		p.refused("PER_SVR4", ask(svr4)), p.refused("SHORT_INODE", ask(shortInode)),
	}
	_ = ask(was)
	return worst(all...)
}

// othersKeys reads what the victim has left: a key with all rights for everybody.
// Keys belong to no namespace but that of users.
func othersKeys(p *probe) outcome {
	id := p.number("key")
	if id == 0 {
		return absent("the test has left none")
	}
	buf := make([]byte, 256)
	n, _, errno := unix.Syscall6(unix.SYS_KEYCTL, unix.KEYCTL_READ, uintptr(id), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno == 0 {
		return broken("key %d is %q", id, buf[:min(int(n), len(buf))])
	}
	_, _, describe := unix.Syscall6(unix.SYS_KEYCTL, unix.KEYCTL_DESCRIBE, uintptr(id), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	_, _, link := unix.Syscall6(unix.SYS_KEYCTL, unix.KEYCTL_LINK, uintptr(id), ^uintptr(1), 0, 0, 0) // to the process's keyring, -2
	session, _, _ := unix.Syscall6(unix.SYS_KEYCTL, unix.KEYCTL_GET_KEYRING_ID, ^uintptr(2), 0, 0, 0, 0)
	if theirs := p.number("session-keyring"); theirs != 0 && int(int32(session)) == theirs {
		return broken("the session keyring is the one outside")
	}
	return worst(p.refused("read it", errno), p.refused("describe it", errnoOf(describe)), p.refused("link it", errnoOf(link)))
}

func pid() uintptr { return uintptr(os.Getpid()) }

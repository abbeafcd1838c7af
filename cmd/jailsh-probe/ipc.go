package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ipcAttacks want what other users' processes have between each other.
func ipcAttacks() []attack {
	return []attack{
		{name: "sysv-shared-memory", what: "shmget(2), shmat, SHM_STAT_ANY: a segment that is open to everybody", try: func(p *probe) outcome {
			return worst(p.sysv(unix.SYS_SHMGET, 0), p.sysvList("a segment", unix.SYS_SHMCTL, 15), p.sysvByID("a segment", unix.SYS_SHMCTL, "shm-id"))
		}},
		{name: "sysv-semaphores", what: "semget(2), SEM_STAT_ANY", try: func(p *probe) outcome {
			return worst(p.sysv(unix.SYS_SEMGET, 0), p.sysvList("a set", unix.SYS_SEMCTL, 20))
		}},
		{name: "sysv-messages", what: "msgget(2), MSG_STAT_ANY", try: func(p *probe) outcome {
			return worst(p.sysv(unix.SYS_MSGGET, 0), p.sysvList("a queue", unix.SYS_MSGCTL, 13), p.sysvByID("a queue", unix.SYS_MSGCTL, "msg-id"))
		}},
		{name: "posix-queues", what: "mq_overview(7): a queue that is open to everybody", try: posixQueue},
		{name: "posix-shared-memory", what: "shm_overview(7): a file in /dev/shm", try: func(p *probe) outcome {
			if p.victim["mark"] == "" {
				return absent("the test has left none")
			}
			return p.refused("open it", openForWriting("/dev/shm/"+p.victim["mark"]))
		}},
		{name: "files-of-others", what: "a file in /tmp, /var/tmp, or by its path on the host", try: func(p *probe) outcome {
			if p.victim["mark"] == "" {
				return absent("the test has left none")
			}
			all := []outcome{
				p.refused("open it", openForWriting("/tmp/"+p.victim["mark"])), p.refused("open it", openForWriting("/var/tmp/"+p.victim["mark"])),
			}
			if path := p.victim["path"]; path != "" {
				_, err := os.Lstat(path)
				all = append(all, p.refused(path, err))
			}
			return worst(all...)
		}},
	}
}

// sysv looks for the victim's object by its key.
func (p *probe) sysv(number uintptr, size uintptr) outcome {
	key := p.number("ipc-key")
	if key == 0 {
		return absent("the test has left none")
	}
	_, _, errno := unix.Syscall(number, uintptr(key), size, 0)
	return p.refused("get it by its key", errnoOf(errno))
}

// sysvList looks at every slot of the kernel's table, as ipcs(1) does.
func (p *probe) sysvList(what string, number, statAny uintptr) outcome {
	var buf [256]byte
	seen := 0
	for slot := range uintptr(256) {
		// semctl(2) has the number of the semaphore before the command.
		args := [4]uintptr{slot, statAny, uintptr(unsafe.Pointer(&buf)), 0}
		if number == unix.SYS_SEMCTL {
			args = [4]uintptr{slot, 0, statAny, uintptr(unsafe.Pointer(&buf))}
		}
		id, _, errno := unix.Syscall6(number, args[0], args[1], args[2], args[3], 0, 0)
		if errno != 0 {
			continue
		}
		seen++
		// struct ipc64_perm: key, uid.
		uid := int(*(*uint32)(unsafe.Pointer(&buf[4])))
		if uid != os.Getuid() {
			return broken("%s, %d, of uid %d is there", what, id, uid)
		}
	}
	return held("%d are there, none of others", seen)
}

func (p *probe) sysvByID(what string, number uintptr, name string) outcome {
	if p.victim[name] == "" {
		return absent("the test has left none")
	}
	var buf [256]byte
	_, _, errno := unix.Syscall(number, uintptr(p.number(name)), 2, uintptr(unsafe.Pointer(&buf))) // IPC_STAT
	if errno == 0 && int(*(*uint32)(unsafe.Pointer(&buf[4]))) != os.Getuid() {
		return broken("%s can be looked at by its number", what)
	}
	return held("%s by its number: %v", what, errnoOf(errno))
}

func posixQueue(p *probe) outcome {
	name := p.victim["mark"]
	if name == "" {
		return absent("the test has left none")
	}
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return held("%v", err)
	}
	fd, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(text)), unix.O_RDWR|unix.O_CLOEXEC, 0, 0, 0, 0)
	if errno == 0 {
		_ = unix.Close(int(fd))
	}
	_, _, unlink := unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(text)), 0, 0)
	if errors.Is(errno, unix.ENOSYS) && !p.filtered {
		return absent("no queues")
	}
	for _, m := range mountTable() {
		if m.Type == "mqueue" && strings.Contains(fmt.Sprint(os.ReadDir(m.Target)), name) {
			return broken("%s has it", m.Target)
		}
	}
	return worst(p.refused("mq_open", errnoOf(errno)), p.refused("mq_unlink", errnoOf(unlink)))
}

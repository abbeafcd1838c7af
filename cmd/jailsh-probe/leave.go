package main

import (
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leave makes one of each thing that another user, or the host, may have and
// nobody in a jail may reach: open to everybody, as far as modes go. It says what
// it has made, as arguments of another probe, then ready, and has it until its
// input ends.
func leave(name string) error {
	unix.Umask(0) // modes below are meant as they are written
	l := &leaver{name: name}
	defer l.remove()
	for _, do := range []func() error{l.files, l.sysv, l.queue, l.key, l.sockets, l.self} {
		if err := do(); err != nil {
			return err
		}
	}
	for _, line := range l.said {
		fmt.Println(line)
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1)) // its end
	return nil
}

type leaver struct {
	name string
	said []string // NAME=VALUE
	undo []func()
}

func (l *leaver) say(name string, value any) {
	l.said = append(l.said, fmt.Sprintf("%s=%v", name, value))
}

func (l *leaver) remove() {
	for _, undo := range l.undo {
		undo()
	}
}

// files are in the folders that every program shares.
func (l *leaver) files() error {
	for _, dir := range []string{"/var/tmp/", "/dev/shm/"} {
		path := dir + l.name
		if err := os.WriteFile(path, []byte("secret"), 0o666); err != nil {
			return err
		}
		l.undo = append(l.undo, func() { _ = os.Remove(path) })
	}
	l.say("mark", l.name)
	return nil
}

const everybody = 0o666 | unix.IPC_CREAT

func (l *leaver) sysv() error {
	h := fnv.New32a()
	h.Write([]byte(l.name))
	key := uintptr(h.Sum32() >> 1) // a positive number
	for _, o := range []struct {
		name          string
		get, control  uintptr
		size, command uintptr
	}{
		{"shm-id", unix.SYS_SHMGET, unix.SYS_SHMCTL, 4096, 0},
		{"sem-id", unix.SYS_SEMGET, unix.SYS_SEMCTL, 1, 0},
		{"msg-id", unix.SYS_MSGGET, unix.SYS_MSGCTL, 0, 0},
	} {
		var id uintptr
		var errno unix.Errno
		if o.get == unix.SYS_MSGGET {
			id, _, errno = unix.Syscall(o.get, key, everybody, 0)
		} else {
			id, _, errno = unix.Syscall(o.get, key, o.size, everybody)
		}
		if errno != 0 {
			return fmt.Errorf("%s: %w", o.name, errno)
		}
		l.undo = append(l.undo, func() {
			if o.control == unix.SYS_SEMCTL {
				_, _, _ = unix.Syscall(o.control, id, 0, unix.IPC_RMID)
				return
			}
			_, _, _ = unix.Syscall(o.control, id, unix.IPC_RMID, 0)
		})
		l.say(o.name, id)
	}
	l.say("ipc-key", key)
	return nil
}

func (l *leaver) queue() error {
	text, err := unix.BytePtrFromString(l.name)
	if err != nil {
		return err
	}
	fd, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(text)), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o666, 0, 0, 0)
	if errno == unix.ENOSYS || errno == unix.EACCES {
		return nil // the kernel has none, or a jail's Landlock lets nobody make one
	}
	if errno != 0 {
		return fmt.Errorf("mq_open: %w", errno)
	}
	l.undo = append(l.undo, func() {
		_ = unix.Close(int(fd))
		_, _, _ = unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(text)), 0, 0)
	})
	return nil
}

// key is one that everybody may see, read and link. In a jail there is none: the
// filter refuses it, and that is how it is kept from others.
func (l *leaver) key() error {
	const allRights = 0x3f3f3f3f
	id, err := unix.AddKey("user", l.name, []byte("secret"), unix.KEY_SPEC_SESSION_KEYRING)
	if err != nil {
		return nil //nolint:nilerr // as said
	}
	l.undo = append(l.undo, func() { _, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_SESSION_KEYRING, 0, 0) })
	if err := unix.KeyctlSetperm(id, allRights); err != nil {
		return err
	}
	l.say("key", id)
	if ring, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false); err == nil {
		l.say("session-keyring", ring)
	}
	return nil
}

func (l *leaver) sockets() error {
	socket := "/var/tmp/" + l.name + ".sock"
	abstract, err := net.Listen("unix", "@"+l.name)
	if err != nil {
		return err
	}
	datagrams, err := net.ListenPacket("unixgram", "@"+l.name+"-datagrams")
	if err != nil {
		return err
	}
	tcp, err := net.Listen("tcp", ":0")
	if err != nil {
		return err
	}
	path, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	if err := unix.Fchmodat(unix.AT_FDCWD, socket, 0o666, 0); err != nil {
		return err
	}
	l.undo = append(l.undo, func() {
		abstract.Close()
		datagrams.Close()
		tcp.Close()
		path.Close()
	})
	l.say("abstract", l.name)
	l.say("port", tcp.Addr().(*net.TCPAddr).Port)
	l.say("socket", socket)
	return l.addresses()
}

// addresses are those at which the rest of the world might find this process.
func (l *leaver) addresses() error {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	var found []string
	for _, a := range all {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.IsGlobalUnicast() {
			found = append(found, ip.String())
		}
	}
	l.say("addresses", strings.Join(found, " "))
	return nil
}

// self is this process: who it is, and where.
func (l *leaver) self() error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	l.say("pid", os.Getpid())
	l.say("node-name", cString(u.Nodename[:]))
	for _, kind := range []string{"mnt", "pid", "net", "ipc", "uts", "cgroup"} {
		to, err := os.Readlink("/proc/self/ns/" + kind)
		if err != nil {
			return err
		}
		l.say("ns-"+kind, to)
	}
	return nil
}

package jail

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Program is jailsh-init or jailsh-applet, copied into a sealed file in memory:
// whoever gets a handle on it through /proc can't write to it, and it has no path
// that a jail could be made to show (CVE-2019-5736). Users can execute it and not
// read it.
type Program struct{ file *os.File } // O_PATH: good for execve and for nothing else

// maxProgram bounds what is read as a program, bytes.
const maxProgram = 64 << 20

// A program that is busy is tried to be sealed again, for 2 s at least.
const (
	sealTries = 20
	sealPause = 100 * time.Millisecond
)

// LoadProgram copies the executable at path, which must belong to root or to
// the process's own user and be writable by nobody else.
func LoadProgram(path string) (*Program, error) {
	source, err := openProgram(path)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	name := filepath.Base(path)
	fd, err := memfd(name)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	if _, err := io.Copy(file, io.LimitReader(source, maxProgram)); err != nil {
		return nil, fmt.Errorf("%s: copy to memory: %w", name, err)
	}
	// Whoever executes what she can't read isn't dumpable from the first instruction
	// on (execve(2), would_dump in the kernel): there is no moment in which she could
	// trace a program that is still the launcher, or open it through /proc.
	if err := unix.Fchmod(fd, 0o111); err != nil {
		return nil, os.NewSyscallError("fchmod", err)
	}
	if err := seal(fd); err != nil {
		return nil, os.NewSyscallError("fcntl(F_ADD_SEALS)", err)
	}
	handle, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return &Program{os.NewFile(uintptr(handle), name)}, nil
}

// seal lets nobody write to a memfd any more, nor undo that. The kernel refuses with
// EBUSY while something holds one of its pages (memfd_wait_for_pins in mm/memfd.c), which
// on a busy machine may be the kernel itself, for longer than the 150 ms that it waits.
func seal(fd int) error {
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	for try := 0; ; try++ {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
		if !errors.Is(err, unix.EBUSY) || try == sealTries {
			return err
		}
		time.Sleep(sealPause) //nolint:forbidigo // nobody tells when it is let go
	}
}

// memfd asks for an executable file, which kernels before 6.3 give unasked.
func memfd(name string) (int, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate(name, flags)
	}
	return fd, err
}

// CheckProgram refuses an executable that isn't there, or that somebody else than
// root and the process's own user could change: what jailshd starts, it starts as
// root.
func CheckProgram(path string) error {
	f, err := openProgram(path)
	if err != nil {
		return err
	}
	return f.Close()
}

func openProgram(path string) (*os.File, error) {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w - install it beside jailshd", name, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	st := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 || (st.Uid != 0 && int(st.Uid) != os.Geteuid()) {
		f.Close()
		return nil, fmt.Errorf("%s: %s: may be changed by others (mode %v, uid %d) - run: chown root %s; chmod 755 %s",
			name, path, info.Mode().Perm(), st.Uid, path, path)
	}
	return f, nil
}

// path names the program for execve in this process.
func (p *Program) path() string { return fmt.Sprintf("/proc/self/fd/%d", p.file.Fd()) }

// Close frees the memory; cells that run keep theirs.
func (p *Program) Close() error { return p.file.Close() }

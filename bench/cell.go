package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/jail/build"
)

const cellRounds = 60

// takeCell compares a cell that is started for one command, with all its walls,
// to bubblewrap with all that it has to offer: every namespace, no capability, a
// session of its own, the same filter of system calls, the same files.
func takeCell(ctx context.Context, s *site, srv *server, client *admin.Client, r *report) error {
	values := map[string][]float64{}
	for range cellRounds {
		// Now one first, now the other.
		for name, take := range map[string]func() (float64, error){
			"bubblewrap": func() (float64, error) { return s.bubblewrap(ctx) },
			"jailsh":     func() (float64, error) { return coldTrue(ctx, client) },
		} {
			if err := srv.rest(ctx); err != nil {
				return err
			}
			took, err := take()
			if err != nil {
				return err
			}
			values[name] = append(values[name], took)
		}
	}
	r.add(row{what: "cell started, to the exit of bash", peer: "bubblewrap", unit: "ms", target: 1}, values)
	return nil
}

// coldTrue starts the cell of coldUser, whose last one has ended, and returns how
// long it took to the exit of bash -c true, in ms.
func coldTrue(ctx context.Context, client *admin.Client) (float64, error) {
	start := time.Now()
	c, err := client.Open(ctx, coldUser)
	if err != nil {
		return 0, err
	}
	if err := runTrue(ctx, c); err != nil {
		c.Close()
		return 0, err
	}
	took := milliseconds(time.Since(start))
	c.Close()
	return took, nil
}

// bubblewrap runs bash -c true in bwrap(1), in ms.
func (s *site) bubblewrap(ctx context.Context) (float64, error) {
	filter, err := s.filterFile()
	if err != nil {
		return 0, err
	}
	defer filter.Close()
	home := "/home/" + accountName
	args := []string{
		"--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "jail", "--clearenv",
		"--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", home,
		"--uid", strconv.Itoa(s.account.uid), "--gid", strconv.Itoa(s.account.gid),
		"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
	}
	entries, err := os.ReadDir(s.chroot())
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		source, target := filepath.Join(s.chroot(), e.Name()), "/"+e.Name()
		switch {
		case e.Type()&os.ModeSymlink != 0:
			to, err := os.Readlink(source)
			if err != nil {
				return 0, err
			}
			args = append(args, "--symlink", to, target)
		case target != "/proc" && target != "/dev" && target != "/tmp" && target != "/home":
			args = append(args, "--ro-bind", source, target)
		}
	}
	args = append(args, "--bind", filepath.Join(s.chroot(), home), home, "--chdir", home, "--seccomp", "3", "--", "/bin/bash", "-c", "true")
	cmd := exec.CommandContext(ctx, "bwrap", args...)
	cmd.Env = []string{}
	cmd.ExtraFiles = []*os.File{filter}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(s.account.uid), Gid: uint32(s.account.gid)}}
	}
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("bwrap: %w: %s", err, out)
	}
	return milliseconds(time.Since(start)), nil
}

// filterFile is the jail's filter of system calls as bwrap --seccomp reads it: an
// array of struct sock_filter.
func (s *site) filterFile() (*os.File, error) {
	name := filepath.Join(s.dir, "filter")
	if f, err := os.Open(name); err == nil {
		return f, nil
	}
	var program []byte
	for _, i := range build.Filter() {
		program = binary.NativeEndian.AppendUint16(program, i.Code)
		program = append(program, i.Jt, i.Jf)
		program = binary.NativeEndian.AppendUint32(program, i.K)
	}
	if err := os.WriteFile(name, program, 0o644); err != nil {
		return nil, err
	}
	return os.Open(name)
}

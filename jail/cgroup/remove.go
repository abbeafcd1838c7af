package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// How long processes of a cell may take to end once they are killed, and how
// often that is looked at. All of a cell that has ended are gone already, but the
// kernel may be a moment late in saying so.
const (
	removeTries = 100
	removePause = time.Millisecond // and growing by as much
)

// remove removes a cell's cgroup. What runs in it is killed.
func (h *Host) remove(dir string) error {
	for try := range removeTries {
		err := h.rmdir(dir)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("cgroups: %w", err)
		}
		if try > 0 {
			if err := h.kill(dir); err != nil {
				return err
			}
		}
		time.Sleep(time.Duration(try+1) * removePause) //nolint:forbidigo // v1 tells nobody of an empty cgroup
	}
	return fmt.Errorf("cgroups: %s: processes in it don't end - see them with: cat %s/cgroup.procs", dir, dir)
}

// kill kills what is in a cgroup: at once where the kernel can (v2, Linux 5.14),
// else one by one.
func (h *Host) kill(dir string) error {
	if file := filepath.Join(dir, "cgroup.kill"); exists(file) {
		return put(file, "1")
	}
	for _, word := range words(filepath.Join(dir, "cgroup.procs")) {
		pid, err := strconv.Atoi(word)
		if err != nil || pid <= 0 { // 0 is one of another PID namespace
			continue
		}
		killIn(dir, pid)
	}
	return nil
}

// killIn kills a process if it is in the cgroup: its number may have become
// another's, so it is asked for again once a descriptor holds it.
func killIn(dir string, pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return // has ended
	}
	defer unix.Close(fd)
	for _, word := range words(filepath.Join(dir, "cgroup.procs")) {
		if word == strconv.Itoa(pid) {
			_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) // has ended
		}
	}
}

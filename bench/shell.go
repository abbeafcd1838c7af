package main

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

const shellRounds = 30

// shellCPU is what the users' own `bash -c true` takes in the root that both
// servers give them. It is no server's, and in the CPU of both.
func (s *site) shellCPU(ctx context.Context) (time.Duration, error) {
	var sum time.Duration
	for range shellRounds {
		cmd := exec.CommandContext(ctx, "/bin/bash", "-c", "true")
		cmd.Dir = "/"
		cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/home/" + accountName}
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Chroot:     s.chroot(),
			Credential: &syscall.Credential{Uid: uint32(s.account.uid), Gid: uint32(s.account.gid)},
		}
		if err := cmd.Run(); err != nil {
			return 0, err
		}
		sum += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return sum / shellRounds, nil
}

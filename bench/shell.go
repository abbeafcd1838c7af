package main

import (
	"context"
	"time"
)

const shellRounds = 30

// shellCPU is what the users' own `bash -c true` takes in the root that both
// servers give them. It is no server's, and in the CPU of both.
func (s *site) shellCPU(ctx context.Context) (time.Duration, error) {
	var sum time.Duration
	for range shellRounds {
		cmd := s.bash(ctx)
		if err := cmd.Run(); err != nil {
			return 0, err
		}
		sum += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return sum / shellRounds, nil
}

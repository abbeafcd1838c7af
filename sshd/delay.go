package sshd

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// What a refused key costs at least, from the start of the attempt. The jitter
// is a function of the name, secret to this process: asking again and again
// averages nothing out. The idea and the doubling are OpenSSH's
// (ensure_minimum_time_since of auth2.c).
const (
	refusalFloor  = 10 * time.Millisecond
	refusalJitter = 4 * time.Millisecond // exclusive
)

// refusalTime is how long a refusal takes of which the decision took spent. A
// decision that took longer than the floor, since somebody's line is long or
// jailshd is busy, is rounded up to the next doubling, not told exactly.
func refusalTime(secret []byte, user string, spent time.Duration) time.Duration {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(user))
	jitter := time.Duration(binary.BigEndian.Uint64(h.Sum(nil)) % uint64(refusalJitter))
	d := refusalFloor + jitter
	for d < spent {
		d *= 2
	}
	return d
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

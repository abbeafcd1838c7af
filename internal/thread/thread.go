// Package thread gives work a thread of its own, which ends with it: what belongs
// to a thread and can't be taken back, a namespace or a cgroup that it has
// entered, mustn't be found there by the next goroutine.
//
// It is for jailshd and `jailsh check`. Nothing of a user's comes here.
package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Apart runs f on a new thread and returns its error. The thread ends since its
// goroutine returns while it is locked to it (runtime.LockOSThread). The main
// thread wouldn't end, and /proc/self stands for it, so another is taken.
func Apart(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			done <- Apart(f) // elsewhere: this thread is taken meanwhile
			runtime.UnlockOSThread()
			return
		}
		done <- f()
	}()
	return <-done
}

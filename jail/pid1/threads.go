package pid1

import (
	"runtime"
	"sync"
)

// spareThreads are for system calls that take long: while one of them waits the
// runtime lets another thread go on. One is in wait4, one in a request (cell.calls
// holds the others back), the rest is for closing and signalling.
const spareThreads = 4

// startThreads has the threads made that the Go runtime may need later on. When
// the user is at the limit of her processes clone(2) says EAGAIN, and the runtime,
// which can't do without a thread, ends the program for it: her jail. At the limit
// of her memory too each system call may wait for long. The runtime keeps threads
// that it has made.
func startThreads() {
	var all, here sync.WaitGroup
	here.Add(spareThreads)
	for range spareThreads {
		all.Go(func() {
			runtime.LockOSThread() // one goroutine each, until all of them are here
			here.Done()
			here.Wait()
			runtime.UnlockOSThread()
		})
	}
	all.Wait()
}

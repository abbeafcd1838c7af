// Package nonblock reads and writes descriptors that are non-blocking, without
// telling the Go scheduler of each call.
//
// The standard library announces every system call, in case it blocks. In a
// process that was idle the announcement wakes the runtime's monitor thread
// (runtime.entersyscall, sysmon), which then looks around every 20 µs until the
// process is idle again: for a server that does a few microseconds of work per
// wake-up, that is most of its time. A call on a non-blocking descriptor needs no
// monitor. It goes to the kernel directly, and is answered EAGAIN if there is
// nothing to do, upon which the caller waits in the poller as ever.
//
// sshd uses it for the client's socket and the program's terminal or pipes,
// internal/wire for its packets. Descriptors must be non-blocking: one that isn't
// holds up every goroutine of its thread's processor, unseen. That is why Sendmsg
// and Recvmsg pass MSG_DONTWAIT themselves, and why received descriptors are made
// non-blocking before they get here. What the bytes are is nobody's business here.
package nonblock

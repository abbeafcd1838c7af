package sshd

import "golang.org/x/sys/unix"

// signals are those of RFC 4254 section 6.10, without SIG, with Linux's numbers.
// The array is not written after start.
var signals = [...]struct {
	name   string
	number uint32
}{
	{"ABRT", uint32(unix.SIGABRT)},
	{"ALRM", uint32(unix.SIGALRM)},
	{"FPE", uint32(unix.SIGFPE)},
	{"HUP", uint32(unix.SIGHUP)},
	{"ILL", uint32(unix.SIGILL)},
	{"INT", uint32(unix.SIGINT)},
	{"KILL", uint32(unix.SIGKILL)},
	{"PIPE", uint32(unix.SIGPIPE)},
	{"QUIT", uint32(unix.SIGQUIT)},
	{"SEGV", uint32(unix.SIGSEGV)},
	{"TERM", uint32(unix.SIGTERM)},
	{"USR1", uint32(unix.SIGUSR1)},
	{"USR2", uint32(unix.SIGUSR2)},
}

// parseSignal decodes a signal request into a number.
func parseSignal(data []byte) (uint32, bool) {
	p := payload{rest: data}
	name := p.string(16)
	if !p.ok() {
		return 0, false
	}
	for _, s := range signals {
		if s.name == name {
			return s.number, true
		}
	}
	return 0, false
}

// signalName is the name of a signal in an exit-signal. One that the RFC doesn't
// list gets OpenSSH's stand-in, in the form that the RFC wants for local names.
func signalName(number uint32) string {
	for _, s := range signals {
		if s.number == number {
			return s.name
		}
	}
	return "SIG@openssh.com"
}

package pid1

import (
	"fmt"
	"os"
	"path"

	"github.com/jailsh/jailsh/internal/wire"
)

// program is what a process is to execute.
type program struct {
	name string // for an error
	path string
	argv []string
	file *os.File // that path is the descriptor of; nil: path is a file of the jail's
}

// program is what s asks for.
func (c *cell) program(s *wire.Spawn) (*program, error) {
	if s.Program == wire.ProgramShell {
		return &program{name: c.spec.Shell, path: c.spec.Shell, argv: arguments(c.spec.Shell, s)}, nil
	}
	name := s.Program.Applet()
	if name == "" {
		return nil, fmt.Errorf("there is no program %d", s.Program)
	}
	// By its descriptor, which execve closes: the user gets no handle on it.
	return &program{
		name: "jailsh-applet " + name,
		path: descriptor(c.applet.Fd()), //nolint:forbidigo // a file, which can't block
		argv: append([]string{"jailsh-applet", name}, s.Args...),
		file: c.applet,
	}, nil
}

func descriptor(fd uintptr) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// arguments are those of login(1) and sshd(8): a login shell has a dash before
// its name.
func arguments(shell string, s *wire.Spawn) []string {
	if !s.Exec {
		return []string{"-" + path.Base(shell)}
	}
	return append([]string{path.Base(shell), "-c", s.Command}, s.Args...)
}

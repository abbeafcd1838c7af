package sftp

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"github.com/jailsh/jailsh/sftp/options"
	"golang.org/x/sys/unix"
)

// Main is the applet: it serves the client that is at the standard input and
// output, with the options in args, and returns the exit status.
func Main(args []string) int {
	if err := serve(args); err != nil {
		fmt.Fprintln(os.Stderr, "sftp:", err)
		return 1
	}
	return 0
}

// gcPercent makes collections rare: there is next to nothing to collect.
const gcPercent = 400

func serve(args []string) error {
	o, err := options.Parse(args)
	if err != nil {
		return err
	}
	debug.SetGCPercent(gcPercent)
	signal.Ignore(syscall.SIGXFSZ) // limits.file_size: write(2) then says EFBIG
	if o.Umask >= 0 {
		unix.Umask(o.Umask)
	}
	in, err := newPipe(int(os.Stdin.Fd()))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	out, err := newPipe(int(os.Stdout.Fd()))
	if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	s := New(in, out, lossy{int(os.Stderr.Fd())}, o)
	s.gone = out.gone
	if o.Start != "" {
		if err := os.Chdir(o.Expand(s.home, s.user())); err != nil {
			return fmt.Errorf("start folder: %w - make it, or change start", err)
		}
	}
	return s.Serve()
}

// lossy writes what there is room for, at once.
type lossy struct{ fd int }

func (l lossy) Write(b []byte) (int, error) {
	if err := nonblock.Set(l.fd); err != nil {
		return 0, err
	}
	n, err := nonblock.Write(l.fd, b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

package integration

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// output is how a program ended.
type output struct {
	out, err string
	code     int // -1: by a signal, or it was killed for being late
	took     time.Duration
}

// run runs a program to its end.
func run(t *testing.T, stdin []byte, name string, args ...string) output {
	t.Helper()
	return runCommand(t, stdin, command(t, name, args...))
}

// command is a program with a deadline and an environment that is the same
// everywhere.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience) // cleanups run commands too
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, name, args...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=/nonexistent", "TERM=xterm"}
	c.WaitDelay = 5 * time.Second
	return c
}

func runCommand(t *testing.T, stdin []byte, c *exec.Cmd) output {
	t.Helper()
	var out, complaints bytes.Buffer
	if c.Stdin == nil {
		c.Stdin = bytes.NewReader(stdin)
	}
	c.Stdout, c.Stderr = &out, &complaints
	began := time.Now()
	err := c.Run()
	o := output{out: out.String(), err: complaints.String(), code: c.ProcessState.ExitCode(), took: time.Since(began)}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", c, err, o.err)
	}
	return o
}

// jailsh runs the administrator's command.
func (i *instance) jailsh(args ...string) output {
	i.t.Helper()
	return run(i.t, nil, filepath.Join(i.bin, "jailsh"), append([]string{"--config", i.file}, args...)...)
}

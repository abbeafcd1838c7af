package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// publishing is one call of `jailsh publish`.
type publishing struct {
	to      string   // USER@HOST, as ssh takes it
	options []string // of ssh
	words   []string // @publish, its options and the name
	typing  bool     // viewers may type
	command []string
}

func (a *app) publishCommand() *cobra.Command {
	var name, ttl string
	var viewers []string
	var typing, once, approve bool
	var ssh sshOptions
	c := &cobra.Command{
		Use:   "publish USER@HOST [-- CMD...]",
		Short: "Run a command here, and show its terminal to others through a jailsh server",
		Long: `Run a command here, and show its terminal to others through a jailsh server.

The command, $SHELL without one, runs on a terminal of its own on this machine, which
needs neither root nor an address that others can reach. ssh, with its own
configuration and keys, takes what the command writes to @publish of the server. The
line for viewers is printed first, and is in the title of the window until somebody
has come by it; then that says how many look on.

The command never waits for the link. When that is lost, ssh is started again until
it is back: viewers stay, and the line that they have is good, unless it took more
than ten minutes. For that ssh must be able to log in without a question.

The exit status is the command's, or 128 and the number of the signal that ended it.`,
		Example: "  jailsh publish -p 2222 alice@jump.example.org\n  jailsh publish --type alice@jump.example.org -- vim talk.txt",
		Args:    commandArgs("USER@HOST", true),
		RunE: func(c *cobra.Command, args []string) error {
			p := &publishing{to: args[0], options: ssh.list(), typing: typing, command: args[1:]}
			p.words = []string{"@publish", "--resume", newResumeKey()}
			if typing {
				p.words = append(p.words, "--type")
			}
			if once {
				p.words = append(p.words, "--once")
			}
			if approve {
				p.words = append(p.words, "--approve")
			}
			if ttl != "" {
				p.words = append(p.words, "--ttl", ttl)
			}
			for _, v := range viewers {
				p.words = append(p.words, "--for", v)
			}
			p.words = append(p.words, name)
			for _, w := range p.words {
				if w == "" || strings.ContainsAny(w, " \t\r\n") {
					return &usageError{fmt.Sprintf("%q can't be told to the server", w)}
				}
			}
			return a.publish(c.Context(), p)
		},
	}
	f := c.Flags()
	ssh.flags(f)
	f.BoolVar(&typing, "type", false, "viewers may type")
	f.StringArrayVar(&viewers, "for", nil, "a user of the server who may join by her own login, too")
	f.StringVar(&ttl, "ttl", "", "how long it is shown, as 10m")
	f.BoolVar(&once, "once", false, "the line is good for one viewer")
	f.BoolVar(&approve, "approve", false, "whoever comes waits until ssh USER@HOST @share admit lets him in; the title says who asks")
	f.StringVar(&name, "name", "main", "under which name")
	return c
}

// publish runs the command and shows its terminal, to its end.
func (a *app) publish(ctx context.Context, p *publishing) error {
	if !a.onTerminal() {
		return errors.New("publish: standard input and output are no terminal: there is nobody to use the command - for a stream, see: ssh ... @publish")
	}
	if len(p.command) == 0 {
		p.command = []string{userShell()}
	}
	for _, program := range []string{"ssh", p.command[0]} {
		if _, err := exec.LookPath(program); err != nil { //nolint:forbidigo // the user's own programs, with her rights
			missing := (*exec.Error)(nil)
			if errors.As(err, &missing) {
				err = missing.Err
			}
			return fmt.Errorf("publish: %s: %w - install it, or name its path", program, err)
		}
	}
	w := newWindow(a.stdin, a.stdout)
	l, first, err := connect(ctx, p, w, a.stderr)
	if err != nil {
		return err
	}
	go l.run(first) // until l.end
	status, err := w.run(p.command)
	if said := l.end(status); said != "" {
		fmt.Fprintf(a.stderr, "jailsh: %s\n", said)
	}
	switch {
	case err != nil:
		return err
	case status != 0:
		return exitStatus(status)
	}
	return nil
}

// lastWords is how long the end of a published terminal may take to reach the server.
const lastWords = 5 * time.Second

func userShell() string {
	if s := os.Getenv("SHELL"); s != "" {
		return s
	}
	return "/bin/sh"
}

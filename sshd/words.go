package sshd

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
)

// word is a remote command that is for the server and not for the jail: @help and its
// like. It works with any client, since it is no more than a command.
type word struct {
	name, synopsis, does string
	allowed              func(*wire.Grant) bool
	run                  func(s *session, args []string) error
}

// words are all of them. The function isn't a variable because help, which is one,
// shows them.
func words() []word {
	anybody := func(*wire.Grant) bool { return true }
	return []word{
		{"@attach", "[NAME|NUMBER]", "a shell that outlives the connection, made or come back to; with ssh -t. Ctrl-\\ d detaches", mayAttach, (*session).attach},
		{"@help", "", "this list", anybody, (*session).help},
		{"@publish", "[--size COLSxROWS] [--type] [--for USER] [--ttl TIME] [--once | --no-token] [--approve] [--resume KEY] NAME", "show what comes on standard input to others", func(g *wire.Grant) bool { return g.Publish }, (*session).publish},
		{"@sessions", "", "what of yours runs on terminals", anybody, (*session).terminals},
		{"@share", "[--type] [--for USER] [--ttl TIME] [--once | --no-token] [--approve] [--name NAME] [TERMINAL]", "let others see a terminal of yours", func(g *wire.Grant) bool { return g.Share }, (*session).share},
		{"@share list", "", "what you share, and who looks on", mayShare, (*session).shareList},
		{"@share role", "NAME/VIEWER view|type", "change what a viewer may do", mayShare, (*session).shareRole},
		{"@share admit", "NAME/VIEWER", "let in somebody who asks", mayShare, (*session).shareAdmit},
		{"@share kick", "NAME/VIEWER", "send a viewer away, or somebody who asks", mayShare, (*session).shareKick},
		{"@share stop", "NAME", "end what you share", mayShare, (*session).shareStop},
		{"@watch", "USER/NAME", "look at what a user shares with you", anybody, (*session).watch},
	}
}

func mayShare(g *wire.Grant) bool { return g.Share || g.Publish }

// asksServer tells whether a wish is for the server. A forced command is what the
// administrator wants to happen, and an account for files has nothing else.
func (w *wish) asksServer(g *wire.Grant) bool {
	return w.exec && strings.HasPrefix(w.command, "@") && !g.Forced && !g.SFTP.Only
}

// errUsage is for who has written a word wrongly. What is wrong was told.
var errUsage = errors.New("wrong usage")

// Exit statuses of words, as jailsh has them.
const (
	exitFailure = 1
	exitUsage   = 2
)

// word finds the word of a command, and carries it out to the end of the channel.
func (s *session) word(command string) {
	s.settled()
	given := strings.Fields(command)
	found, args := findWord(given)
	switch {
	case found == nil:
		s.conclude(fmt.Errorf("%w: there is no %s: see @help", errUsage, shown(given[0], maxShown)))
	case !found.allowed(s.conn.policy.Load()):
		s.conclude(fmt.Errorf("you may not use %s here; ask the administrator for it", found.name))
	default:
		s.conclude(found.run(s, args))
	}
}

// conclude ends a session that had no program: with what went wrong, if something has.
func (s *session) conclude(err error) {
	if errors.Is(err, errFinished) {
		return
	}
	if why := s.dismissed(); why != 0 {
		s.farewell(why)
		return
	}
	status := uint32(0)
	switch {
	case errors.Is(err, flag.ErrHelp), errors.Is(err, errGone):
	case errors.Is(err, errUsage):
		status = exitUsage
	case err != nil:
		status = exitFailure
	}
	if status != 0 {
		s.remark(err.Error())
	}
	s.finish(wire.Exit{Status: status})
}

// findWord takes the longest: "@share list" before "@share".
func findWord(given []string) (found *word, args []string) {
	for _, w := range words() {
		name := strings.Fields(w.name)
		if len(name) <= len(given) && strings.Join(given[:len(name)], " ") == w.name && (found == nil || len(w.name) > len(found.name)) {
			found, args = &w, given[len(name):]
		}
	}
	return found, args
}

// options reads the options of a word, and what is left of its arguments, of which
// there must be from least to most.
func (s *session) options(w string, args []string, least, most int, set func(*flag.FlagSet)) ([]string, error) {
	f := flag.NewFlagSet(w, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	if set != nil {
		set(f)
	}
	var rest []string
	err := f.Parse(args)
	for err == nil && f.NArg() > 0 { // options may stand behind the name
		rest = append(rest, f.Arg(0))
		err = f.Parse(f.Args()[1:])
	}
	if err == nil && len(rest) >= least && len(rest) <= most {
		return rest, nil
	}
	found, _ := findWord(strings.Fields(w))
	usage := strings.TrimSpace(found.name + " " + found.synopsis)
	switch {
	case errors.Is(err, flag.ErrHelp):
		s.say(usage + "\n" + found.does)
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %s", errUsage, shown(err.Error(), maxShown), usage)
	}
	return nil, fmt.Errorf("%w: %s", errUsage, usage)
}

func (s *session) help(args []string) error {
	if _, err := s.options("@help", args, 0, 0, nil); err != nil {
		return err
	}
	g := s.conn.policy.Load()
	for _, w := range words() {
		if w.allowed(g) {
			s.say(strings.TrimSpace(w.name+" "+w.synopsis) + "\n    " + w.does)
		}
	}
	return nil
}

// say writes lines to the client's standard output.
func (s *session) say(text string) { s.lines(s.channel, text) }

// remark writes a line to its standard error.
func (s *session) remark(text string) { s.lines(stderr{s}, "jailsh: "+text) }

// lines writes lines as the client's terminal wants them. An error: the client is
// gone.
func (s *session) lines(to io.Writer, text string) {
	text += "\n"
	if s.shown.Load() {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	_, _ = io.WriteString(to, text)
}

// while does what reads from the client, until it returns or the session is ended: a
// read is over with the channel alone.
func (s *session) while(f func() error) error {
	done := make(chan error, 1)
	s.spin("word input", func() { done <- f() })
	select {
	case err := <-done:
		return err
	case <-s.ctx.Done():
		return nil // word tells why
	}
}

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// caller is an administrator at the admin socket, who looks at what users have open and
// ends it. What she does is in the audit log with who she is, as far as the kernel says.
//
// It is jailsh-net that knows the sessions, and jailshd believes it nothing: what it
// answers is passed on within the caps of the messages, and of a terminal that is
// watched jailshd sees not a byte.
type caller struct {
	daemon *daemon
	who    []slog.Attr

	mu    sync.Mutex
	gone  bool
	views []view // that this one has
}

// view is a terminal that is looked at, or was.
type view struct {
	of    []slog.Attr
	began time.Time
}

// maxViews is how many terminals one caller may look at, one after the other or at once;
// jailsh does at one.
const maxViews = 4

func newCaller(d *daemon, cred *unix.Ucred) *caller {
	who := []slog.Attr{slog.Uint64("uid", uint64(cred.Uid))}
	if login := loginName(cred.Pid); login != "" {
		who = append(who, slog.String("login", login))
	}
	return &caller{daemon: d, who: who}
}

// loginName is who has logged in on the host to become this process, which sudo(8) and
// su(1) don't change (proc_pid_loginuid(5)). It is empty if the kernel doesn't know.
func loginName(pid int32) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/loginuid", pid))
	if err != nil {
		return ""
	}
	uid, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil || uid == 1<<32-1 { // unset
		return ""
	}
	if account, err := user.LookupId(fmt.Sprint(uid)); err == nil {
		return account.Username
	}
	return fmt.Sprint(uid)
}

func (c *caller) sessions(m *wire.ListSessions, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	answer := &wire.Sessions{}
	return answer, nil, c.daemon.net.ask(askTimeout, wire.VerbSessions, m, answer)
}

func (c *caller) kill(m *wire.Kill, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	was := &wire.Session{}
	err := c.daemon.net.ask(askTimeout, wire.VerbKill, m, was)
	if err != nil { // or so jailsh-net says
		c.record("kill failed", append(c.about(m.ID, was), slog.String("error", err.Error()))...)
		return nil, nil, err
	}
	c.record("kill", c.about(m.ID, was)...)
	return was, nil, nil
}

// errWatchOff is what an administrator has told herself.
var errWatchOff = errors.New(`watch is "off" in jailsh.toml - set it to "shown" or "silent"`)

// watch hands each side one end of a socket.
func (c *caller) watch(m *wire.Watch, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	how := c.daemon.instance.Load().Config.Watch
	if how == wire.WatchOff {
		return nil, nil, errWatchOff
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "watch"), os.NewFile(uintptr(ends[1]), "watch")
	defer theirs.Close()
	is := &wire.Session{}
	if err = c.daemon.net.ask(askTimeout, wire.VerbWatch, m, is, theirs); err == nil {
		err = c.begin(append(c.about(m.ID, is), slog.Bool("shown", how == wire.WatchShown)))
	}
	if err != nil {
		ours.Close()
		return nil, nil, err
	}
	return is, []*os.File{ours}, nil
}

// begin records that somebody looks at a terminal, before she does.
func (c *caller) begin(of []slog.Attr) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone:
		return os.ErrClosed
	case len(c.views) >= maxViews:
		return errors.New("watch: no more at once on one connection")
	}
	c.views = append(c.views, view{of, time.Now()})
	c.record("watch", of...)
	return nil
}

// left is called when the caller has gone, and with it whatever it looked at.
func (c *caller) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for _, v := range c.views {
		c.record("watch end", slices.Concat(v.of, []slog.Attr{since(v.began)})...)
	}
}

// about is a session in the log. Whose it is, is jailsh-net's word.
func (c *caller) about(id string, s *wire.Session) (of []slog.Attr) {
	for _, a := range []wire.Attr{{Key: "id", Value: id}, {Key: "user", Value: s.User}, {Key: "from", Value: s.From}, {Key: "what", Value: s.What}, {Key: "tty", Value: s.TTY}} {
		if a.Value != "" {
			of = append(of, slog.String(a.Key, a.Value))
		}
	}
	return of
}

func (c *caller) record(event string, of ...slog.Attr) {
	c.daemon.events.put(time.Now(), slog.LevelInfo, event, slices.Concat(of, c.who)...)
}

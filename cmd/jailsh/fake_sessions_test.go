package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// fakeSessions are more than go into a packet: the first has been opened last. What the
// second says of itself is hostile.
func fakeSessions() []wire.Session {
	all := []wire.Session{
		{ID: "00000000-1", User: "alice", From: "192.0.2.7", What: "shell", TTY: "/dev/pts/0", Since: time.Unix(1e9, 0), Idle: time.Minute},
		{ID: "11111111-1", User: "\x1b[2Jbob", From: "192.0.2.8", What: "command x\ny", Since: time.Unix(1e9-1, 0)},
	}
	for i := range wire.MaxSessions {
		all = append(all, wire.Session{ID: fmt.Sprintf("22222222-%03d", i), What: "view alice/main", Since: time.Unix(1e9-2, 0)})
	}
	return all
}

func (d *fakeDaemon) sessions(m *wire.ListSessions, _ []*os.File) (wire.Message, []*os.File, error) {
	list := slices.DeleteFunc(fakeSessions(), func(s wire.Session) bool { return s.ID <= m.After })
	return &wire.Sessions{List: list[:min(len(list), wire.MaxSessions)]}, nil, nil
}

func (d *fakeDaemon) kill(m *wire.Kill, _ []*os.File) (wire.Message, []*os.File, error) {
	for _, s := range fakeSessions() {
		if s.ID == m.ID {
			return &s, nil, nil
		}
	}
	return nil, nil, errors.New("there is no such session \x1b[31m")
}

// watch shows the sizes that it is told, and ends at 1 by 1. In between it asks the
// terminal for an answer.
func (d *fakeDaemon) watch(m *wire.Watch, _ []*os.File) (wire.Message, []*os.File, error) {
	if strings.HasPrefix(m.ID, "2") {
		return nil, nil, errors.New("it has no terminal")
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	ours := os.NewFile(uintptr(ends[0]), "watch")
	d.running.Go(func() {
		defer ours.Close()
		fmt.Fprintf(ours, "asked for %dx%d\x1b[6n\r\n", m.Size.Columns, m.Size.Rows)
		for {
			size, err := wire.ReadWatchedSize(ours)
			if err != nil || size.Columns == 1 {
				break
			}
			fmt.Fprintf(ours, "now %dx%d\x1b[c\r\n", size.Columns, size.Rows)
		}
		_, _ = io.WriteString(ours, "the last\r\n") // an error: nobody is there
	})
	return &wire.Session{ID: m.ID}, []*os.File{os.NewFile(uintptr(ends[1]), "watch")}, nil
}

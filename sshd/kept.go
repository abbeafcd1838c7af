package sshd

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/sys/unix"
)

// keptTerminals are the terminals that outlive the sessions that are attached to them,
// by user.
type keptTerminals struct {
	mu  sync.Mutex
	all map[string]*keptOf
}

// keptOf are those of one user. An entry stays: there are as many as users.
type keptOf struct {
	entering chan struct{}   // of one: somebody looks for a terminal, and makes it if there is none
	list     []*keptTerminal // the oldest first
}

func (t *keptTerminals) of(user string) *keptOf {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]*keptOf{}
	}
	o := t.all[user]
	if o == nil {
		o = &keptOf{entering: make(chan struct{}, 1)}
		t.all[user] = o
	}
	return o
}

func (t *keptTerminals) list(user string) []*keptTerminal {
	o := t.of(user)
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(o.list)
}

// everywhere are those of all users.
func (t *keptTerminals) everywhere() (all []*keptTerminal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.all {
		all = append(all, o.list...)
	}
	return all
}

func (t *keptTerminals) add(k *keptTerminal) {
	o := t.of(k.user)
	t.mu.Lock()
	defer t.mu.Unlock()
	o.list = append(o.list, k)
}

func (t *keptTerminals) remove(k *keptTerminal) {
	o := t.of(k.user)
	t.mu.Lock()
	defer t.mu.Unlock()
	o.list = slices.DeleteFunc(o.list, func(other *keptTerminal) bool { return other == k })
}

// keptTerminal is a program on a terminal that outlives the sessions that are attached
// to it. Its output is read whether somebody is there or not, so that it goes on.
//
// Of those who are attached one is in front: who came or typed last. Hers is the size,
// she gets the output as it is, may be asked by the program what her terminal is, and
// stops it by not reading. The others are viewers who may type.
type keptTerminal struct {
	server  *Server
	user    string
	name    string // empty: none
	tty     string // the terminal's name in the jail
	cell    Cell   // a way in of its own: it outlives the connection
	process *Process
	screen  *share.Live   // what is shown there
	over    chan struct{} // closed when it has ended, and exit and known are set
	exit    wire.Exit
	known   bool // exit is the program's; else its jail was ended

	mu     sync.Mutex
	seats  []*seat       // in the order in which they were in front, the last one is
	size   wire.Size     // the program's
	nudged bool          // for a moment that isn't the size in front
	lost   time.Time     // when the last one left; zero: somebody is there
	timer  *time.Timer   // runs while nobody is there
	drop   chan struct{} // closed when nobody has come back, or the administrator has ended it
	killed bool          // the latter
}

// sessions are those that are attached now.
func (k *keptTerminal) sessions() (all []*session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range k.seats {
		all = append(all, a.session)
	}
	return all
}

// numberOf is by which its user calls a terminal: N of /dev/pts/N, and -1 for what no
// terminal of a jail is called.
func numberOf(tty string) int {
	dir, last := path.Split(tty)
	n, err := strconv.ParseUint(last, 10, 16)
	if dir != "/dev/pts/" || err != nil {
		return -1
	}
	return int(n)
}

// labelOf is what a terminal of a jail is called by its user.
func labelOf(tty string) string {
	if n := numberOf(tty); n >= 0 {
		return strconv.Itoa(n)
	}
	return shown(tty, maxTerminalName)
}

// keepTerminal takes over a process and the way into its cell.
func (s *Server) keepTerminal(user, name string, cell Cell, p *Process, size wire.Size) *keptTerminal {
	k := &keptTerminal{
		server: s, user: user, name: name, tty: p.TTY, cell: cell, process: p, size: size,
		over: make(chan struct{}), drop: make(chan struct{}),
	}
	k.screen = s.hub.Begin(user, labelOf(p.TTY), sizeOf(&size), k.typed)
	s.kept.add(k)
	s.work.Go(func() { s.protect("", "kept terminal", k.run) })
	return k
}

// run lives as long as the program, or until nobody wants it any more.
func (k *keptTerminal) run() {
	var reader sync.WaitGroup
	reader.Go(func() { k.server.protect("", "kept output", k.read) })
	defer k.server.answer(k.process.Words, k.asking)()
	select {
	case k.exit, k.known = <-k.process.Exit():
		k.process.drain()
	case <-k.drop:
		k.process.Release()
		k.process.close() // the kernel hangs up
		if k.killed {
			select {
			case <-k.process.Exit():
			case <-time.After(killGrace):
				k.process.signal(unix.SIGKILL)
			}
		}
	case <-k.server.ctx.Done():
		k.process.close() // without a word: the cell keeps it for the next jailsh-net
	}
	reader.Wait()
	k.process.close()
	k.server.kept.remove(k)
	k.mu.Lock()
	if k.timer != nil {
		k.timer.Stop()
	}
	k.mu.Unlock()
	k.server.hub.End(k.screen)
	close(k.over)
	_ = k.cell.Close() // the program has ended, or was left
}

// hangUp ends it. mu is held.
func (k *keptTerminal) hangUp(killed bool) {
	select {
	case <-k.drop:
	default:
		k.killed = killed
		close(k.drop)
	}
}

// asking is the session in front, whose words are meant by a program in the terminal.
func (k *keptTerminal) asking() (*session, *share.Live) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.seats); n > 0 {
		return k.seats[n-1].session, k.screen
	}
	return nil, nil
}

// input passes on what somebody types. It may wait for the program.
func (k *keptTerminal) input(b []byte) error {
	to, err := k.process.PTY.SyscallConn()
	if err != nil {
		return err
	}
	return write(to, b)
}

// typed is what is typed. That of viewers is in the recordings of all who are attached;
// each of these has her own input in hers.
func (k *keptTerminal) typed(by *share.Viewer, b []byte) error {
	if by == nil {
		return k.input(b)
	}
	var to []*recording
	for _, s := range k.sessions() {
		if r := s.recording.Load(); r != nil && r.input {
			to = append(to, r)
		}
	}
	master, err := k.process.PTY.SyscallConn()
	if err != nil {
		return err
	}
	return recordTyped(to, master, by, b, k.input)
}

// read hands the output on until it ends.
func (k *keptTerminal) read() {
	src, err := newSource(k.process.PTY, &k.server.chunks, nil)
	if err != nil {
		return // closed already
	}
	for {
		chunk, err := src.next()
		if len(chunk) > 0 {
			k.pass(chunk)
		}
		src.done()
		if err != nil {
			return
		}
	}
}

// pass shows a chunk to all, and waits until the one in front has taken it. The
// picture that somebody new in front begins with is of before or of after the chunk.
func (k *keptTerminal) pass(chunk []byte) {
	k.mu.Lock()
	k.screen.Write(chunk)
	var now *turn
	if n := len(k.seats); n > 0 {
		now = k.seats[n-1].turn
		chunk = append([]byte(nil), chunk...) // she may be in the middle of it when another comes
	}
	k.mu.Unlock()
	if now != nil {
		select {
		case now.chunks <- chunk:
		case <-now.ctx.Done():
		}
	}
}

// attached is how many are there.
func (k *keptTerminal) attached() (n int, lost time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.seats), k.lost
}

// resize is the size of the terminal in front. mu is held.
func (k *keptTerminal) resize(size wire.Size) {
	if size.Columns == 0 || size.Rows == 0 || size == k.size || k.nudged {
		return
	}
	k.size = size
	_ = k.process.Resize(size) // the program may have ended
	k.screen.Resize(sizeOf(&size))
}

// nudgeTime is how long a program has for seeing a size that isn't to stay. Two
// changes that come together are none to it.
const nudgeTime = 100 * time.Millisecond

// nudge makes the program draw its screen again, as programs do when the size changes:
// nobody knows what an earlier jailsh-net was shown.
func (k *keptTerminal) nudge(to wire.Size) {
	if to.Rows > 2 {
		to.Rows--
	} else {
		to.Rows++
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.resize(to)
	k.nudged = true
	time.AfterFunc(nudgeTime, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.nudged = false
		if n := len(k.seats); n > 0 {
			k.resize(k.seats[n-1].size)
		}
	})
}

// label is how its user attaches to it.
func (k *keptTerminal) label() string {
	if k.name != "" {
		return k.name
	}
	return fmt.Sprint(numberOf(k.tty))
}

// turn is a time in which a seat is in front, or isn't.
type turn struct {
	ctx    context.Context // done when the turn is over
	end    context.CancelFunc
	front  bool
	first  []byte      // what she is shown first, in front
	chunks chan []byte // then the output
}

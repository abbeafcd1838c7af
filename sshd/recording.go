package sshd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/internal/wire"
)

const (
	// maxQueued is what of a recording may wait to be written, in bytes.
	maxQueued = 256 << 10

	// queuedEvent is what an event counts beside its text.
	queuedEvent = 32

	// stallTime is how long a terminal whose recording may fail waits for a disk.
	stallTime = time.Second

	// recordingTimeout is how long jailshd may take to make a file, or to seal it.
	recordingTimeout = 10 * time.Second
)

var (
	errStalled = errors.New("the file system took too long to write")
	errLarge   = errors.New("it is as large as record_max_file allows")
)

// recording takes what happens on a session's terminal, and has it written by a
// goroutine of its own (recordwriter.go). What waits is bounded: when it is too much,
// the terminal waits, for as long as it takes if the session must not go unrecorded,
// else for stallTime, after which the recording is given up.
//
// Output goes into it before it goes to the client, so of an orderly end nothing is
// missing. What is lost with jailsh-net is what waits.
type recording struct {
	session *session
	strict  bool
	input   bool // what is typed is recorded too
	began   time.Time

	room    chan struct{} // something was taken
	wake    chan struct{} // something is there
	over    chan struct{} // closed when nothing is taken any more: written to the end, or failed
	written chan struct{} // closed when the writer has ended

	mu     sync.Mutex
	queue  queue
	late   *wire.Size // a size that had no room yet: of these the newest counts
	size   wire.Size  // the last one that was queued
	typist string     // who has typed last, of those who look on; empty: the session's user
	ending bool
	failed error
}

// queue is events that wait.
type queue struct {
	events []recordedEvent
	text   []byte
}

type recordedEvent struct {
	at     time.Duration
	kind   byte
	length int // of its text
}

func (q *queue) full(more int) bool {
	size := len(q.text) + queuedEvent*len(q.events)
	return size > 0 && size+more+queuedEvent > maxQueued
}

func (q *queue) add(at time.Duration, kind byte, text []byte) {
	q.events = append(q.events, recordedEvent{at, kind, len(text)})
	q.text = append(q.text, text...)
}

// toRecord begins the recording of a session, if it is to have one; or says why it
// can't have the session.
func (s *session) toRecord(spawn *wire.Spawn) (*recording, refusal) {
	how := s.conn.policy.Load().Record
	if how == wire.RecordOff || spawn.TTY == nil {
		return nil, 0
	}
	r, err := s.newRecording(spawn, how == wire.RecordStrict)
	switch {
	case err == nil:
		return r, 0
	case s.dismissed() != 0:
		return nil, s.dismissed()
	case s.ctx.Err() != nil:
		return nil, lostClient
	}
	s.conn.record(levelError, "not recorded", "", "session", fmt.Sprint(s.number), "error", err.Error())
	if how == wire.RecordStrict {
		return nil, refusedRecording
	}
	return nil, 0
}

func (s *session) newRecording(spawn *wire.Spawn, strict bool) (*recording, error) {
	ctx, cancel := context.WithTimeout(s.ctx, recordingTimeout)
	defer cancel()
	answer, file, err := s.conn.server.broker.Recording(ctx, &wire.Recording{
		User: s.id.user, Ref: s.conn.ref, Session: s.number, Ticket: s.id.ticket,
	})
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	r := &recording{
		session: s, strict: strict, input: answer.Input, began: time.Now(), size: spawn.TTY.Size,
		room: make(chan struct{}, 1), wake: make(chan struct{}, 1), over: make(chan struct{}), written: make(chan struct{}),
	}
	header, err := cast.Header{
		Version: int(answer.Version), Cols: int(r.size.Columns), Rows: int(r.size.Rows), Term: s.wish.term,
		Began: r.began, Command: shown(spawn.Command, maxDetail), Title: fmt.Sprintf("%s, session %d of connection %s", s.id.user, s.number, s.conn.ref),
	}.Line()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("recording: %w", err)
	}
	w := newRecordWriter(r, file, answer)
	s.spin("recording", func() { w.run(header) })
	s.recording.Store(r)
	return r, nil
}

// output takes what the program has written. It may wait.
func (r *recording) output(b []byte) { r.add(cast.Output, b) }

// typed takes what was typed, by the session's user or by who looks on. The format
// has no place for that: when it changes a remark comes before. It may wait.
func (r *recording) typed(by string, b []byte) { r.addBy(cast.Input, b, by) }

// resize takes a new size. It doesn't wait.
func (r *recording) resize(size wire.Size) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = &size
	r.addLate()
}

// marker takes a remark on what is seen, such as a notice that isn't the program's. It
// doesn't wait, and is left out when there is no room.
func (r *recording) marker(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed() && !r.queue.full(len(text)) {
		r.put(cast.Marker, []byte(text))
	}
}

func (r *recording) add(kind byte, b []byte) { r.addBy(kind, b, "") }

func (r *recording) addBy(kind byte, b []byte, typist string) {
	var late <-chan time.Time
	for {
		r.mu.Lock()
		if r.closed() {
			r.mu.Unlock()
			return
		}
		if r.addLate(); !r.queue.full(len(b)) {
			if kind == cast.Input && typist != r.typist {
				r.typist = typist
				r.put(cast.Marker, []byte(cmp.Or(typist, r.session.id.user)+", types"))
			}
			r.put(kind, b)
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		if late == nil && !r.strict {
			late = time.After(stallTime)
		}
		select {
		case <-r.room:
		case <-r.over:
		case <-r.session.ctx.Done():
			return
		case <-late:
			r.fail(errStalled)
		}
	}
}

// closed tells whether nothing is taken any more. The caller holds mu.
func (r *recording) closed() bool { return r.ending || r.failed != nil }

// put queues an event. The caller holds mu.
func (r *recording) put(kind byte, text []byte) {
	r.queue.add(time.Since(r.began), kind, text)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// addLate queues a size that waits. The caller holds mu.
func (r *recording) addLate() {
	if r.late == nil || r.closed() || r.queue.full(0) {
		return
	}
	if size := *r.late; size.Columns != r.size.Columns || size.Rows != r.size.Rows {
		r.size = size
		r.put(cast.Resize, fmt.Appendf(nil, "%dx%d", size.Columns, size.Rows))
	}
	r.late = nil
}

// fail ends the recording, and the session if that must not go unrecorded.
func (r *recording) fail(err error) {
	r.mu.Lock()
	first := r.failed == nil
	if first {
		r.failed = err
		r.queue = queue{}
		close(r.over)
	}
	r.mu.Unlock()
	if !first {
		return
	}
	s := r.session
	s.conn.record(levelError, "recording failed", "", "session", fmt.Sprint(s.number), "error", err.Error())
	if r.strict {
		s.cancel(lostRecording)
	}
}

// end writes how the session has ended, and waits until all is written and sealed; it
// returns lostRecording if that didn't work and must.
func (r *recording) end(e wire.Exit, why refusal) refusal {
	r.mu.Lock()
	if r.failed == nil {
		r.addLate()
		switch {
		case why == 0:
			r.put(cast.Exit, fmt.Append(nil, shellStatus(e)))
		case why != lostClient:
			r.put(cast.Marker, []byte(why.Error()))
		}
		r.ending = true
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	r.mu.Unlock()
	if r.strict {
		<-r.written
	} else {
		select {
		case <-r.written:
		case <-time.After(stallTime):
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil && r.strict && why == 0 {
		return lostRecording
	}
	return why
}

// shellStatus is a status as a shell has it in $?: that of a signal is above 128.
func shellStatus(e wire.Exit) uint32 {
	if e.Signal != 0 {
		return 128 + e.Signal
	}
	return e.Status
}

package sshd

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/internal/seal"
	"github.com/jailsh/jailsh/internal/wire"
)

const (
	// sealTime is after how long what was written is sealed.
	sealTime = 30 * time.Second

	// writeSize is how much is written at once, but for the last event.
	writeSize = 64 << 10

	// keptSize is how large a buffer may be that a recording keeps while it has nothing
	// to do.
	keptSize = 4 << 10
)

// recordWriter is the goroutine that writes a recording.
type recordWriter struct {
	*recording
	file    *os.File
	id      uint32
	limit   uint64
	encoder *cast.Encoder
	chain   seal.Chain
	sealed  uint64 // bytes
	lines   []byte // not written yet
	spare   queue  // empty
}

func newRecordWriter(r *recording, file *os.File, answer *wire.Recorded) *recordWriter {
	return &recordWriter{recording: r, file: file, id: answer.ID, limit: answer.MaxBytes, encoder: cast.NewEncoder(int(answer.Version))}
}

// run writes until the recording ends or fails.
func (w *recordWriter) run(header []byte) {
	defer close(w.written)
	defer w.file.Close()
	w.lines = header
	err := w.flush()
	due := time.NewTimer(sealTime)
	defer due.Stop()
	for ending := false; err == nil && !ending; {
		select {
		case <-w.wake:
			ending, err = w.writeAll()
		case <-due.C:
			err = w.seal(false)
			due.Reset(sealTime)
		case <-w.over:
			ending = true // it failed elsewhere
		}
	}
	if err != nil {
		w.fail(err)
	}
	if err := w.seal(true); err != nil {
		w.fail(err)
	}
}

// writeAll writes what waits, and reports whether it was the last.
func (w *recordWriter) writeAll() (ending bool, err error) {
	w.mu.Lock()
	q := w.queue
	w.queue = w.spare
	ending = w.ending
	w.mu.Unlock()
	select {
	case w.room <- struct{}{}:
	default:
	}
	text := q.text
	for _, e := range q.events {
		w.lines = w.encoder.Append(w.lines, e.at, e.kind, text[:e.length])
		text = text[e.length:]
		if len(w.lines) >= writeSize {
			if err := w.flush(); err != nil {
				return false, err
			}
		}
	}
	if ending {
		w.lines = w.encoder.Finish(w.lines, time.Since(w.began))
	}
	err = w.flush()
	w.keep(q)
	return ending, err
}

// keep keeps the buffers for what comes next, or small ones if nothing waits.
func (w *recordWriter) keep(q queue) {
	w.mu.Lock()
	idle := len(w.queue.events) == 0
	w.mu.Unlock()
	w.spare = queue{q.events[:0], q.text[:0]}
	if idle && cap(q.text) > keptSize {
		w.spare = queue{}
	}
	if idle && cap(w.lines) > keptSize {
		w.lines = nil
	}
}

// flush writes the lines. Of those that don't fit, what fits is written and sealed.
func (w *recordWriter) flush() error {
	if uint64(len(w.lines)) > w.limit-w.chain.Mark().Bytes {
		return errLarge
	}
	n, err := w.file.Write(w.lines)
	_, _ = w.chain.Write(w.lines[:n]) // never fails
	w.lines = w.lines[:0]
	return err
}

// seal has what was written signed.
func (w *recordWriter) seal(final bool) error {
	at := w.chain.Mark()
	if at.Bytes == w.sealed && !final {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordingTimeout)
	defer cancel()
	err := w.session.conn.server.broker.Seal(ctx, &wire.Seal{ID: w.id, Bytes: at.Bytes, Lines: at.Lines, Head: at.Head[:], Final: final})
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	w.sealed = at.Bytes
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/recordings"
	"github.com/jailsh/jailsh/internal/seal"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

const (
	// maxRecording is how many recordings of one user may be written at once.
	maxRecording = 128

	// sealPause is the least time between two seals of a recording, but for the final
	// one: jailsh-net asks every 30 seconds.
	sealPause = 10 * time.Second

	// sweepPause is how often old recordings are looked for.
	sweepPause = time.Minute
)

// errRecording is all that jailsh-net learns; the reason is in the log, under the
// reference.
var errRecording = errors.New("the recording could not be made, or sealed")

// recorders are the recordings that one jailsh-net writes.
type recorders struct {
	daemon *daemon

	mu     sync.Mutex
	last   uint32
	open   map[uint32]*recorder
	closed bool
}

// recorder is one of them.
type recorder struct {
	user, name, ref string

	mu     sync.Mutex // held while a seal is written; after recorders.mu
	seals  *os.File   // locked
	latest seal.Mark
	sealed time.Time
	over   bool // the final seal is written, or jailsh-net has ended
}

func (d *daemon) newRecorders() *recorders {
	return &recorders{daemon: d, open: map[uint32]*recorder{}}
}

// record makes a recording for a user who may log in, and whose sessions are to be
// recorded.
func (r *recorders) record(t tickets, m *wire.Recording, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	answer, file, err := r.begin(t, m)
	if err != nil {
		r.daemon.events.write(slog.LevelError, "recording: "+config.Hints(err.Error(), r.daemon.instance.Load().Config.File), slog.String("ref", m.Ref), slog.String("user", m.User))
		return nil, nil, errRecording
	}
	r.daemon.events.write(slog.LevelInfo, "recording", slog.String("ref", m.Ref), slog.String("user", m.User), slog.String("file", answer.File))
	return answer, []*os.File{file}, nil
}

func (r *recorders) begin(t tickets, m *wire.Recording) (*wire.Recorded, *os.File, error) {
	now := time.Now()
	i := r.daemon.instance.Load()
	user, ok := i.Users.User(m.User)
	if !ok || !user.Active(now) || user.Record == wire.RecordOff {
		return nil, nil, fmt.Errorf("user %q: isn't in the table, may not log in now, or isn't recorded - see: jailsh explain %q", m.User, m.User)
	}
	if err := r.daemon.proven(t, &wire.Open{User: m.User, Ref: m.Ref, Ticket: m.Ticket}); err != nil {
		return nil, nil, err
	}
	name, err := recordings.Name(now, m.Ref, m.Session)
	if err != nil {
		return nil, nil, err
	}
	one := &recorder{user: user.Name, name: name, ref: m.Ref}
	id, err := r.take(one)
	if err != nil {
		return nil, nil, err
	}
	file, err := one.create(r.daemon)
	if err != nil {
		r.leave(id)
		return nil, nil, err
	}
	keep := i.Config.Recordings
	return &wire.Recorded{ID: id, File: name, Version: uint32(keep.Version), Input: keep.Input, MaxBytes: uint64(r.daemon.began.Recordings.MaxFile)}, file, nil
}

// take counts a recording in.
func (r *recorders) take(one *recorder) (id uint32, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, o := range r.open {
		if o.user == one.user {
			n++
		}
	}
	switch {
	case r.closed:
		return 0, errors.New("jailsh-net has ended")
	case n >= maxRecording:
		return 0, fmt.Errorf("user %q: %d sessions are recorded already - lower limits.sessions of users.toml", one.user, n)
	}
	r.last++
	r.open[r.last] = one
	return r.last, nil
}

// leave counts it out, and unlocks its seals.
func (r *recorders) leave(id uint32) {
	r.mu.Lock()
	one := r.open[id]
	delete(r.open, id)
	r.mu.Unlock()
	if one != nil {
		one.close()
	}
}

// close is for when jailsh-net has ended: what it has written stays unfinished.
func (r *recorders) close() {
	r.mu.Lock()
	all := r.open
	r.open, r.closed = nil, true
	r.mu.Unlock()
	for _, one := range all {
		one.close()
	}
}

// create makes the files, and the seal of nothing: from here on a recording is known
// to be one of ours.
func (one *recorder) create(d *daemon) (*os.File, error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	file, seals, err := d.recordings.Create(one.user, one.name)
	if err != nil {
		return nil, err
	}
	one.seals = seals
	if one.over { // closed meanwhile
		err = errors.New("jailsh-net has ended")
	} else {
		err = one.write(d.sealKey(), seal.Mark{}, false)
	}
	if err != nil {
		file.Close()
		return nil, errors.Join(err, d.recordings.Remove(one.user, one.name))
	}
	return file, nil
}

// sealKey is the host key that signs: an ed25519 one, which is the quickest, or else
// the first.
func (d *daemon) sealKey() ssh.Signer {
	for _, k := range d.hostKeys {
		if k.PublicKey().Type() == ssh.KeyAlgoED25519 {
			return k
		}
	}
	return d.hostKeys[0]
}

// write signs and writes a seal.
func (one *recorder) write(key ssh.Signer, at seal.Mark, final bool) error {
	s := &seal.Seal{User: one.user, File: one.name, Mark: at, Time: time.Now(), Final: final}
	line, err := s.Sign(key)
	if err != nil {
		return err
	}
	if _, err := one.seals.Write(line); err != nil {
		return fmt.Errorf("seal of %s/%s: %w - make room on its file system", one.user, one.name, err)
	}
	one.latest, one.sealed = at, time.Now()
	return nil
}

func (one *recorder) close() {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.over = true
	if one.seals != nil {
		one.seals.Close()
		one.seals = nil
	}
}

// seal signs what jailsh-net says that it has written. The signature is for the file's
// readers: it doesn't get it.
func (r *recorders) seal(m *wire.Seal, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	r.mu.Lock()
	one := r.open[m.ID]
	r.mu.Unlock()
	if one == nil {
		return nil, nil, errors.New("seal: no such recording")
	}
	at := seal.Mark{Bytes: m.Bytes, Lines: m.Lines}
	if copy(at.Head[:], m.Head) != len(at.Head) {
		return nil, nil, errors.New("seal: the head has another size")
	}
	err := one.seal(r.daemon.sealKey(), at, m.Final)
	if m.Final {
		r.leave(m.ID)
	}
	who := []slog.Attr{slog.String("ref", one.ref), slog.String("user", one.user), slog.String("file", one.name)}
	if err != nil {
		r.daemon.events.write(slog.LevelError, "recording: "+err.Error(), who...)
		return nil, nil, errRecording
	}
	if m.Final {
		r.daemon.events.write(slog.LevelInfo, "recording end", append(who, slog.String("bytes", strconv.FormatUint(at.Bytes, 10)), slog.String("head", fmt.Sprintf("%x", at.Head)))...)
	}
	return &wire.Empty{}, nil, nil
}

func (one *recorder) seal(key ssh.Signer, at seal.Mark, final bool) error {
	one.mu.Lock()
	defer one.mu.Unlock()
	switch {
	case one.over:
		return errors.New("it is over")
	case at.Bytes < one.latest.Bytes:
		return errors.New("it has become shorter")
	case !final && time.Since(one.sealed) < sealPause:
		return errors.New("it was sealed just now")
	}
	one.over = final
	return one.write(key, at, final)
}

// sweepRecordings removes what is older than it may be, at once and from time to time,
// until ctx ends.
func (d *daemon) sweepRecordings(ctx context.Context) {
	ticker := time.NewTicker(sweepPause)
	defer ticker.Stop()
	for {
		keep := d.instance.Load().Config.Recordings
		removed, err := d.recordings.Sweep(time.Now(), recordings.Retention{Age: keep.MaxAge, Size: keep.MaxSize})
		for _, e := range removed {
			d.events.write(slog.LevelInfo, "recording removed", slog.String("user", e.User), slog.String("file", e.Name))
		}
		if err != nil {
			d.log.Error("recordings: not all old ones could be removed", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

package main

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/recordings"
	"github.com/jailsh/jailsh/internal/seal"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// newTestRecorders is what answers a jailsh-net, with alice and carol, who are recorded, and
// bob, who isn't.
func newTestRecorders(t *testing.T) *recorders {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"jailsh.toml": "net_uid = 64022\n",
		"users.toml":  "[defaults]\nrecord = \"on\"\n[user.alice]\nuid = 20001\n[user.bob]\nuid = 20002\nrecord = \"off\"\n[user.carol]\nuid = 20003\nauth = [\"publickey\", \"totp\"]\n[user.dora]\nuid = 20004\ndisabled = true\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inst, err := instance.Load(filepath.Join(dir, "jailsh.toml"))
	if err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{began: inst.Config, hostKeys: []ssh.Signer{key}, recordings: &recordings.Store{Dir: inst.Config.RecordingsDir()}}
	d.events = newEvents(slog.NewTextHandler(io.Discard, nil), &auditLog{})
	d.instance.Store(inst)
	if err := os.MkdirAll(d.recordings.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := d.newRecorders()
	t.Cleanup(r.close)
	return r
}

func (r *recorders) must(t *testing.T, session uint32) (*wire.Recorded, *os.File) {
	t.Helper()
	m, files, err := r.record(newTickets(), &wire.Recording{User: "alice", Ref: "0a1b2c3d", Session: session}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*wire.Recorded), files[0]
}

// What a jailsh-net has sealed is what can be verified, and it gets nothing of it.
func TestSealing(t *testing.T) {
	t.Parallel()
	r := newTestRecorders(t)
	answer, file := r.must(t, 1)
	defer file.Close()
	var chain seal.Chain
	_, _ = io.WriteString(io.MultiWriter(file, &chain), "one\ntwo\n")
	at := chain.Mark()
	m, files, err := r.seal(&wire.Seal{ID: answer.ID, Bytes: at.Bytes, Lines: at.Lines, Head: at.Head[:], Final: true}, nil)
	if err != nil || len(files) > 0 {
		t.Fatalf("%v %v", files, err)
	}
	if body, err := wire.Encode(m); err != nil || len(body) != 0 {
		t.Errorf("the answer is %x %v", body, err)
	}
	cast, seals, err := r.daemon.recordings.Open("alice/" + answer.File)
	if err != nil {
		t.Fatal(err)
	}
	defer cast.Close()
	defer seals.Close()
	v, err := seal.Check(cast, seals, []ssh.PublicKey{r.daemon.hostKeys[0].PublicKey()})
	if err != nil || !v.Whole() || v.User != "alice" || v.File != answer.File || v.Seals != 2 {
		t.Errorf("%+v %v", v, err)
	}
}

// A jailsh-net that was taken over can't have a recording of whom isn't recorded or
// may not log in, nor say where it is.
func TestRecordingsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newTestRecorders(t)
	for _, m := range []wire.Recording{
		{User: "mallory", Ref: "0a1b2c3d"},
		{User: "bob", Ref: "0a1b2c3d"},
		{User: "carol", Ref: "0a1b2c3d"},
		{User: "dora", Ref: "0a1b2c3d"},
		{User: "../alice", Ref: "0a1b2c3d"},
		{User: "alice", Ref: "../../x"},
		{User: "alice", Ref: ""},
		{User: "alice", Ref: "0a1b2c3d\x00"},
	} {
		if answer, _, err := r.record(newTickets(), &m, nil); err == nil {
			t.Errorf("%+v: %+v", m, answer)
		}
	}
	if left, err := filepath.Glob(filepath.Join(r.daemon.recordings.Dir, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	tickets := newTickets()
	if _, files, err := r.record(tickets, &wire.Recording{User: "carol", Ref: "0a1b2c3d", Ticket: tickets.ticket("carol", "0a1b2c3d")}, nil); err != nil {
		t.Errorf("carol, with a ticket: %v", err)
	} else {
		files[0].Close()
	}
}

func TestSealsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newTestRecorders(t)
	answer, file := r.must(t, 1)
	defer file.Close()
	head := bytes.Repeat([]byte{1}, 32)
	for _, m := range []wire.Seal{
		{ID: answer.ID + 1, Head: head, Final: true},
		{ID: answer.ID, Head: head[:31], Final: true},
		{ID: answer.ID, Bytes: 10, Head: head}, // it was sealed just now
	} {
		if _, _, err := r.seal(&m, nil); err == nil {
			t.Errorf("%+v is sealed", m)
		}
	}
	r.open[answer.ID].sealed = r.open[answer.ID].sealed.Add(-sealPause)
	for n, m := range []wire.Seal{{ID: answer.ID, Bytes: 10, Head: head}, {ID: answer.ID, Bytes: 9, Head: head, Final: true}, {ID: answer.ID, Bytes: 20, Head: head, Final: true}} {
		if _, _, err := r.seal(&m, nil); (err == nil) != (n == 0) {
			t.Errorf("%+v: %v", m, err) // a final one that is refused ends it, too
		}
	}
}

func TestRecordingsAtOnce(t *testing.T) {
	t.Parallel()
	r := newTestRecorders(t)
	var last uint32
	for n := range uint32(maxRecording) {
		answer, file := r.must(t, n)
		file.Close()
		last = answer.ID
	}
	again := func() error {
		_, files, err := r.record(newTickets(), &wire.Recording{User: "alice", Ref: "0a1b2c3d", Session: maxRecording}, nil)
		for _, f := range files {
			f.Close()
		}
		return err
	}
	if again() == nil {
		t.Error("there is no limit")
	}
	if _, _, err := r.seal(&wire.Seal{ID: last, Head: make([]byte, 32), Final: true}, nil); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	r.close()
	list, err := r.daemon.recordings.List("alice")
	if err != nil || len(list) != maxRecording+1 {
		t.Fatalf("%d %v", len(list), err)
	}
	for _, e := range list {
		if e.State == recordings.Recording {
			t.Errorf("%s is still being written", e.Name)
		}
	}
	if again() == nil {
		t.Error("one is begun for a jailsh-net that has ended")
	}
}

package reload

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jailsh/jailsh/internal/strict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a watched file and what its loads have read.
type bench struct {
	t      *testing.T
	dir    string
	file   string
	w      *Watcher
	loaded chan string

	mu  sync.Mutex
	err error
	log bytes.Buffer
}

func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

func newBench(t *testing.T, prepare func(b *bench)) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), loaded: make(chan string, 100)}
	b.file = filepath.Join(b.dir, "users.toml")
	if prepare != nil {
		prepare(b)
	} else {
		b.write(b.file, "one")
	}
	w, err := New([]string{b.file}, b.load, slog.New(slog.NewTextHandler(b, nil)))
	if err != nil {
		t.Fatal(err)
	}
	b.w = w
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) load() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	content, err := os.ReadFile(b.file)
	if err != nil {
		content = []byte("gone")
	}
	b.loaded <- string(content)
	return b.err
}

func (b *bench) write(path, content string) {
	b.t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) replace(content string) {
	b.t.Helper()
	b.write(b.file+".new", content)
	b.do(os.Rename(b.file+".new", b.file))
}

func (b *bench) do(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// wait waits until a load has read content.
func (b *bench) wait(content string) {
	b.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case got := <-b.loaded:
			if got == content {
				return
			}
		case <-limit:
			b.t.Fatalf("no load has read %q", content)
		}
	}
}

// Who waits for a load is told how it went.
func TestLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.write(b.file, "two")
	if err := b.w.Load(); err != nil {
		t.Fatal(err)
	}
	if got := <-b.loaded; got != "two" {
		t.Errorf("read %q", got)
	}
	why := errors.New("no good")
	b.mu.Lock()
	b.err = why
	b.mu.Unlock()
	if err := b.w.Load(); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	b.do(b.w.Close())
	if err := b.w.Load(); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	link := func(b *bench) {
		b.do(os.Mkdir(filepath.Join(b.dir, "v1"), 0o755))
		b.do(os.Mkdir(filepath.Join(b.dir, "v2"), 0o755))
		b.write(filepath.Join(b.dir, "v1", "u"), "one")
		b.write(filepath.Join(b.dir, "v2", "u"), "two")
		b.do(os.Symlink("v1/u", b.file))
	}
	for _, test := range []struct {
		name    string
		prepare func(b *bench)
		change  func(b *bench)
	}{
		{"written in place", nil, func(b *bench) { b.write(b.file, "two") }},
		{"replaced by a rename", nil, func(b *bench) { b.replace("two") }},
		{"deleted and made anew", nil, func(b *bench) {
			b.do(os.Remove(b.file))
			b.wait("gone")
			b.write(b.file, "two")
		}},
		{"a link pointed elsewhere", link, func(b *bench) {
			b.do(os.Symlink("v2/u", b.file+".new"))
			b.do(os.Rename(b.file+".new", b.file))
		}},
		{"behind a link", link, func(b *bench) { b.write(filepath.Join(b.dir, "v1", "u"), "two") }},
		{"behind a link pointed elsewhere", link, func(b *bench) {
			b.do(os.Symlink("v2/u", b.file+".new"))
			b.do(os.Rename(b.file+".new", b.file))
			b.wait("two")
			b.write(filepath.Join(b.dir, "v2", "u"), "three")
			b.wait("three")
			b.write(filepath.Join(b.dir, "v2", "u"), "two")
		}},
		{"a folder that is a link, pointed elsewhere", func(b *bench) {
			link(b)
			b.do(os.Remove(b.file))
			b.do(os.Symlink("v1", filepath.Join(b.dir, "..data")))
			b.do(os.Symlink("..data/u", b.file))
		}, func(b *bench) {
			b.do(os.Symlink("v2", filepath.Join(b.dir, "..new")))
			b.do(os.Rename(filepath.Join(b.dir, "..new"), filepath.Join(b.dir, "..data")))
		}},
		{"its folder deleted and made anew", func(b *bench) {
			b.file = filepath.Join(b.dir, "etc", "users.toml")
			b.do(os.Mkdir(filepath.Dir(b.file), 0o755))
			b.write(b.file, "one")
		}, func(b *bench) {
			b.do(os.RemoveAll(filepath.Dir(b.file)))
			b.wait("gone")
			b.do(os.Mkdir(filepath.Dir(b.file), 0o755))
			b.write(b.file, "two")
		}},
		{"its mode", nil, func(b *bench) {
			b.replace("two") // one change, one load
			b.wait("two")
			b.do(os.Chmod(b.file, 0o640))
		}},
		{"its folder's mode", nil, func(b *bench) {
			b.replace("two")
			b.wait("two")
			b.do(os.Chmod(b.dir, 0o711))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.prepare)
			test.change(b)
			b.wait("two")
		})
	}
}

// What else happens in the folder must not make the daemon read its files again
// and again.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	other := filepath.Join(b.dir, "other")
	// A second watcher says when the events are through.
	through := make(chan struct{}, 100)
	w, err := New([]string{other}, func() error { through <- struct{}{}; return nil }, slog.New(slog.DiscardHandler))
	b.do(err)
	for range 3 {
		b.write(other, "x")
		<-through
		b.do(os.Remove(other))
		<-through
	}
	b.do(w.Close())
	b.w.Reload()
	b.wait("one")
	b.do(b.w.Close())
	if n := strings.Count(b.logged(), "reloaded"); n != 1 {
		t.Errorf("%d loads, want 1: the one that was asked for", n)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.w.Reload()
	b.wait("one")
}

func TestSetFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	other := filepath.Join(b.dir, "sub", "other.toml")
	b.do(os.Mkdir(filepath.Dir(other), 0o755))
	b.write(other, "x")
	b.w.SetFiles([]string{other})
	b.w.Reload()
	b.wait("one")
	b.mu.Lock()
	b.file = other
	b.mu.Unlock()
	b.write(other, "two")
	b.wait("two")
}

func TestFailureIsSaid(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.mu.Lock()
	b.err = strict.Problems{
		{File: "users.toml", Line: 3, Key: "user.alice.uid", What: "is missing", Fix: "add it"},
		{File: "users.toml", Line: 9, Key: "user.bob.uid", What: "is missing", Fix: "add it"},
	}
	b.mu.Unlock()
	b.write(b.file, "two")
	b.wait("two")
	b.mu.Lock()
	b.err = errors.New("disk on fire")
	b.mu.Unlock()
	b.write(b.file, "three")
	b.wait("three")
	b.mu.Lock()
	b.err = nil
	b.mu.Unlock()
	b.write(b.file, "four")
	b.wait("four")
	if err := b.w.Close(); err != nil { // the last load is over, and said
		t.Error(err)
	}
	log := b.logged()
	for _, want := range []string{
		"users.toml:3: user.alice.uid: is missing - add it", "users.toml:9: user.bob.uid: is missing - add it",
		"old configuration stays", "problems=2", "disk on fire", "reloaded the configuration",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
}

// A panic in load leaves the daemon with its old configuration.
func TestPanic(t *testing.T) {
	t.Parallel()
	calls := make(chan int, 10)
	n := 0
	var log bench
	w, err := New(nil, func() error {
		n++
		calls <- n
		if n == 1 {
			panic("at the config")
		}
		return nil
	}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	w.Reload()
	<-calls
	w.Reload()
	if got := <-calls; got != 2 {
		t.Errorf("call %d, want 2", got)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.logged(), "at the config") {
		t.Errorf("the log doesn't tell of the panic:\n%s", log.logged())
	}
}

// Many changes in a row are one load, or few.
func TestDebounce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for range 200 {
		b.write(b.file, "storm")
	}
	b.write(b.file, "calm")
	b.wait("calm")
	if err := b.w.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(b.logged(), "reloaded"); n > 20 {
		t.Errorf("%d loads for one burst of changes", n)
	}
}

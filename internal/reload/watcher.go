package reload

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long the folders must be still before the files are read:
	// editors and copies change a file in several steps.
	quiet = 100 * time.Millisecond
	// patience is how long a change waits at most in a folder that never is.
	patience = time.Second
)

// Watcher reloads when files change.
type Watcher struct {
	load func() error
	log  *slog.Logger

	notify *fsnotify.Watcher
	manual chan struct{}     // asks for a reload; holds one
	asked  chan chan<- error // the same, by who waits for the outcome
	stop   chan struct{}
	done   chan struct{} // closed when run has returned
	once   sync.Once

	mu    sync.Mutex
	files []string

	last string // signature of the files at the last load; run's own
}

// New watches the folders of files, absolute paths, from now on: load is called
// soon after one of them has changed, and for Reload. What load returns is
// written to log. Close must be called.
func New(files []string, load func() error, log *slog.Logger) (*Watcher, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("reload: inotify: %w - raise fs.inotify.max_user_instances", err)
	}
	w := &Watcher{
		load: load, log: log, notify: n,
		manual: make(chan struct{}, 1), asked: make(chan chan<- error), stop: make(chan struct{}), done: make(chan struct{}),
		files: slices.Clone(files),
	}
	if err := watch(n, files); err != nil {
		n.Close()
		return nil, fmt.Errorf("reload: %w - raise fs.inotify.max_user_watches", err)
	}
	w.last = signature(files)
	go w.run()
	return w, nil
}

// Reload asks for a load, changed or not, and returns at once.
func (w *Watcher) Reload() {
	select {
	case w.manual <- struct{}{}:
	default: // one is asked for already
	}
}

// ErrClosed is Load's error when nothing is loaded any more.
var ErrClosed = errors.New("nothing is read again any more")

// Load asks for a load, changed or not, waits for it, and returns what load did.
func (w *Watcher) Load() error {
	outcome := make(chan error, 1)
	select {
	case w.asked <- outcome:
		return <-outcome
	case <-w.done:
		return ErrClosed
	}
}

// SetFiles replaces the list of files, from the next load on, or from this one
// when load itself calls it because what it read names other files than before.
func (w *Watcher) SetFiles(files []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = slices.Clone(files)
}

// Close ends the watching. It waits for a load that is going on.
func (w *Watcher) Close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.done
	return w.notify.Close()
}

func (w *Watcher) run() {
	defer close(w.done)
	timer := time.NewTimer(0)
	timer.Stop()
	var since time.Time // of the first event that waits; zero: none does
	for {
		select {
		case <-w.stop:
			return
		case <-w.manual:
			_ = w.reload() // said
			continue
		case outcome := <-w.asked:
			outcome <- w.reload()
			continue
		case <-timer.C:
			since = time.Time{}
			w.follow()
			if signature(w.list()) != w.last {
				_ = w.reload() // said
			}
			continue
		case _, ok := <-w.notify.Events:
			if !ok {
				return
			}
		case err, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			// Events were lost: whatever they were, look.
			w.log.Warn("reload: inotify", "error", err)
		}
		if since.IsZero() {
			since = time.Now()
		}
		timer.Reset(max(0, min(quiet, patience-time.Since(since))))
	}
}

func (w *Watcher) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.files
}

// reload calls load once, says how it went, and returns it. The folders come first, then the
// signature, then the load: a change in between makes another load.
func (w *Watcher) reload() error {
	files := w.list()
	w.follow()
	w.last = signature(files)
	err := w.guarded()
	w.say(err)
	if now := w.list(); !slices.Equal(files, now) {
		w.follow()
		w.last = signature(now)
	}
	return err
}

// follow watches the folders that matter now.
func (w *Watcher) follow() {
	if err := watch(w.notify, w.list()); err != nil {
		w.log.Warn("reload: a folder isn't watched; send SIGHUP after a change", "error", err)
	}
}

// guarded turns a panic of load into an error: the old configuration is in use
// and good.
func (w *Watcher) guarded() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return w.load()
}

package cgroup

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// watcher tells groups that a file of theirs has changed: the kernel raises
// IN_MODIFY when a counter of an events file does (cgroup-v2, "Basic
// Operations"). One inotify instance serves all, since root has no more than
// fs.inotify.max_user_instances.
type watcher struct {
	file *os.File
	done chan struct{}

	mu     sync.Mutex
	groups map[int32]*Group // by watch
}

func newWatcher() (*watcher, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("inotify_init: %w - raise fs.inotify.max_user_instances", err)
	}
	w := &watcher{file: os.NewFile(uintptr(fd), "inotify"), done: make(chan struct{}), groups: map[int32]*Group{}}
	go w.run()
	return w, nil
}

// run reads events until the watcher is closed.
func (w *watcher) run() {
	defer close(w.done)
	buf := make([]byte, 64*unix.SizeofInotifyEvent)
	for {
		n, err := w.file.Read(buf)
		if err != nil {
			return
		}
		for rest := buf[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			wd := int32(binary.NativeEndian.Uint32(rest))
			name := binary.NativeEndian.Uint32(rest[12:])
			rest = rest[min(len(rest), unix.SizeofInotifyEvent+int(name)):]
			w.mu.Lock()
			g := w.groups[wd]
			w.mu.Unlock()
			if g != nil {
				g.look()
			}
		}
	}
}

func (w *watcher) add(g *Group, file string) (int32, error) {
	// The lock comes first: an event may arrive before the map has it.
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, err := w.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var wd int
	var opErr error
	err = raw.Control(func(fd uintptr) { wd, opErr = unix.InotifyAddWatch(int(fd), file, unix.IN_MODIFY) })
	if err == nil {
		err = opErr
	}
	if err != nil {
		return 0, fmt.Errorf("inotify_add_watch %s: %w - raise fs.inotify.max_user_watches", file, err)
	}
	w.groups[int32(wd)] = g
	return int32(wd), nil
}

func (w *watcher) remove(wd int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.groups, wd)
	raw, err := w.file.SyscallConn()
	if err != nil {
		return // closed
	}
	// An error: the file has gone, and the watch with it.
	_ = raw.Control(func(fd uintptr) { _, _ = unix.InotifyRmWatch(int(fd), uint32(wd)) })
}

func (w *watcher) close() {
	w.file.Close()
	<-w.done
}

package thread

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What was done to the thread is met by nobody else: it ends.
func TestThreadEnds(t *testing.T) {
	t.Parallel()
	var tid int
	want := errors.New("what f says")
	if err := Apart(func() error { tid = unix.Gettid(); return want }); err != want {
		t.Errorf("Apart = %v", err)
	}
	late := time.Now().Add(20 * time.Second)
	for {
		_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid))
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(late) {
			t.Fatal("the thread is still there")
		}
		runtime.Gosched()
	}
}

// The main thread can't end. Of more calls at once than there are idle threads
// one would be given it.
func TestNeverTheMainThread(t *testing.T) {
	const calls = 50
	var all, inside sync.WaitGroup
	inside.Add(calls)
	for range calls {
		all.Go(func() {
			err := Apart(func() error {
				inside.Done()
				inside.Wait()
				if unix.Gettid() == unix.Getpid() {
					return errors.New("on the main thread")
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

package integration

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is what a program says on its standard error, to be waited for.
type journal struct {
	t *testing.T

	mu     sync.Mutex
	text   strings.Builder
	seen   int           // wait looks only at what comes after it
	more   chan struct{} // closed when there is more, or the end
	closed bool
}

func newJournal(t *testing.T) *journal { return &journal{t: t, more: make(chan struct{})} }

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(b)
	close(j.more)
	j.more = make(chan struct{})
	return len(b), nil
}

func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	close(j.more)
}

// mark makes wait and find look only at what is said from now on.
func (j *journal) mark() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = j.text.Len()
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// wait waits until a line has all the words, and returns the first that does.
func (j *journal) wait(words ...string) string {
	j.t.Helper()
	line, ok := j.find(patience, words...)
	if !ok {
		j.t.Fatalf("the log has no line with %q:\n%s", words, j)
	}
	return line
}

// find is wait for a test that knows what to do when there is no such line.
func (j *journal) find(limit time.Duration, words ...string) (string, bool) {
	late := time.After(limit)
	for {
		j.mu.Lock()
		text, more, closed := j.text.String()[j.seen:], j.more, j.closed
		j.mu.Unlock()
		for line := range strings.Lines(text) {
			if containsAll(line, words) {
				return strings.TrimSpace(line), true
			}
		}
		if closed {
			return "", false
		}
		select {
		case <-more:
		case <-late:
			return "", false
		}
	}
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// reference is what a client is told to give to the administrator.
var reference = regexp.MustCompile(`reference ([0-9a-f]{8})`)

package sshd

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// sockets are a server's end and a client's.
func sockets(t *testing.T) (*socket, net.Conn) {
	l := listen(t, "127.0.0.1:0")
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	shared := &chunks{}
	if shared.turnstile, err = newTurnstile(); err != nil {
		t.Fatal(err)
	}
	s := newSocket(c, shared)
	t.Cleanup(func() {
		s.Close()
		shared.turnstile.event.Close()
	})
	return s, client
}

// Whatever is read ahead comes in order and completely, and who has read it all
// holds no buffer.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	s, client := sockets(t)
	sent := make([]byte, 4<<20+5)
	_, _ = rand.Read(sent)
	go func() { _, _ = client.Write(sent) }()
	got := make([]byte, 0, len(sent))
	var wasAhead bool
	for size := 1; len(got) < len(sent); size = size%(3*libraryBuffer) + 997 {
		b := make([]byte, size)
		if len(got) < 2*libraryBuffer {
			b = make([]byte, libraryBuffer)
		}
		n, err := s.readAhead(b)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b[:n]...)
		wasAhead = wasAhead || s.ahead.buf != nil
		if s.ahead.buf != nil && !s.ahead.more.Load() {
			t.Fatalf("after %d bytes it is wrong whether there are more", len(got))
		}
	}
	if !bytes.Equal(got, sent) {
		t.Error("other bytes came")
	}
	if !wasAhead {
		t.Error("nothing was read ahead")
	}
	if s.ahead.buf != nil || s.ahead.rest != nil || s.buf != nil {
		t.Error("a buffer is held though it is empty")
	}
	client.Close()
	for range 2 {
		if n, err := s.readAhead(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
	}
}

// heldUp are sockets at whose turnstile somebody else waits for the poller: whoever
// passes is let through by waits.
func heldUp(t *testing.T) (s *socket, client net.Conn, waits chan<- struct{}) {
	t.Helper()
	s, client = sockets(t)
	passing := make(chan struct{})
	s.chunks.turnstile.passing = passing
	return s, client, passing
}

// Who hands on what a client sends a lot of lets the library decrypt what was read of it,
// but doesn't wait for ever.
func TestSinkLetsTheLibraryFinish(t *testing.T) {
	t.Parallel()
	s, _, waits := heldUp(t)
	r, w := emptyPipe(t)
	go func() { _, _ = io.Copy(io.Discard, r) }()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		more   bool
		passes int
	}{{false, 1}, {true, maxFinish}} {
		s.ahead.more.Store(c.more)
		done := make(chan error, 1)
		sent := strings.NewReader(strings.Repeat("x", keystrokes+chunkSize+100))
		k := &sink{channel: sender{Reader: sent}, chunks: s.chunks, from: s}
		go func() { done <- k.copy(raw) }()
		for n := range c.passes {
			select {
			case waits <- struct{}{}:
			case err := <-done:
				t.Fatalf("more to come: %t; after waiting %d times: %v", c.more, n, err)
			}
		}
		select {
		case waits <- struct{}{}:
			t.Fatalf("more to come: %t; it waits more than %d times", c.more, c.passes)
		case err := <-done:
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
	}
}

// Before more is read ahead, others have their turn, who is to hand on what was read
// among them.
func TestReaderPassesBeforeItReadsMore(t *testing.T) {
	t.Parallel()
	s, client, waits := heldUp(t)
	turnstile := s.chunks.turnstile
	s.ahead.eager = true
	s.ahead.more.Store(true) // until the library wants more
	s.reads.bytes.Store(stretch - 1)
	read := make(chan int, 1)
	go func() {
		n, _ := s.readAhead(make([]byte, 10))
		read <- n
	}()
	select {
	case waits <- struct{}{}:
	case <-time.After(10 * time.Second):
		t.Fatal("it reads at once")
	}
	if s.ahead.more.Load() {
		t.Error("who waits for the library isn't told that it is through")
	}
	turnstile.mu.Lock()
	turnstile.passing = nil
	turnstile.mu.Unlock()
	if _, err := client.Write([]byte("more")); err != nil {
		t.Fatal(err)
	}
	if n, count := <-read, s.reads.bytes.Load(); n != 4 || count != 4 {
		t.Errorf("%d bytes were read, and %d count for the next turn", n, count)
	}
}

package sshd

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
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
		if s.ahead.more.Load() != (s.ahead.buf != nil) {
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

// Who hands on what a client sends a lot of lets the library decrypt what was read of it,
// but doesn't wait for ever.
func TestSinkLetsTheLibraryFinish(t *testing.T) {
	t.Parallel()
	s, _ := sockets(t)
	waits := make(chan struct{})
	turnstile := s.chunks.turnstile
	turnstile.passing = waits // somebody else waits for the poller
	r, w := emptyPipe(t)
	go func() { _, _ = io.Copy(io.Discard, r) }()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	upload := func() <-chan error {
		done := make(chan error, 1)
		sent := strings.NewReader(strings.Repeat("x", keystrokes+chunkSize+100))
		k := &sink{channel: sender{Reader: sent}, chunks: s.chunks, from: s}
		go func() { done <- k.copy(raw) }()
		return done
	}
	if err := <-upload(); !errors.Is(err, io.EOF) {
		t.Fatalf("with nothing ahead: %v", err)
	}
	s.ahead.more.Store(true)
	done := upload()
	for n := range aheadSize / stretch {
		select {
		case waits <- struct{}{}:
		case err := <-done:
			t.Fatalf("after waiting %d times: %v", n, err)
		}
	}
	if err := <-done; !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

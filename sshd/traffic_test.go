package sshd

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"sync"
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

// The two parts of a packet leave together, and in order.
func TestLongPacketIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	s, client := sockets(t)
	first, second := bytes.Repeat([]byte("1"), libraryBuffer), bytes.Repeat([]byte("2"), 28<<10)
	if n, err := s.writePacket(first); n != len(first) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if s.held == nil {
		t.Fatal("the beginning of a packet was written by itself")
	}
	copy(first, "the library's buffer is its own again")
	if n, err := s.writePacket(second); n != len(second) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if s.held != nil {
		t.Error("a buffer is held though it is written")
	}
	got := make([]byte, len(first)+len(second))
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
	if want := append(bytes.Repeat([]byte("1"), libraryBuffer), second...); !bytes.Equal(got, want) {
		t.Error("other bytes came")
	}
}

// No packet is as long as the library's buffer: one that were would wait for the
// next one. So whatever the cipher, an echo of any length around that comes.
func TestNoPacketWaitsForTheNext(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, cipher := range ciphers() {
		cfg := f.clientConfig("alice", f.key)
		cfg.Ciphers = []string{cipher}
		s := f.session(f.dialWith(cfg))
		s.must("exec", text("stdbuf -o0 cat"))
		for n := libraryBuffer - 100; n <= libraryBuffer+10; n++ {
			sent := bytes.Repeat([]byte("x"), n)
			if _, err := s.Write(sent); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(byteReader{s}, sent); err != nil {
				t.Fatalf("%s: %d bytes: %v", cipher, n, err)
			}
		}
	}
}

// Many pass at once, and none is left waiting; nor is one who comes when the
// server has ended.
func TestTurnstileLetsAllPass(t *testing.T) {
	t.Parallel()
	turnstile, err := newTurnstile()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 500 {
				turnstile.pass()
			}
		})
	}
	all.Wait()
	turnstile.event.Close()
	turnstile.pass()
}

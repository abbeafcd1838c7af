package sshd

import (
	"bytes"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// The two parts of a packet leave together, and in order.
func TestLongPacketIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	s, client := sockets(t)
	first, second := bytes.Repeat([]byte("1"), libraryBuffer), bytes.Repeat([]byte("2"), 28<<10)
	if n, err := s.writePacket(first); n != len(first) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if s.gather.held == nil {
		t.Fatal("the beginning of a packet was written by itself")
	}
	copy(first, "the library's buffer is its own again")
	if n, err := s.writePacket(second); n != len(second) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if s.gather.held != nil {
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
		for _, around := range []int{libraryBuffer, 2 * libraryBuffer} {
			for n := around - 100; n <= around+10; n++ {
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
}

// gathering returns a corked socket that holds a packet, the packet, and the other end.
func gathering(t *testing.T) (*socket, []byte, net.Conn) {
	t.Helper()
	s, client := sockets(t)
	s.gather.timer = time.AfterFunc(time.Hour, func() {}) // it is another test's
	s.cork()
	packet := bytes.Repeat([]byte("1"), chunkSize)
	give(t, s, packet)
	if s.gather.n != len(packet) {
		t.Fatalf("%d bytes are held", s.gather.n)
	}
	return s, packet, client
}

// give has a socket write what the library would.
func give(t *testing.T, s *socket, b []byte) {
	t.Helper()
	if n, err := s.writePacket(b); n != len(b) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
}

// arrive reads what must have been written, and that there is nothing held any more.
func arrive(t *testing.T, s *socket, client net.Conn, want ...[]byte) {
	t.Helper()
	_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
	all := bytes.Join(want, nil)
	got := make([]byte, len(all))
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, all) {
		t.Error("other bytes came")
	}
	s.gather.mu.Lock()
	defer s.gather.mu.Unlock()
	if s.gather.held != nil || s.gather.n != 0 {
		t.Error("a buffer is held though it is written")
	}
}

// A long packet of a corked socket leaves with the next, however that one is
// written, or when the socket is uncorked.
func TestPacketsLeaveTogether(t *testing.T) {
	t.Parallel()
	t.Run("with three others", func(t *testing.T) {
		t.Parallel()
		s, first, client := gathering(t)
		all := [][]byte{first}
		for _, c := range []string{"2", "3", "4"} {
			if held := len(all) * chunkSize; s.gather.n != held {
				t.Fatalf("%d bytes are held, not %d", s.gather.n, held)
			}
			packet := bytes.Repeat([]byte(c), chunkSize)
			give(t, s, packet)
			all = append(all, packet)
		}
		arrive(t, s, client, all...)
	})
	t.Run("in two parts", func(t *testing.T) {
		t.Parallel()
		s, first, client := gathering(t)
		all := [][]byte{first}
		for _, c := range []string{"2", "3", "4"} {
			beginning, rest := bytes.Repeat([]byte(c), libraryBuffer), bytes.Repeat([]byte(c), chunkSize+envelope-libraryBuffer)
			give(t, s, beginning)
			if s.gather.n == 0 {
				t.Fatal("the beginning of a packet was written by itself")
			}
			give(t, s, rest)
			all = append(all, beginning, rest)
		}
		arrive(t, s, client, all...)
	})
	t.Run("with a short one", func(t *testing.T) {
		t.Parallel()
		s, first, client := gathering(t)
		give(t, s, []byte("an echo"))
		arrive(t, s, client, first, []byte("an echo"))
	})
	t.Run("uncorked", func(t *testing.T) {
		t.Parallel()
		s, first, client := gathering(t)
		s.uncork()
		arrive(t, s, client, first)
		give(t, s, first)
		arrive(t, s, client, first)
	})
}

// Whoever was to send more, and can't, doesn't keep what she has sent from the client.
func TestNothingIsHeldForLong(t *testing.T) {
	t.Parallel()
	s, client := sockets(t)
	s.cork()
	for range 3 { // the timer is a new one, and then the same again
		packet := bytes.Repeat([]byte("1"), chunkSize)
		give(t, s, packet)
		arrive(t, s, client, packet)
		if s.gather.corked.Load() {
			t.Error("it is corked though nothing came")
		}
		s.cork()
	}
}

// Corking doesn't wait for a client who doesn't read.
func TestCorkDoesNotWait(t *testing.T) {
	t.Parallel()
	s, _ := sockets(t)
	s.gather.mu.Lock() // as whoever writes holds it
	defer s.gather.mu.Unlock()
	s.cork()
}

// What a source reads at once leaves at once: the socket is corked until it is written.
func TestSourceCorks(t *testing.T) {
	t.Parallel()
	s, client := sockets(t)
	s.gather.timer = time.AfterFunc(time.Hour, func() {})
	r, w := emptyPipe(t)
	src, err := newSource(r, s.chunks, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sent   int
		corked bool
	}{{chunkSize, false}, {chunkSize + 1, true}, {100, false}, {chunkSize + 1, true}} {
		if _, err := w.Write(make([]byte, c.sent)); err != nil {
			t.Fatal(err)
		}
		var sent [][]byte
		for rest := c.sent; rest > 0; {
			chunk, err := src.next()
			if err != nil {
				t.Fatal(err)
			}
			if corked := s.gather.corked.Load(); corked != c.corked {
				t.Errorf("%d bytes of %d: corked %t", len(chunk), c.sent, corked)
			}
			rest -= len(chunk)
			for part := range slices.Chunk(chunk, chunkSize) { // as the library does
				sent = append(sent, bytes.Clone(part))
				give(t, s, part)
			}
			src.done()
			if s.gather.corked.Load() {
				t.Error("it is corked though all is written")
			}
		}
		arrive(t, s, client, sent...)
	}
}

// packets is the library, as far as a source sees it.
type packets struct{ *socket }

func (p packets) Write(b []byte) (int, error) { return p.writePacket(b) }

// Who writes a lot lets others, and a key exchange that is due, have their turn after each
// stretch, and at the end of what was read at once.
func TestSourceYields(t *testing.T) {
	t.Parallel()
	s, client := sockets(t)
	go func() { _, _ = io.Copy(io.Discard, client) }()
	r, w := emptyPipe(t)
	src, err := newSource(r, s.chunks, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, chunkSize+100)); err != nil {
		t.Fatal(err)
	}
	chunk, err := src.next()
	if err != nil || len(chunk) != chunkSize+100 {
		t.Fatalf("%d bytes, %v", len(chunk), err)
	}
	if _, err := src.send(packets{s}, make([]byte, stretch+100)); err != nil {
		t.Fatal(err)
	}
	if n := s.writes.bytes.Load(); n != 100 {
		t.Errorf("%d bytes were written since it yielded", n)
	}
	src.done()
	if n := s.writes.bytes.Load(); n != 0 {
		t.Errorf("%d bytes were written since it yielded at the end", n)
	}
}

// gathers tells whether the server's end of a connection has ever held a packet.
func (f *fixture) gathers(client *ssh.Client) bool {
	for _, c := range f.server.connections() {
		if c.link.RemoteAddr().String() == client.LocalAddr().String() {
			g := &c.link.socket.gather
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.timer != nil
		}
	}
	return false
}

// What is downloaded is gathered, and arrives whole and in order with every cipher.
func TestGatheredDownloads(t *testing.T) {
	t.Parallel()
	f := start(t)
	const size = 3<<20 + 17
	want := make([]byte, size)
	for i := range want {
		want[i] = byte(i >> 3 * i)
	}
	send := func(to io.Writer, end func() error) {
		_, _ = to.Write(want)
		_ = end()
	}
	for _, cipher := range ciphers() {
		cfg := f.clientConfig("alice", f.key)
		cfg.Ciphers = []string{cipher}
		client := f.dialWith(cfg)
		s := f.session(client)
		s.must("exec", text("cat"))
		go send(s, s.CloseWrite)
		if got, err := io.ReadAll(byteReader{s}); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes came, and not the same; %v", cipher, len(got), err)
		}
		if !f.gathers(client) {
			t.Errorf("%s: no packet was held", cipher)
		}
	}
	client := f.dial()
	ch, far := f.forwardTo(client, newTarget(t, "tcp", "127.0.0.1:0"))
	go send(far, far.Close)
	if got, err := io.ReadAll(ch); err != nil || !bytes.Equal(got, want) {
		t.Errorf("of a forward %d bytes came, and not the same; %v", len(got), err)
	}
	if !f.gathers(client) {
		t.Error("of a forward no packet was held")
	}
}

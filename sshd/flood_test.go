package sshd

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

// 10,000 channels at once: each is answered, and those over MaxSessions with no.
func TestTenThousandChannels(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireLogin()
	const n = 10_000
	sent := make(chan error, 1)
	go func() {
		kinds := []string{"session", "direct-tcpip", "x11", "session"}
		for i := range uint32(n) {
			if err := c.write(channelOpen(kinds[i%4], i, 1<<20)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	accepted, refused := 0, 0
	for range n {
		switch p := c.mustRead(); p[0] {
		case msgChannelConfirm:
			accepted++
		case msgChannelFailure:
			refused++
		default:
			t.Fatalf("message %d", p[0])
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if accepted != 10 || refused != n-10 {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}

// A client that opens channels and doesn't read the answers is stopped: the
// library has a goroutine for each open, which waits for the socket.
func TestOpensWithoutReadingAreBounded(t *testing.T) {
	t.Parallel()
	f := start(t)
	c, conn := f.narrow()
	c.keepWriting(func(i uint32) []byte { return channelOpen("direct-tcpip", i, 0) })
	waiting := func() int {
		conn.flood.mu.Lock()
		defer conn.flood.mu.Unlock()
		return conn.flood.pending
	}
	f.eventually(func() bool { return waiting() >= maxOpens })
	for range 300 {
		// Above the limit is what was read in one go.
		if n := waiting(); n > maxOpens+200 {
			t.Fatalf("%d opens are waiting", n)
		}
		pause(context.Background(), time.Millisecond)
	}
	f.dial() // nobody else notices
}

// Requests of which the client doesn't read the answers wait in the socket, not
// in memory: what was read grows no more.
func TestRequestsWithoutReadingAreBounded(t *testing.T) {
	t.Parallel()
	for name, request := range map[string][]byte{
		"global":  append([]byte{msgGlobalRequest}, append(text("keepalive@openssh.com"), 1)...),
		"channel": append([]byte{msgChannelRequest, 0, 0, 0, 0}, append(text("signal"), append([]byte{1}, text("TERM")...)...)...),
		"ping":    append([]byte{192}, text("x")...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			c, conn := f.narrow()
			if err := c.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
				t.Fatal(err)
			}
			c.openSession(0)
			c.keepWriting(func(uint32) []byte { return request })
			// heard is set by each read: it stays clear when there are none.
			f.eventually(func() bool {
				conn.link.heard.Store(false)
				pause(context.Background(), 500*time.Millisecond)
				return !conn.link.heard.Load()
			})
			f.dial() // nobody else notices
		})
	}
}

// narrow logs alice in, as the first, over a connection for which the kernel
// buffers little of what the server sends: one who doesn't read is soon noticed.
func (f *fixture) narrow() (*wireClient, *connection) {
	f.t.Helper()
	c := f.wireLogin()
	conn := f.server.connections()[0]
	// Not the client's as well: where a receive buffer is small the kernel drops what
	// comes together with what it acknowledges, and then the client can't send.
	err := conn.link.Conn.(*socket).Conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
	if err != nil {
		f.t.Fatal(err)
	}
	return c, conn
}

// keepWriting sends packets until the connection ends, and reads nothing.
func (c *wireClient) keepWriting(packet func(i uint32) []byte) {
	_ = c.conn.SetDeadline(time.Time{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := uint32(0); ; i++ {
			if c.write(packet(i)) != nil {
				return
			}
		}
	}()
	c.t.Cleanup(func() {
		c.conn.Close()
		<-ended
	})
}

// wait lets everybody through below the limit and at the end, and nobody above.
func TestFloodWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f flood
		for range maxOpens - 1 {
			f.begin()
		}
		if err := f.wait(); err != nil {
			t.Error(err)
		}
		f.begin()
		began := time.Now()
		if err := f.wait(); !errors.Is(err, errFlood) || time.Since(began) != floodTimeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		done := make(chan error)
		go func() { done <- f.wait() }()
		synctest.Wait()
		f.end()
		if err := <-done; err != nil {
			t.Error(err)
		}
		f.begin()
		go func() { done <- f.wait() }()
		synctest.Wait()
		f.close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := f.wait(); err != nil {
			t.Error(err)
		}
	})
}

// Channels that are opened and closed all the time leave nothing.
func TestSessionsComeAndGo(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for range 500 {
		ch, requests, err := c.OpenChannel("session", nil)
		if refused := (*ssh.OpenChannelError)(nil); errors.As(err, &refused) {
			continue // those before are still being closed
		}
		if err != nil {
			t.Fatal(err)
		}
		go ssh.DiscardRequests(requests)
		ch.Close()
	}
	f.eventually(func() bool {
		for _, conn := range f.server.connections() {
			conn.mu.Lock()
			n := conn.sessions
			conn.mu.Unlock()
			if n != 0 {
				return false
			}
		}
		return true
	})
}

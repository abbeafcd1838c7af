package integration

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestTenThousandChannels(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.sh("alice", "true")
	c := i.client("alice", "")
	accepted := 0
	for range 10000 {
		if ch, requests, err := c.OpenChannel("session", nil); err == nil {
			go ssh.DiscardRequests(requests)
			_ = ch // stays open
			accepted++
		} else if open := (*ssh.OpenChannelError)(nil); !errors.As(err, &open) {
			t.Fatal(err)
		}
	}
	if accepted != 10 { // max_sessions
		t.Errorf("%d sessions were accepted", accepted)
	}
	for _, kind := range []string{"direct-tcpip", "direct-streamlocal@openssh.com", "x11", "auth-agent@openssh.com", "tun@openssh.com", "", strings.Repeat("x", 1<<14)} {
		if _, _, err := c.OpenChannel(kind, make([]byte, 100)); err == nil {
			t.Errorf("a channel of type %.20q was opened", kind)
		}
	}
	if mib := i.memory(); mib > 200 {
		t.Errorf("jailsh-net has %d MiB", mib)
	}
	i.unharmed()
}

// The same by a client that doesn't read the answers: at some point the server
// reads no further, and goes on serving the others.
func TestChannelsWithoutReadingTheAnswers(t *testing.T) {
	t.Parallel()
	i := start(t)
	deaf := &deafConn{Conn: i.connect("127.0.0.2"), closed: make(chan struct{})}
	if err := deaf.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	sc, channels, requests, err := ssh.NewClientConn(deaf, i.listen, i.config("alice", "alice"))
	if err != nil {
		t.Fatal(err)
	}
	c := ssh.NewClient(sc, channels, requests)
	deaf.deaf.Store(true)
	var openers sync.WaitGroup
	for range 10000 {
		openers.Go(func() { _, _, _ = c.OpenChannel("session", nil) }) // ends with the connection
	}
	last := int64(-1)
	eventually(t, patience, func() string {
		before := last
		if last = deaf.written.Load(); last != before {
			return fmt.Sprintf("%d bytes are written, and still more", last)
		}
		return ""
	})
	i.unharmed()
	if mib := i.memory(); mib > 200 {
		t.Errorf("jailsh-net has %d MiB", mib)
	}
	deaf.Close()
	openers.Wait()
	i.unharmed()
}

// deafConn is a connection that can stop to be read.
type deafConn struct {
	net.Conn
	deaf    atomic.Bool
	written atomic.Int64
	once    sync.Once
	closed  chan struct{}
}

func (d *deafConn) Read(b []byte) (int, error) {
	if d.deaf.Load() {
		<-d.closed
		return 0, io.EOF
	}
	return d.Conn.Read(b)
}

func (d *deafConn) Write(b []byte) (int, error) {
	n, err := d.Conn.Write(b)
	d.written.Add(int64(n))
	return n, err
}

func (d *deafConn) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

package sshd

import (
	"errors"
	"reflect"
	"unsafe"

	"golang.org/x/crypto/ssh"
)

// In x/crypto one goroutine reads packets into a channel of 16, and another
// takes them out: the handshake, later the mux. When the taker gives up, over a
// packet that it can't read or a write that failed, and more than 16 packets are
// still to come, the reader waits at the channel for ever, with its buffers and
// its ciphers and a second goroutine that waits for it. No key is needed for
// that: each connection of somebody who sends a bad packet and 20 more cost 50 KB
// for good. (As of v0.58.0; handshakeTransport.readLoop.)
//
// Whoever has a connection in the end therefore takes what is left out of that
// channel until the reader closes it, which it does once its socket is closed.
// There is no exported way to it. Until the library calls PreAuthConnCallback
// there is none at all; link.go sees to it that no more than 16 packets come
// before.

// errNoChannel means that x/crypto has changed: see whether the leak is still
// there, which TestPacketsThatNobodyTakes tells, and take this file away or mend
// it.
var errNoChannel = errors.New("x/crypto: no such channel of connection.transport any more")

// packetsOf returns the channel of packets of a connection, for drain.
func packetsOf(conn ssh.ServerPreAuthConn) (<-chan []byte, error) {
	return channelOf[[]byte](conn, "incoming")
}

func channelOf[T any](conn ssh.ServerPreAuthConn, field string) (chan T, error) {
	v := reflect.ValueOf(conn)
	for _, name := range []string{"transport", field} {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return nil, errNoChannel
		}
		v = v.FieldByName(name)
	}
	if !v.IsValid() || v.Type() != reflect.TypeFor[chan T]() || !v.CanAddr() {
		return nil, errNoChannel
	}
	return *(*chan T)(unsafe.Pointer(v.UnsafeAddr())), nil
}

// authenticating is called when the key exchange is done and authentication
// begins.
func (c *connection) authenticating(conn ssh.ServerPreAuthConn) {
	packets, err := packetsOf(conn)
	if err != nil {
		c.record(levelError, "drain", "", "error", err.Error())
	}
	c.packets = packets
	if c.requestKex, err = channelOf[struct{}](conn, "requestKex"); err != nil {
		c.record(levelError, "rekey", "", "error", err.Error())
	}
	c.link.enter(phaseAuthentication)
}

// drain waits for x/crypto's goroutines, now that the socket is closed, and
// returns why the connection has ended; nil if nobody was logged in.
func (c *connection) drain() error {
	if c.packets == nil {
		return nil
	}
	for range c.packets {
		continue
	}
	if sc := c.conn(); sc != nil {
		return sc.Wait()
	}
	return nil
}

package sshd

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Message numbers, RFC 4250 section 4.1.2.
const (
	msgDisconnect      = 1
	msgServiceRequest  = 5
	msgServiceAccept   = 6
	msgExtInfo         = 7
	msgKexInit         = 20
	msgNewKeys         = 21
	msgKexECDHInit     = 30
	msgKexECDHReply    = 31
	msgAuthRequest     = 50
	msgAuthFailure     = 51
	msgAuthSuccess     = 52
	msgAuthBanner      = 53
	msgAuthPKOK        = 60
	msgGlobalRequest   = 80
	msgChannelOpen     = 90
	msgChannelConfirm  = 91
	msgChannelFailure  = 92
	msgWindowAdjust    = 93
	msgRequestSuccess  = 81
	msgChannelData     = 94
	msgChannelExtended = 95
	msgChannelEOF      = 96
	msgChannelClose    = 97
	msgChannelRequest  = 98
	msgChannelSuccess  = 99
)

// wireClient is a client that sends what it is told to, packet by packet: what
// no library would. It speaks curve25519-sha256 and aes128-gcm@openssh.com.
type wireClient struct {
	t       testing.TB
	conn    net.Conn
	r       *bufio.Reader
	session []byte // identifier
	in, out *gcm
	held    *bytes.Buffer // what is sent with the next release; nil: at once
}

type gcm struct {
	aead  cipher.AEAD
	nonce []byte
}

func (g *gcm) next() {
	binary.BigEndian.PutUint64(g.nonce[4:], binary.BigEndian.Uint64(g.nonce[4:])+1)
}

// wireDial connects and does the handshake, up to ssh-userauth.
func (f *fixture) wireDial() *wireClient {
	f.t.Helper()
	return f.wireDialRaw(true)
}

// wireLogin connects, and signs in as alice.
func (f *fixture) wireLogin() *wireClient {
	f.t.Helper()
	c := f.wireDial()
	if !c.login("alice", f.key) {
		f.t.Fatal("no login")
	}
	return c
}

// wireDialRaw does the handshake, with or without asking for ssh-userauth.
func (f *fixture) wireDialRaw(service bool) *wireClient {
	f.t.Helper()
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	c := wireKeyExchange(f.t, conn)
	if service {
		c.service()
	}
	return c
}

func wireHandshake(t testing.TB, conn net.Conn) *wireClient {
	t.Helper()
	c := wireKeyExchange(t, conn)
	c.service()
	return c
}

func (c *wireClient) service() {
	c.t.Helper()
	c.send(append([]byte{msgServiceRequest}, text("ssh-userauth")...))
	c.must(msgServiceAccept)
}

func wireKeyExchange(t testing.TB, conn net.Conn) *wireClient {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := &wireClient{t: t, conn: conn, r: bufio.NewReader(conn)}
	const mine = "SSH-2.0-wire"
	if _, err := io.WriteString(conn, mine+"\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := c.r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.TrimRight(line, "\r\n")

	init := bytes.NewBuffer([]byte{msgKexInit})
	init.Write(make([]byte, 16))
	for _, list := range []string{
		"curve25519-sha256", "ssh-ed25519", "aes128-gcm@openssh.com", "aes128-gcm@openssh.com",
		"hmac-sha2-256-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "none", "none", "", "",
	} {
		init.Write(text(list))
	}
	init.Write(make([]byte, 5))
	c.send(init.Bytes())
	theirInit := c.must(msgKexInit)

	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := private.PublicKey().Bytes()
	c.send(append([]byte{msgKexECDHInit}, text(string(public))...))
	var reply struct {
		HostKey, Public, Signature []byte
	}
	if err := ssh.Unmarshal(append([]byte{}, c.must(msgKexECDHReply)[1:]...), &reply); err != nil {
		t.Fatal(err)
	}
	peer, err := ecdh.X25519().NewPublicKey(reply.Public)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := private.ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, s := range [][]byte{[]byte(mine), []byte(theirs), init.Bytes(), theirInit, reply.HostKey, public, reply.Public} {
		h.Write(text(string(s)))
	}
	k := ssh.Marshal(struct{ K *big.Int }{new(big.Int).SetBytes(shared)})
	h.Write(k)
	c.session = h.Sum(nil)
	c.send([]byte{msgNewKeys})
	c.must(msgNewKeys)
	derive := func(letter byte) []byte {
		sum := sha256.Sum256(bytes.Join([][]byte{k, c.session, {letter}, c.session}, nil))
		return sum[:]
	}
	c.out, c.in = newGCM(t, derive('C'), derive('A')), newGCM(t, derive('D'), derive('B'))
	return c
}

func newGCM(t testing.TB, key, iv []byte) *gcm {
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return &gcm{aead: aead, nonce: append([]byte{}, iv[:12]...)}
}

// write sends a packet.
func (c *wireClient) write(payload []byte) error {
	pad := 16 - (1+len(payload))%16
	if c.out == nil {
		pad = 8 - (5+len(payload))%8
	}
	if pad < 4 {
		pad += 16
	}
	body := append(append([]byte{byte(pad)}, payload...), make([]byte, pad)...)
	length := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	if c.out != nil {
		body = c.out.aead.Seal(nil, c.out.nonce, body, length)
		c.out.next()
	}
	if c.held != nil {
		c.held.Write(length)
		c.held.Write(body)
		return nil
	}
	_, err := c.conn.Write(append(length, body...))
	return err
}

// hold keeps packets back until release, which sends them in one go.
func (c *wireClient) hold() { c.held = &bytes.Buffer{} }

func (c *wireClient) release() error {
	held := c.held
	c.held = nil
	_, err := c.conn.Write(held.Bytes())
	return err
}

func (c *wireClient) send(payload []byte) {
	c.t.Helper()
	if err := c.write(payload); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the payload of the next packet.
func (c *wireClient) read() ([]byte, error) {
	length := make([]byte, 4)
	if _, err := io.ReadFull(c.r, length); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length)
	if n > 64<<10 {
		return nil, errors.New("a packet of more than 64 KiB")
	}
	if c.in != nil {
		n += 16
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return nil, err
	}
	if c.in != nil {
		var err error
		if body, err = c.in.aead.Open(nil, c.in.nonce, body, length); err != nil {
			return nil, err
		}
		c.in.next()
	}
	return body[1 : len(body)-int(body[0])], nil
}

// next returns the next packet that isn't EXT_INFO or a banner.
func (c *wireClient) next() ([]byte, error) {
	for {
		p, err := c.read()
		if err != nil || p[0] != msgExtInfo && p[0] != msgAuthBanner {
			return p, err
		}
	}
}

// must returns the next packet, which must be of that kind.
func (c *wireClient) must(kind byte) []byte {
	c.t.Helper()
	p, err := c.next()
	if err != nil {
		c.t.Fatalf("instead of message %d: %v", kind, err)
	}
	if p[0] != kind {
		c.t.Fatalf("message %d instead of %d: %q", p[0], kind, p)
	}
	return p
}

func authRequest(user, method string, rest ...[]byte) []byte {
	parts := append([][]byte{{msgAuthRequest}, text(user), text("ssh-connection"), text(method)}, rest...)
	return bytes.Join(parts, nil)
}

// query asks whether a key would do.
func (c *wireClient) query(user string, key ssh.PublicKey) bool {
	c.t.Helper()
	c.send(authRequest(user, "publickey", []byte{0}, text(key.Type()), text(string(key.Marshal()))))
	return c.answer() == msgAuthPKOK
}

// login signs in, and reports whether that worked.
func (c *wireClient) login(user string, key ssh.Signer) bool {
	c.t.Helper()
	public := key.PublicKey()
	request := authRequest(user, "publickey", []byte{1}, text(public.Type()), text(string(public.Marshal())))
	signature, err := key.Sign(rand.Reader, append(text(string(c.session)), request...))
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(append(request, text(string(ssh.Marshal(signature)))...))
	return c.answer() == msgAuthSuccess
}

// answer is the kind of the answer to an attempt; 0 if the server hung up.
func (c *wireClient) answer() byte {
	c.t.Helper()
	p, err := c.next()
	if err != nil {
		return 0
	}
	switch p[0] {
	case msgAuthPKOK, msgAuthSuccess, msgAuthFailure:
		return p[0]
	case msgDisconnect:
		return 0
	}
	c.t.Fatalf("unexpected message %d", p[0])
	return 0
}

// over waits for the end of the connection.
func (c *wireClient) over() error {
	_, err := io.Copy(io.Discard, c.r)
	if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		return fmt.Errorf("the server didn't hang up: %w", err)
	}
	return nil
}

// mustRead returns the next packet, whatever it is.
func (c *wireClient) mustRead() []byte {
	c.t.Helper()
	p, err := c.next()
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// openSession opens channel 0 with a window of the client's choice.
func (c *wireClient) openSession(window uint32) {
	c.t.Helper()
	c.send(channelOpen("session", 0, window))
	c.must(msgChannelConfirm)
}

// channelOpen takes packets of any size.
func channelOpen(kind string, channel, window uint32) []byte {
	return append([]byte{msgChannelOpen}, ssh.Marshal(struct {
		Type                  string
		Channel, Window, Size uint32
	}{kind, channel, window, 1 << 30})...)
}

// channelRequest sends a request on channel 0 that must be answered with yes.
func (c *wireClient) channelRequest(name string, data []byte) {
	c.t.Helper()
	c.send(bytes.Join([][]byte{{msgChannelRequest, 0, 0, 0, 0}, text(name), {1}, data}, nil))
	c.must(msgChannelSuccess)
}

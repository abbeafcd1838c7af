package sshd

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/cpu"
)

const (
	// maxEarly bounds what is read of a client before the library sees it. A
	// version line has 255 bytes at most, a KEXINIT of OpenSSH 2 KB.
	maxEarly = 8 << 10

	// near is the round-trip time up to which a client's KEXINIT is waited for.
	// Waiting costs a login one round trip. Beyond it the window of 2 MiB, which is
	// all that is under way at a time, slows a transfer down as much as a slow
	// cipher does, and the choice isn't worth the wait.
	near = 5 * time.Millisecond

	// kexinitTime is how long it is waited for. OpenSSH's client sends it as soon as
	// it has the server's version; who only says to be OpenSSH may never.
	kexinitTime = 250 * time.Millisecond
)

// openSSH is how the version of OpenSSH's client begins.
const openSSH = "SSH-2.0-OpenSSH_"

// greet sends the version, reads the client's, and chooses the ciphers to offer.
//
// Of two lists the client's order decides (RFC 4253 section 7.1), and OpenSSH's
// client begins with ChaCha20-Poly1305 if nobody told it otherwise, which takes
// three times the processor time of AES-GCM where the processor knows AES. Both
// have 128 bits of security or more. Either side may be first to send its KEXINIT;
// so the server looks at the client's, and if AES-GCM is in it offers nothing
// else. A client that was told to use other ciphers gets those.
//
// What was read is kept for the library, which writes the version and reads both
// once more (see link). Errors are left to it too: it meets them again.
func (c *connection) greet() {
	c.ciphers, c.macs = ciphers(), macs()
	if l := c.link; l.socket != nil && l.greet() && l.mayWait() && l.kexinit() && offersGCM(l.early) {
		c.ciphers = []string{ssh.CipherAES256GCM, ssh.CipherAES128GCM}
	}
	c.macs = append(c.macs, formerMACs(c.link.early)...)
}

// formerMACs are for libssh2 before 1.11, which is of 2023: Debian 12 has it for
// curl and the libraries that are made of it. It knows no cipher with a MAC of
// its own and none of macs. Nobody else is offered these, and nobody in between
// can change the version line, which is in what the host key signs.
func formerMACs(early []byte) []string {
	version, ok := strings.CutPrefix(string(early[:min(len(early), 32)]), "SSH-2.0-libssh2_")
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); !ok || err != nil || major > 1 || major == 1 && minor >= 11 {
		return nil
	}
	return []string{ssh.HMACSHA256, ssh.HMACSHA512}
}

// greet exchanges versions, and reports whether the client is OpenSSH's.
func (l *link) greet() bool {
	if _, err := l.socket.Write([]byte(greeting)); err != nil {
		return false
	}
	l.greeted = true
	for !bytes.Contains(l.early, []byte("\n")) {
		if l.readEarly() != nil {
			return false
		}
	}
	return bytes.HasPrefix(l.early, []byte(openSSH))
}

// mayWait reports whether AES is fast here, and the client is near.
func (l *link) mayWait() bool {
	if !(cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ || cpu.ARM64.HasAES && cpu.ARM64.HasPMULL) {
		return false
	}
	var rtt time.Duration
	err := l.socket.raw.Control(func(fd uintptr) { rtt, _ = nonblock.RTT(int(fd)) })
	return err == nil && rtt > 0 && rtt <= near
}

// kexinit reads until the client's first packet is complete.
func (l *link) kexinit() bool {
	if l.socket.SetReadDeadline(time.Now().Add(kexinitTime)) != nil {
		return false
	}
	for !complete(l.early) {
		if l.readEarly() != nil {
			break
		}
	}
	return l.socket.SetReadDeadline(time.Time{}) == nil && complete(l.early)
}

// readEarly reads some of what the library will ask for.
func (l *link) readEarly() error {
	if len(l.early) == maxEarly {
		return errTooMuch
	}
	l.early = slices.Grow(l.early, min(maxEarly-len(l.early), maxEarly/4))
	room := l.early[len(l.early):min(cap(l.early), maxEarly)]
	n, err := l.socket.Read(room)
	l.early = l.early[:len(l.early)+n]
	return err
}

// firstPacket is what follows the version line.
func firstPacket(early []byte) *payload {
	_, rest, _ := bytes.Cut(early, []byte("\n"))
	return &payload{rest: rest}
}

func complete(early []byte) bool {
	p := firstPacket(early)
	return p.take(int(min(p.uint32(), maxEarly))) != nil
}

// offersGCM reports whether the client's KEXINIT has AES-GCM for both directions.
func offersGCM(early []byte) bool {
	const kexinit, cookie = 20, 16
	outer := firstPacket(early)
	p := &payload{rest: outer.bytes(maxEarly)}
	if header := p.take(2); header == nil || header[1] != kexinit { // length of padding, message
		return false
	}
	p.take(cookie)
	p.bytes(maxEarly) // key exchanges
	p.bytes(maxEarly) // host keys
	for range 2 {     // ciphers from the client, and to it
		list := strings.Split(p.string(maxEarly), ",")
		if !slices.Contains(list, ssh.CipherAES256GCM) && !slices.Contains(list, ssh.CipherAES128GCM) {
			return false
		}
	}
	return !p.bad
}

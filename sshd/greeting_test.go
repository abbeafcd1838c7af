package sshd

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// The stock client gets the cipher that is fast here, or the one that it was
// told to use.
func TestCipherOfTheStockClient(t *testing.T) {
	t.Parallel()
	f := start(t)
	if fast := (&link{socket: neighbour(t)}).mayWait(); !fast {
		t.Fatal("this machine's processor doesn't know AES, or its loopback interface is slow")
	}
	for options, want := range map[string]string{
		"":                                 ssh.CipherAES128GCM,
		"-c aes256-gcm@openssh.com":        ssh.CipherAES256GCM,
		"-c chacha20-poly1305@openssh.com": ssh.CipherChaCha20Poly1305,
		"-c aes256-ctr":                    ssh.CipherAES256CTR,
		"-o Ciphers=-*gcm*":                ssh.CipherChaCha20Poly1305,
		"-o Ciphers=chacha20-poly1305@openssh.com,aes192-ctr": ssh.CipherChaCha20Poly1305,
	} {
		_, errs, status := f.run(f.stock(append(strings.Fields(options), "-v", "alice@127.0.0.1", "true")...))
		if status != 0 || strings.Count(errs, "cipher: "+want+" ") != 2 {
			t.Errorf("%s: status %d, not %s in both directions:\n%s", options, status, want, errs)
		}
	}
}

// neighbour is a socket whose client is on this machine.
func neighbour(t *testing.T) *socket {
	s, _ := sockets(t)
	return s
}

// Any client is served that says what it likes, when it likes: the whole list is
// offered to one that isn't OpenSSH's, or doesn't send what OpenSSH's does.
func TestGreetingOfOddClients(t *testing.T) {
	t.Parallel()
	f := start(t)
	for what, said := range map[string]string{
		"waits for the server's KEXINIT":             "SSH-2.0-paramiko_3\r\n",
		"says to be OpenSSH, and waits":              "SSH-2.0-OpenSSH_8.2\r\n",
		"has no carriage return":                     "SSH-2.0-OpenSSH_8.2\n",
		"says little of a KEXINIT":                   "SSH-2.0-OpenSSH_9.9\r\n\x00\x00\x04\x00\x05\x14",
		"has a first packet that is too long for us": "SSH-2.0-OpenSSH_9.9\r\n\x00\x00\x40\x00\x05\x14" + strings.Repeat("x", 100),
	} {
		if algorithms := f.offered(what, said); !strings.Contains(algorithms, ssh.CipherChaCha20Poly1305) {
			t.Errorf("%s: %q", what, algorithms)
		}
	}
	gcm := "SSH-2.0-OpenSSH_9.9\r\n" + string(kexinitOf("chacha20-poly1305@openssh.com,aes128-gcm@openssh.com", "aes256-gcm@openssh.com"))
	if algorithms := f.offered("OpenSSH's", gcm); strings.Contains(algorithms, "chacha20") || strings.Contains(algorithms, "-ctr") || !strings.Contains(algorithms, ssh.CipherAES128GCM) {
		t.Errorf("OpenSSH's: %q", algorithms)
	}
	other := "SSH-2.0-OpenSSH_9.9\r\n" + string(kexinitOf("aes128-gcm@openssh.com", "aes128-ctr"))
	if algorithms := f.offered("one-sided", other); !strings.Contains(algorithms, "aes128-ctr") {
		t.Errorf("a client with AES-GCM in one direction only: %q", algorithms)
	}
}

// offered is the server's KEXINIT, after its version, to a client that says said.
func (f *fixture) offered(what, said string) string {
	f.t.Helper()
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	// Byte by byte is how it may come, too.
	for i := range len(said) {
		if _, err := c.Write([]byte{said[i]}); err != nil {
			f.t.Fatalf("%s: %v", what, err)
		}
	}
	head := make([]byte, len(greeting)+5)
	if _, err := io.ReadFull(c, head); err != nil || !bytes.HasPrefix(head, []byte(greeting)) {
		f.t.Fatalf("%s: %q, %v", what, head, err)
	}
	rest := make([]byte, min(binary.BigEndian.Uint32(head[len(greeting):]), maxEarly)-1)
	if _, err := io.ReadFull(c, rest); err != nil {
		f.t.Fatalf("%s: %v", what, err)
	}
	return string(rest)
}

// kexinitOf is a client's KEXINIT with these ciphers, as a packet.
func kexinitOf(toServer, toClient string) []byte {
	payload := append([]byte{20}, make([]byte, 16)...)
	for _, list := range []string{"curve25519-sha256", "ssh-ed25519", toServer, toClient, "", "", "none", "none", "", ""} {
		payload = append(payload, text(list)...)
	}
	payload = append(payload, 0, 0, 0, 0, 0)
	padding := 8 - (len(payload)+5)%8 + 8
	packet := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	packet = append(append(packet, byte(padding)), payload...)
	return append(packet, make([]byte, padding)...)
}

// Nothing of a client can make the look at its KEXINIT panic, or say yes to a
// list that isn't there.
func FuzzOffersGCM(f *testing.F) {
	whole := append([]byte("SSH-2.0-OpenSSH_9.9\r\n"), kexinitOf("a,aes128-gcm@openssh.com", "aes256-gcm@openssh.com")...)
	for i := range whole {
		f.Add(whole[:i])
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, early []byte) {
		if offersGCM(early) && (!complete(early) || bytes.Count(early, []byte("-gcm@openssh.com")) < 2) {
			t.Errorf("%q offers AES-GCM", early)
		}
	})
}

// MACs that aren't encrypt-then-MAC are for old versions of libssh2 alone.
func TestFormerMACs(t *testing.T) {
	t.Parallel()
	f := start(t)
	for version, want := range map[string]bool{
		"libssh2_1.10.0": true, "libssh2_1.9.0": true, "libssh2_0.18": true,
		"libssh2_1.11.0": false, "libssh2_2.0": false, "libssh2_": false, "libssh_0.9.6": false, "OpenSSH_9.2": false, "x libssh2_1.10.0": false,
	} {
		algorithms := f.offered(version, "SSH-2.0-"+version+"\r\n")
		if got := strings.Contains(algorithms, ",hmac-sha2-256,hmac-sha2-512"); got != want {
			t.Errorf("%s: %t: %q", version, got, algorithms)
		}
	}
}

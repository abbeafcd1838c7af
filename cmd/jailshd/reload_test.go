package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/instance"
	"golang.org/x/crypto/ssh"
)

// A host certificate that expires keeps nobody from changing users.toml. Clients
// don't get it then.
func TestExpiredHostCertificate(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(-time.Minute)
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"jails"}, ValidBefore: uint64(end.Unix())}
	if err := cert.SignCert(rand.Reader, key); err != nil {
		t.Fatal(err)
	}
	write("cert", string(ssh.MarshalAuthorizedKey(cert)))
	write("jailsh.toml", `host_certificates = ["cert"]`)
	write("users.toml", "[user.carol]\nuid = 20001\n")
	inst, err := instance.Load(filepath.Join(dir, "jailsh.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d := &daemon{log: slog.New(slog.NewTextHandler(&log, nil)), hostKeys: []ssh.Signer{key}}
	d.instance.Store(inst)

	write("users.toml", "[user.carol]\nuid = 20001\ndisabled = true\n")
	inst, certificates, err := d.fresh()
	if err != nil {
		t.Fatal(err)
	}
	if carol, ok := inst.Users.User("carol"); !ok || carol.Active(time.Now()) {
		t.Error("carol is as before")
	}
	d.hostCertificates.Store(&certificates)
	before, now := end.Add(-time.Minute), end.Add(time.Second)
	if shown := d.shownCertificates(before); len(shown) != 1 || !bytes.Equal(shown[0], cert.Marshal()) {
		t.Errorf("shown before it expires: %q", shown)
	}
	if shown := d.shownCertificates(now); len(shown) != 0 {
		t.Errorf("shown after: %q", shown)
	}
	if !d.certificatesTurned(before, now) || d.certificatesTurned(now, now.Add(time.Minute)) {
		t.Error("the end isn't noticed, or again and again")
	}
	d.warnCertificates(before)
	if log.Len() > 0 {
		t.Errorf("logged before it expires: %s", &log)
	}
	d.warnCertificates(now)
	if s := log.String(); strings.Count(s, "level=WARN") != 1 || !strings.Contains(s, filepath.Join(dir, "cert")+": has expired") {
		t.Errorf("logged after: %s", s)
	}
}

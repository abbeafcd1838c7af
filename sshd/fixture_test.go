package sshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// fixture is a running server, with alice in its table.
type fixture struct {
	t      testing.TB
	server *Server
	broker *fakeBroker
	cell   *hostCell
	addr   string
	key    ssh.Signer // alice's
	secret ed25519.PrivateKey
	grant  *wire.Grant

	once   sync.Once
	folder string // of the stock client's files
}

// setting changes a fixture before its server starts.
type setting func(*fixture, *wire.NetConfig)

func newKey(t testing.TB) (ssh.Signer, ed25519.PrivateKey) {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

// everything is a grant of all that there is.
func everything() *wire.Grant {
	anywhere := []wire.Permit{{Host: "*"}, {Path: "*"}}
	return &wire.Grant{
		Accepted: true, Shell: true, Exec: true, PTY: true, Agent: true, X11: true, Share: true, Publish: true, AcceptEnv: []string{"LANG", "LC_*", "TERM"},
		AttachTTL:    time.Hour,
		LocalForward: wire.Permits{User: anywhere, Key: anywhere}, RemoteForward: wire.Permits{User: anywhere, Key: anywhere},
	}
}

// prepare makes a fixture whose server doesn't listen yet.
func prepare(t testing.TB, settings ...setting) *fixture {
	t.Helper()
	f := &fixture{t: t, broker: newFakeBroker(), cell: newHostCell(t), grant: everything()}
	f.broker.cell = f.cell
	host, _ := newKey(t)
	f.broker.host = []ssh.Signer{host}
	f.key, f.secret = newKey(t)
	cfg := &wire.NetConfig{
		LoginGrace: time.Minute, MaxAuthTries: 6, StartupsBegin: 100, StartupsRate: 30, StartupsFull: 400,
		StartupsPerSource: 100, AliveInterval: time.Minute, AliveCountMax: 3, MaxSessions: 10,
		PublicKeyAlgorithms: credential.Algorithms(), RequiredRSASize: credential.MinRSABits,
		SourceBits4: 32, SourceBits6: 64,
	}
	for _, set := range settings {
		set(f, cfg)
	}
	for _, k := range f.broker.host {
		cfg.HostKeys = append(cfg.HostKeys, k.PublicKey().Marshal())
	}
	f.broker.allow("alice", f.key.PublicKey(), f.grant)
	server, err := New(cfg, f.broker)
	if err != nil {
		t.Fatal(err)
	}
	f.server = server
	return f
}

// start makes a fixture and serves on the loopback until the test's end, when
// everything must end by itself within the time that clients are given.
func start(t testing.TB, settings ...setting) *fixture {
	t.Helper()
	f := prepare(t, settings...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := f.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		f.broker.mu.Lock()
		defer f.broker.mu.Unlock()
		for _, r := range f.broker.records {
			if r.Event == "panic" && attr(r, "panic") != "on purpose" {
				t.Errorf("panic: %+v", *r)
			}
		}
	})
	return f
}

// clientConfig is what a client of x/crypto logs in with.
func (f *fixture) clientConfig(user string, keys ...ssh.Signer) *ssh.ClientConfig {
	return f.clientConfigFor(f.broker.host[0], user, keys...)
}

func (f *fixture) clientConfigFor(host ssh.Signer, user string, keys ...ssh.Signer) *ssh.ClientConfig {
	public := host.PublicKey()
	return &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)},
		HostKeyCallback: ssh.FixedHostKey(public), HostKeyAlgorithms: hostKeyAlgorithms(public.Type()),
	}
}

// dial logs alice in.
func (f *fixture) dial() *ssh.Client {
	f.t.Helper()
	return f.dialWith(f.clientConfig("alice", f.key))
}

func (f *fixture) dialWith(cfg *ssh.ClientConfig) *ssh.Client {
	f.t.Helper()
	c, err := ssh.Dial("tcp", f.addr, cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

// session opens a session channel whose requests are the test's to read.
func (f *fixture) session(c *ssh.Client) *rawSession {
	f.t.Helper()
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	s := &rawSession{Channel: ch, t: f.t, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		for r := range requests {
			s.requests = append(s.requests, *r)
			_ = r.Reply(false, nil)
		}
	}()
	return s
}

// rawSession is a session channel on which the test says what is sent.
type rawSession struct {
	ssh.Channel
	t        testing.TB
	ended    chan struct{} // the channel is closed
	requests []ssh.Request // of the server; to be read after ended
}

// ask sends a request and returns the answer.
func (s *rawSession) ask(name string, data []byte) bool {
	s.t.Helper()
	ok, err := s.SendRequest(name, true, data)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	return ok
}

// must is ask, with a yes for an answer.
func (s *rawSession) must(name string, data []byte) {
	s.t.Helper()
	if !s.ask(name, data) {
		s.t.Fatalf("%s was refused", name)
	}
}

// wait returns what the server said about the end, when the channel is closed.
func (s *rawSession) wait() []ssh.Request {
	s.t.Helper()
	select {
	case <-s.ended:
		return s.requests
	case <-time.After(patience):
		s.t.Fatal("the channel was not closed")
		return nil
	}
}

// status returns the exit status.
func (s *rawSession) status() int {
	s.t.Helper()
	for _, r := range s.wait() {
		if r.Type == "exit-status" && len(r.Payload) == 4 {
			return int(r.Payload[3]) | int(r.Payload[2])<<8
		}
	}
	s.t.Fatalf("no exit-status among %+v", s.requests)
	return -1
}

// text is a string as requests carry it.
func text(s string) []byte { return ssh.Marshal(struct{ S string }{s}) }

// ptyRequest is the data of a pty-req.
func ptyRequest(term string, columns, rows uint32, modes string) []byte {
	return ssh.Marshal(struct {
		Term                string
		Columns, Rows, W, H uint32
		Modes               string
	}{term, columns, rows, 640, 480, modes})
}

// windowChange is the data of a window-change.
func windowChange(columns, rows uint32) []byte {
	return ssh.Marshal(struct{ Columns, Rows, W, H uint32 }{columns, rows, 0, 0})
}

// stock returns the stock client, ssh(1), logging in as alice.
func (f *fixture) stock(args ...string) *exec.Cmd {
	f.t.Helper()
	path, err := exec.LookPath("ssh")
	if err != nil {
		f.t.Fatal("ssh isn't installed - run: apt-get install openssh-client")
	}
	f.once.Do(func() {
		f.folder = f.t.TempDir()
		block, err := ssh.MarshalPrivateKey(f.secret, "alice")
		if err != nil {
			f.t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(f.addr)
		known := fmt.Sprintf("[127.0.0.1]:%s %s", port, ssh.MarshalAuthorizedKey(f.broker.host[0].PublicKey()))
		for name, content := range map[string][]byte{"key": pem.EncodeToMemory(block), "known": []byte(known)} {
			if err := os.WriteFile(filepath.Join(f.folder, name), content, 0o600); err != nil {
				f.t.Fatal(err)
			}
		}
	})
	_, port, _ := net.SplitHostPort(f.addr)
	cmd := exec.Command(path, append([]string{
		"-F", "none", "-p", port, "-i", filepath.Join(f.folder, "key"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "BatchMode=yes", "-o", "UserKnownHostsFile=" + filepath.Join(f.folder, "known"), "-o", "GlobalKnownHostsFile=/dev/null",
	}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.folder, "TERM=xterm-256color", "LANG=C.UTF-8"}
	return cmd
}

// run runs a command to its end and returns its standard output, its standard
// error and its exit status.
func (f *fixture) run(cmd *exec.Cmd) (stdout, stderr string, status int) {
	f.t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errs, 5*time.Second
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	_ = cmd.Wait()
	if !timer.Stop() {
		f.t.Fatalf("%v didn't end\nstdout: %q\nstderr: %q", cmd.Args, out.String(), errs.String())
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// patience is how long a test waits for what is sure to happen, on a machine that
// has a lot else to do.
const patience = time.Minute

// eventually waits for what a server does on its own, and tells nobody.
func (f *fixture) eventually(is func() bool) {
	f.t.Helper()
	deadline := time.Now().Add(patience)
	for !is() {
		if time.Now().After(deadline) {
			f.t.Fatal("it didn't happen")
		}
		pause(context.Background(), time.Millisecond)
	}
}

// starting is how many connections count as on their way to a login.
func (f *fixture) starting() int {
	f.server.startups.mu.Lock()
	defer f.server.startups.mu.Unlock()
	return f.server.startups.total
}

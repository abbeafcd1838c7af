package integration

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/netlink/space"
)

// stage is where one script of OpenSSH's runs: a host of its own, with a user, a
// folder that she has in her jail too, and a jailsh for each sshd_config that the
// script asks for. It asks by the stand-in (integration/standin), over a socket.
type stage struct {
	t         *testing.T
	host      *space.Space
	folder    string // $OBJ of the scripts
	uid       int
	etc       string // of the host
	templates string
	requests  chan standinCall

	started     []*instance
	configured  []configured // those of shared
	ending      *instance    // one that was told to
	problems    []string     // what jailsh couldn't be configured to
	connections int          // that the script asked for, or daemons
}

// configured is an instance with all that it is configured with.
type configured struct {
	*instance
	key string
}

// maxShared is how many instances of a script run at a time. Root may watch 128
// files by default (inotify(7)), and there are a dozen scripts.
const maxShared = 2

// tester is the name of every script's user.
const tester = "tester"

// standinRequest and standinReply are integration/standin's request and reply.
type standinRequest struct {
	Kind, Config string
	Options      []string
}

type standinReply struct {
	Error, Address, Pidfile, Rekey string   `json:",omitempty"`
	Client                         []string `json:",omitempty"`
}

// standinCall is a request on its way to the test, whose goroutine alone may
// start and stop instances.
type standinCall struct {
	standinRequest
	daemon *daemon // of the conversation
	reply  chan standinReply
}

// daemon is the instance that a script has started by `sshd -f`.
type daemon struct{ *instance }

// listen answers the stand-in until the test ends.
func (s *stage) listen() {
	s.t.Helper()
	path := filepath.Join(s.folder, "bin", "control")
	l, err := net.Listen("unix", path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	if err := os.Chmod(path, 0o666); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.converse(c)
		}
	}()
}

func (s *stage) converse(c net.Conn) {
	defer c.Close()
	d := &daemon{}
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		call := standinCall{daemon: d, reply: make(chan standinReply, 1)}
		if err := json.Unmarshal(lines.Bytes(), &call.standinRequest); err != nil {
			return
		}
		select {
		case s.requests <- call:
		case <-s.t.Context().Done():
			return
		}
		if err := json.NewEncoder(c).Encode(<-call.reply); err != nil {
			return
		}
	}
}

// answer does what the stand-in asks for.
func (s *stage) answer(call standinCall) {
	r, err := s.act(call)
	if err != nil {
		r.Error = err.Error()
		s.problems = append(s.problems, r.Error)
	}
	call.reply <- r
}

func (s *stage) act(call standinCall) (standinReply, error) {
	switch call.Kind {
	case "stop":
		call.daemon.stop()
		return standinReply{}, nil
	case "reload":
		call.daemon.log.mark()
		call.daemon.signal(syscall.SIGHUP)
		call.daemon.log.wait("reloaded the configuration")
		return standinReply{}, nil
	}
	if call.Kind == "sftp" {
		return s.transfer(call.Options)
	}
	address := "UNKNOWN" // what sshd takes standard input for
	if call.Kind == "daemon" {
		address = "127.0.0.1"
	}
	c, err := readConfig(call.Config, call.Options, tester, address)
	if err != nil {
		return standinReply{}, err
	}
	want, err := translate(c, tester)
	if err != nil || call.Kind == "test" {
		size, seconds, _ := c.rekeyLimit()
		return standinReply{Rekey: fmt.Sprint(size, seconds)}, err
	}
	s.connections++
	if call.Kind == "daemon" {
		want.user += "linger = \"1h\"\n"
		i, err := s.instance(want, "127.0.0.1:"+c.first("port"))
		call.daemon.instance = i
		if err == nil { // scripts use forwards as soon as ssh -f is back, and sshd has no cell to start
			if o := i.jailsh("run", tester, "--", "true"); o.code != 0 {
				err = errors.New(o.err)
			}
		}
		return standinReply{Pidfile: c.first("pidfile")}, err
	}
	i, err := s.shared(want)
	if err != nil {
		return standinReply{}, err
	}
	return standinReply{Address: i.listen}, nil
}

// transfer is the client that stands for sftp-server with these arguments: those
// that jailsh's own server takes too, as a forced command.
func (s *stage) transfer(args []string) (standinReply, error) {
	s.connections++
	want := settings{files: map[string][]string{"host_keys": {filepath.Join(s.folder, "ssh-ed25519")}}}
	err := errors.Join(want.userKey("authorized_keys", filepath.Join(s.folder, "ssh-ed25519.pub")), want.userKey("command", sftpCommand(args)))
	if err != nil {
		return standinReply{}, err
	}
	i, err := s.shared(want)
	if err != nil {
		return standinReply{}, err
	}
	host, port, _ := net.SplitHostPort(i.listen)
	return standinReply{Client: []string{
		"-F", "none", "-i", filepath.Join(s.folder, "ssh-ed25519"), "-p", port, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-s", tester + "@" + host, "sftp",
	}}, nil
}

// sftpCommand leaves out where sftp-server(8) is to log to, and the arguments of
// ssh(1) with which scp starts it.
func sftpCommand(args []string) string {
	words := []string{"internal-sftp"}
	for n, a := range args {
		switch a {
		case "-R":
			words = append(words, a)
		case "-d", "-p", "-P", "-u":
			words = append(words, args[n:min(n+2, len(args))]...)
		}
	}
	return strings.Join(words, " ")
}

// shared is an instance for connections by standard input, which needs no port of
// its own. It is known by what it is configured with. They come from ::1, which no
// pattern of an IPv4 address matches, as none matches sshd's UNKNOWN.
func (s *stage) shared(want settings) (*instance, error) {
	key := want.server + want.user
	for _, path := range slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(want.files))...))) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		key += path + string(text)
	}
	for _, c := range s.configured {
		if c.key == key {
			return c.instance, nil
		}
	}
	if len(s.configured) == maxShared {
		s.dismiss(s.configured[0].instance) // who used the oldest is gone, as a rule
		s.configured = slices.Delete(s.configured, 0, 1)
	}
	i, err := s.instance(want, fmt.Sprintf("[::1]:%d", 10000+len(s.started)))
	if err == nil {
		s.configured = append(s.configured, configured{i, key})
	}
	return i, err
}

// dismiss has an instance end while the script goes on.
func (s *stage) dismiss(i *instance) {
	s.t.Helper()
	if s.ending != nil {
		s.ending.awaitEnd()
	}
	if s.ending = i; i != nil {
		i.signal(syscall.SIGTERM)
	}
}

// instance starts a jailsh in which the user has the host's programs, its network,
// and the script's folder where it is outside.
func (s *stage) instance(want settings, listen string) (*instance, error) {
	i := newInstance(s.t)
	i.people = nil
	i.listen, i.templates = listen, s.templates
	i.namespace = fmt.Sprintf("/proc/%d/ns/net", s.host.Pid)
	i.add(tester, s.uid).table = fmt.Sprintf("network = \"host\"\nmounts = [{ source = %q, target = %q, mode = \"rw\" }]\n%s",
		s.folder, s.folder, want.user)
	i.server = want.server + "per_source_penalties = \"no\"\n" // as the sshd of these scripts
	for key, paths := range want.files {
		var names []string
		for n, path := range paths { // copies, which are root's
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			names = append(names, fmt.Sprint(key, "_", n))
			i.write(names[n], string(text))
		}
		value := tomlValue(names)
		if key == "revoked_keys" {
			value = tomlValue(names[0])
		}
		i.server += key + " = " + value + "\n"
	}
	i.writeServer()
	i.writeUsers()
	i.launch()
	s.started = append(s.started, i)
	if _, ok := i.log.find(patience, "msg=listening"); !ok {
		return nil, errors.New(i.log.String())
	}
	return i, nil
}

// Command standin is what OpenSSH's own test scripts start where they would start
// sshd or sftp-server; it is told apart by the name that it is called by. It asks
// the test, over the unix socket beside it, for a jailsh that is configured as the
// sshd_config says, and connects the script to that.
//
//	sshd -t -f FILE           is the configuration one that jailsh has?
//	sshd -T -f FILE           the values of RekeyLimit, as sshd prints them
//	sshd -i -f FILE           a connection, by standard input and output
//	sshd -f FILE              a daemon, until SIGTERM; SIGHUP reads FILE again
//	sftp-server [-R] ...      a file transfer in the jail
//
// It runs as the user of the script, on the host or in her jail. It has no rights,
// and the test trusts it as far as the scripts of Debian's openssh-tests.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
)

// refused is how sshd ends when it doesn't take a configuration or a client.
const refused = 255

func main() {
	status, err := run(filepath.Base(os.Args[0]), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
	}
	os.Exit(status)
}

func run(name string, args []string) (int, error) {
	if name == "sftp-server" {
		return transfer(args)
	}
	c, err := parse(args)
	if err != nil {
		return refused, err
	}
	switch {
	case c.keep:
		return keep(c)
	case c.dump:
		return dump(c)
	case c.test:
		_, err := ask(request{Kind: "test", Config: c.file, Options: c.options})
		return outcome(err), err
	case c.inetd:
		return serve(c)
	}
	return start(c)
}

func outcome(err error) int {
	if err != nil {
		return refused
	}
	return 0
}

// commandLine is sshd's.
type commandLine struct {
	file                    string
	options                 []string // of -o
	test, dump, inetd, keep bool
}

func parse(args []string) (commandLine, error) {
	var c commandLine
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch a {
		case "-t":
			c.test = true
			continue
		case "-T":
			c.dump = true
			continue
		case "-i":
			c.inetd = true
			continue
		case "-keep":
			c.keep = true
			continue
		}
		if len(a) < 2 || a[0] != '-' || !strings.ContainsRune("CEfo", rune(a[1])) {
			return c, fmt.Errorf("%s: is no option of sshd that has a counterpart", a)
		}
		value := a[2:]
		if value == "" {
			if len(args) == 0 {
				return c, fmt.Errorf("%s: has no value", a)
			}
			value, args = args[0], args[1:]
		}
		switch a[1] {
		case 'f':
			c.file = value
		case 'o':
			c.options = append(c.options, value)
		case 'C':
			return c, errors.New("-C: asks how sshd would read its configuration, not what a server does")
		}
	}
	return c, nil
}

// request and reply are lines of JSON. integration/regress_server_test.go has
// the other side.
type request struct {
	Kind    string   // test, inetd, daemon, reload, stop, sftp
	Config  string   // sshd_config
	Options []string // further lines of it; of sftp-server: its arguments
}

type reply struct {
	Error, Address, Pidfile, Rekey string
	Client                         []string // of ssh, for sftp
}

// control is a conversation with the test.
type control struct {
	net.Conn
	lines *bufio.Scanner
}

func dial() (*control, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c, err := net.Dial("unix", filepath.Join(filepath.Dir(exe), "control"))
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(c)
	lines.Buffer(nil, 1<<20)
	return &control{c, lines}, nil
}

func (c *control) ask(q request) (reply, error) {
	var r reply
	line, err := json.Marshal(q)
	if err != nil {
		return r, err
	}
	if _, err := c.Write(append(line, '\n')); err != nil {
		return r, err
	}
	if !c.lines.Scan() {
		return r, errors.Join(io.ErrUnexpectedEOF, c.lines.Err())
	}
	if err := json.Unmarshal(c.lines.Bytes(), &r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

func ask(q request) (reply, error) {
	c, err := dial()
	if err != nil {
		return reply{}, err
	}
	defer c.Close()
	return c.ask(q)
}

func dump(c commandLine) (int, error) {
	r, err := ask(request{Kind: "test", Config: c.file, Options: c.options})
	if err == nil {
		fmt.Println("rekeylimit", r.Rekey)
	}
	return outcome(err), err
}

// serve copies between the script and the server. As sshd does, it ends with 255
// if there was no more than a line from the server before it hung up: then the
// client was refused for what it said it was.
func serve(c commandLine) (int, error) {
	r, err := ask(request{Kind: "inetd", Config: c.file, Options: c.options})
	if err != nil {
		return refused, err
	}
	conn, err := net.Dial("tcp", r.Address)
	if err != nil {
		return refused, err
	}
	tcp := conn.(*net.TCPConn)
	go func() {
		_, _ = io.Copy(tcp, os.Stdin) // the other way ends the conversation
		_ = tcp.CloseWrite()
	}()
	var out lineCounter
	_, err = io.Copy(io.MultiWriter(os.Stdout, &out), tcp)
	if !out.binary.Load() {
		return refused, err
	}
	return 0, nil
}

// lineCounter notices bytes that are no line of text: the key exchange.
type lineCounter struct{ binary atomic.Bool }

func (l *lineCounter) Write(b []byte) (int, error) {
	if strings.ContainsRune(string(b), 0) {
		l.binary.Store(true)
	}
	return len(b), nil
}

// start starts a daemon, as sshd does: what keeps it is left behind.
func start(c commandLine) (int, error) {
	exe, err := os.Executable()
	if err != nil {
		return refused, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return refused, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return refused, err
	}
	args := []string{"sshd", "-keep", "-f", c.file}
	for _, o := range c.options {
		args = append(args, "-o", o)
	}
	if _, err := os.StartProcess(exe, args, &os.ProcAttr{
		Dir: "/", Env: os.Environ(), Files: []*os.File{null, w, null}, Sys: &syscall.SysProcAttr{Setsid: true},
	}); err != nil {
		return refused, err
	}
	w.Close()
	said, err := io.ReadAll(r) // until it says that it is ready, or ends
	if err != nil || string(said) != "ready\n" {
		return refused, errors.Join(err, fmt.Errorf("no daemon: %s", said))
	}
	return 0, nil
}

// keep is the process that the script takes for sshd: its number is in the pid
// file, and it passes on what it is told by signals.
func keep(c commandLine) (int, error) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	control, err := dial()
	if err != nil {
		fmt.Println(err)
		return refused, err
	}
	defer control.Close()
	q := request{Kind: "daemon", Config: c.file, Options: c.options}
	r, err := control.ask(q)
	if err != nil {
		fmt.Println(err)
		return refused, err
	}
	if err := note(r.Pidfile); err != nil {
		fmt.Println(err)
		return refused, err
	}
	fmt.Println("ready")
	_ = os.Stdout.Close() // whoever waits for it goes on
	for s := range signals {
		q.Kind = "stop"
		if s == syscall.SIGHUP {
			q.Kind = "reload"
		}
		if _, err := control.ask(q); err != nil {
			return refused, err
		}
		if s == syscall.SIGTERM {
			return 0, os.Remove(r.Pidfile)
		}
		if err := note(r.Pidfile); err != nil {
			return refused, err
		}
	}
	return 0, nil
}

// note writes the pid file, in one step: scripts wait for it to be there.
func note(path string) error {
	if err := os.WriteFile(path+".new", fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// transfer becomes a client that asks for the sftp subsystem.
func transfer(args []string) (int, error) {
	r, err := ask(request{Kind: "sftp", Options: args})
	if err != nil {
		return 1, err
	}
	return 1, syscall.Exec("/usr/bin/ssh", append([]string{"ssh"}, r.Client...), os.Environ())
}

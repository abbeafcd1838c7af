package integration

import (
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// patience is how long a test waits for what should come at once, on a machine
// that is busy.
const patience = time.Minute

// person is a user of an instance, with her key.
type person struct {
	name    string
	uid     int
	options string // of the line of her key, "" or with a blank at its end
	table   string // further lines of [user.NAME]
	gone    bool   // not in users.toml
	public  string // authorized_keys line, without options
}

// instance is one jailsh, in a folder of its own.
type instance struct {
	t         *testing.T
	dir       string // the instance's; what users.toml and the like are in
	file      string // jailsh.toml
	listen    string // host:port
	netUID    int
	templates string   // folder
	server    string   // further lines of jailsh.toml
	head      string   // of users.toml: [defaults] and classes
	bin       string   // folder of the programs
	under     []string // what jailshd is started by, if not directly
	namespace string   // path of the network namespace that it is in; "": the tests' own
	people    []*person
	hostKey   ssh.PublicKey

	log    *journal
	daemon *exec.Cmd
	ended  chan struct{} // closed when jailshd has been collected
}

var instances atomic.Int32

// newInstance makes an instance with alice and bob, and doesn't start it.
func newInstance(t *testing.T) *instance {
	t.Helper()
	n := int(instances.Add(1))
	i := &instance{
		t: t, dir: filepath.Join(place(), fmt.Sprint("i", n)), bin: filepath.Dir(program("jailsh")),
		listen: freePort(t), netUID: 64500 + n%1000, templates: filepath.Join(shared(), "templates"),
	}
	i.file = filepath.Join(i.dir, "jailsh.toml")
	if err := os.Mkdir(i.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	i.hostKey = writeKey(t, filepath.Join(i.dir, "host_ed25519_key"))
	// Uids differ between instances: what runs with one of them is known by it.
	i.add("alice", 20000+n*10+1)
	i.add("bob", 20000+n*10+2)
	known := fmt.Sprintf("%s %s", knownHost(i.listen), ssh.MarshalAuthorizedKey(i.hostKey))
	i.write("known_hosts", known)
	return i
}

// start makes an instance with alice and bob, and starts it.
func start(t *testing.T) *instance {
	t.Helper()
	i := newInstance(t)
	i.start()
	return i
}

// add makes a person with a key. She is in users.toml when it is written next.
func (i *instance) add(name string, uid int) *person {
	i.t.Helper()
	key := writeKey(i.t, i.key(name))
	p := &person{name: name, uid: uid, public: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))}
	i.people = append(i.people, p)
	return p
}

func (i *instance) person(name string) *person {
	for _, p := range i.people {
		if p.name == name {
			return p
		}
	}
	i.t.Fatalf("nobody is called %s", name)
	return nil
}

// key is the path of a person's private key.
func (i *instance) key(name string) string { return filepath.Join(i.dir, "key_"+name) }

// home is a person's home on the host.
func (i *instance) home(name string) string { return filepath.Join(i.dir, "homes", name) }

func writeKey(t *testing.T, path string) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// freePort is an address on the loopback that nobody else gets: each call gives
// another one, and the network namespace is this run's own.
func freePort(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", 2200+ports.Add(1)) // below what the kernel gives to clients
}

var ports atomic.Int32

func knownHost(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf("[%s]:%s", host, port)
}

// write writes a file of the instance, in one step.
func (i *instance) write(name, text string) {
	i.t.Helper()
	path := filepath.Join(i.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		i.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		i.t.Fatal(err)
	}
}

// writeServer writes jailsh.toml. All tests come from one address, and many do what
// a source is refused for.
func (i *instance) writeServer() {
	i.t.Helper()
	server := i.server
	if !strings.Contains(server, "per_source_penalties") {
		server += "\nper_source_penalties = \"no\""
	}
	i.write("jailsh.toml", fmt.Sprintf("listen = [%q]\ntemplates = %q\nnet_uid = %d\n%s\n",
		i.listen, i.templates, i.netUID, server))
}

func (i *instance) writeUsers() {
	i.t.Helper()
	i.write("users.toml", i.users())
}

func (i *instance) users() string {
	var b strings.Builder
	b.WriteString(i.head + "\n")
	for _, p := range i.people {
		if !p.gone {
			fmt.Fprintf(&b, "[user.%s]\nuid = %d\nkeys = ['%s%s']\n%s\n", p.name, p.uid, p.options, p.public, p.table)
		}
	}
	return b.String()
}

// start writes both files, starts jailshd, and waits until it listens.
func (i *instance) start() {
	i.t.Helper()
	i.writeServer()
	i.writeUsers()
	i.launch()
	i.log.wait(`msg=listening addr=` + i.listen)
}

// launch starts jailshd as it is, and arranges for its end.
func (i *instance) launch() {
	i.t.Helper()
	first := i.log == nil
	i.log = newJournal(i.t)
	i.ended = make(chan struct{})
	words := i.within(append(slices.Clone(i.under), filepath.Join(i.bin, "jailshd"), "--config", i.file))
	i.daemon = exec.Command(words[0], words[1:]...)
	i.daemon.Dir = "/"
	i.daemon.Stderr, i.daemon.Stdout = i.log, i.log
	i.daemon.WaitDelay = patience
	if err := i.daemon.Start(); err != nil {
		i.t.Fatal(err)
	}
	go func(c *exec.Cmd, ended chan struct{}, log *journal) {
		_ = c.Wait() // its state is looked at by whoever waits for ended
		log.close()
		close(ended)
	}(i.daemon, i.ended, i.log)
	if first {
		i.t.Cleanup(i.finish)
	}
}

// within are the words of a command that runs where the instance's network is.
func (i *instance) within(words []string) []string {
	if i.namespace == "" {
		return words
	}
	return append([]string{"nsenter", "--net=" + i.namespace}, words...)
}

// finish ends the instance, and looks at what is left of it.
func (i *instance) finish() {
	select {
	case <-i.ended:
	default:
		i.stop()
	}
	for _, what := range i.remains() {
		i.t.Errorf("left behind: %s", what)
	}
	if i.t.Failed() {
		lines := strings.SplitAfter(i.log.String(), "\n")
		end := max(0, len(lines)-30)
		calm := func(line string) bool { return strings.Contains(line, "level=INFO") }
		i.t.Logf("jailshd's warnings, and the last of its log:\n%s", strings.Join(append(slices.DeleteFunc(lines[:end:end], calm), lines[end:]...), ""))
	}
}

// stop ends jailshd as an administrator does. It must end well.
func (i *instance) stop() {
	i.t.Helper()
	began := time.Now()
	i.signal(syscall.SIGTERM)
	i.awaitEnd()
	if state := i.daemon.ProcessState; state.ExitCode() != 0 {
		i.t.Errorf("jailshd ended with %s", state)
	}
	if took := time.Since(began); took > 10*time.Second {
		i.t.Errorf("jailshd took %s to end", took)
	}
}

func (i *instance) signal(s syscall.Signal) {
	i.t.Helper()
	if err := i.daemon.Process.Signal(s); err != nil {
		i.t.Fatalf("kill -%d: %v", s, err)
	}
}

func (i *instance) awaitEnd() {
	i.t.Helper()
	select {
	case <-i.ended:
	case <-time.After(patience):
		_ = i.daemon.Process.Kill()
		i.t.Fatalf("jailshd doesn't end")
	}
}

func (i *instance) pid() int { return i.daemon.Process.Pid }

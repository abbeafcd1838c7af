package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/netlink/space"
	"golang.org/x/crypto/ssh"
)

const (
	serverIP = "192.0.2.1"
	hiddenIP = "192.0.2.9"
	natPort  = "2222"
)

// hide lets nobody call into a namespace: it may call out, and be answered.
func hide(t *testing.T, s *space.Space) {
	t.Helper()
	rules := `table inet hidden { chain in { type filter hook input priority 0; policy drop; iif "lo" accept; ct state established,related accept; meta l4proto tcp reject with tcp reset; }; }`
	if o := runCommand(t, []byte(rules), command(t, "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", s.Pid), "nft", "-f", "-")); o.code != 0 {
		t.Fatalf("%+v", o)
	}
}

// clientFile is the ssh_config of somebody who has the keys of both machines.
func clientFile(t *testing.T, server, hidden *instance) string {
	t.Helper()
	known := filepath.Join(t.TempDir(), "known")
	var hosts strings.Builder
	for name, i := range map[string]*instance{"server": server, "hidden": hidden} {
		fmt.Fprintf(&hosts, "%s %s", name, string(ssh.MarshalAuthorizedKey(i.hostKey)))
	}
	text := fmt.Sprintf(`Host server
 HostName %s
 Port %s
 HostKeyAlias server
 IdentityFile %s
Host localhost
 HostKeyAlias hidden
 IdentityFile %s
Host *
 BatchMode yes
 IdentitiesOnly yes
 IdentityAgent none
 StrictHostKeyChecking yes
 UserKnownHostsFile %s
 GlobalKnownHostsFile none
 ConnectTimeout 30
`, serverIP, natPort, server.key("alice"), hidden.key("bob"), known)
	file := filepath.Join(t.TempDir(), "config")
	for name, text := range map[string]string{known: hosts.String(), file: text} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// The recipe of docs/setups.md: a machine to which there is no way opens one by the
// server, for its owner and nobody else.
func TestAMachineBehindNAT(t *testing.T) {
	t.Parallel()
	host, behind := space.New(t), space.New(t)
	host.Wire(behind)
	host.Address("eth0", serverIP+"/24")
	behind.Address("eth0", hiddenIP+"/24")
	hide(t, behind)

	// The machine's own ssh server is another jailsh.
	server, hidden := newInstance(t), newInstance(t)
	for i, s := range map[*instance]*space.Space{server: host, hidden: behind} {
		i.namespace = fmt.Sprintf("/proc/%d/ns/net", s.Pid)
		i.listen = "0.0.0.0:" + natPort
		i.write("known_hosts", knownHost("127.0.0.1:"+natPort)+" "+string(ssh.MarshalAuthorizedKey(i.hostKey)))
	}
	server.templates = filepath.Join(server.dir, "templates")
	server.writeServer()
	server.writeUsers()
	if o := runCommand(t, nil, command(t, program("jailsh"), "template", "build", "jump", "ssh", "--config", server.file)); o.code != 0 {
		t.Fatal(o.err)
	}
	server.head = "[defaults]\ntemplate = \"jump\"\n"
	server.start()
	hidden.start()
	if _, err := host.Dial(hiddenIP + ":" + natPort); err == nil {
		t.Fatal("the hidden machine can be called")
	}
	config := clientFile(t, server, hidden)
	in := func(i *instance, words ...string) output {
		t.Helper()
		all := i.within(append([]string{"ssh", "-F", config}, words...))
		return run(t, nil, all[0], all[1:]...)
	}

	// On the hidden machine.
	words := hidden.within([]string{"ssh", "-F", config, "-N", "-R", "3333:localhost:" + natPort, "alice@server"})
	open := command(t, words[0], words[1:]...)
	if err := open.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = open.Wait() // by the signal
	}()
	t.Cleanup(func() {
		_ = open.Process.Kill()
		<-ended
	})
	server.log.wait(`msg=listen`, "user=alice", "for=localhost:3333")

	// From outside, by a jump.
	if o := in(server, "-J", "alice@server", "-p", "3333", "bob@localhost", "id -un; hostname"); o.out != "bob\njail\n" || o.code != 0 {
		t.Errorf("%+v", o)
	}
	// In the jail, with the owner's agent.
	agent := hidden.agent("bob")
	login := "ssh -o StrictHostKeyChecking=no -o BatchMode=yes -p 3333 bob@localhost id -un"
	if o := server.ssh("alice", "-A", "-o", "IdentityAgent="+agent, "-o", "IdentitiesOnly=yes", "--", login); o.out != "bob\n" || o.code != 0 {
		t.Errorf("%+v", o)
	}
	hidden.log.wait("msg=login", "user=bob", "from=127.0.0.1")
	// Nobody else of the server has it, nor has the server's own network.
	if o := server.ssh("bob", "-o", "LogLevel=INFO", "-W", "localhost:3333"); o.code == 0 || !strings.Contains(o.err, "connection refused") {
		t.Errorf("%+v", o)
	}
	for _, at := range []string{"127.0.0.1:3333", serverIP + ":3333"} {
		if _, err := host.Dial(at); err == nil {
			t.Errorf("%s is open on the server", at)
		}
	}
	// It ends with the client that opened it.
	if err := open.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	server.log.wait(`msg="listen end"`, "user=alice", "for=localhost:3333")
	if o := in(server, "-J", "alice@server", "-p", "3333", "bob@localhost", "true"); o.code == 0 {
		t.Errorf("%+v", o)
	}
}

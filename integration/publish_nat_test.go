package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/netlink/space"
	"golang.org/x/crypto/ssh"
)

// A machine that can call out and not be called shows a terminal. Its link is lost; the
// program goes on, and so do those who look on when it is back, under the same token.
func TestATerminalBehindNATIsPublished(t *testing.T) {
	t.Parallel()
	host, behind := space.New(t), space.New(t)
	host.Wire(behind)
	host.Address("eth0", serverIP+"/24")
	behind.Address("eth0", hiddenIP+"/24")
	hide(t, behind)
	i := newInstance(t)
	i.namespace = fmt.Sprintf("/proc/%d/ns/net", host.Pid)
	i.listen = "0.0.0.0:" + natPort
	i.write("known_hosts", knownHost("127.0.0.1:"+natPort)+" "+string(ssh.MarshalAuthorizedKey(i.hostKey)))
	i.person("alice").table = "allow = { publish = true }"
	i.start()
	known, config := filepath.Join(t.TempDir(), "known"), filepath.Join(t.TempDir(), "config")
	for name, text := range map[string]string{
		known: fmt.Sprintf("%s %s", knownHost(serverIP+":"+natPort), ssh.MarshalAuthorizedKey(i.hostKey)),
		config: fmt.Sprintf(`Host server
 HostName %s
 Port %s
 User alice
 IdentityFile %s
 ServerAliveInterval 1
Host *
 BatchMode yes
 IdentitiesOnly yes
 IdentityAgent none
 UserKnownHostsFile %s
 GlobalKnownHostsFile none
`, serverIP, natPort, i.key("alice"), known),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	net := func(words ...string) []string {
		return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", behind.Pid)}, words...)
	}
	link := func(state string) {
		t.Helper()
		words := net("ip", "link", "set", "eth0", state)
		if o := run(t, nil, words[0], words[1:]...); o.code != 0 {
			t.Fatalf("%+v", o)
		}
	}
	p := openTerminal(t, net("env", "PS1=own> ", program("jailsh"), "publish", "-F", config, "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1",
		"--type", "server", "--", "bash", "--norc"))
	line := regexp.MustCompile(`ssh -p 2222 [a-z2-7]{26}@192\.0\.2\.1`).FindString(strings.ReplaceAll(p.wait("own>"), "\n", ""))
	if line == "" {
		t.Fatal("there is no line for viewers")
	}
	title := func(want string) {
		t.Helper()
		eventually(t, patience, func() string {
			if title := strings.TrimSpace(p.tmux("display", "-p", "#{pane_title}")); !strings.Contains(title, want) {
				return fmt.Sprintf("the window is called %q, not %q", title, want)
			}
			return ""
		})
	}
	view := func() *terminal {
		t.Helper()
		return openTerminal(t, i.within(append(strings.Fields(line), "-F", config)))
	}
	stayed := view()
	stayed.wait("own>")
	title("1 looking on")
	stayed.typed("echo typed by $((40+2)) viewer")
	p.wait("typed by 42 viewer")

	link("down")
	title("the link is lost")
	p.typed("seq 100000; echo $((40+2)) while away")
	p.wait("42 while away")
	link("up")
	title("1 looking on")
	stayed.wait("99999", "42 while away")
	late := view()
	late.wait("99999", "42 while away")
	title("2 looking on")
	late.typed("echo typed by $((40+2)) late")
	p.wait("typed by 42 late")
	p.typed("exit 3")
	p.wait(over + "3")
	for _, v := range []*terminal{stayed, late} {
		v.wait("alice/main has ended", over+"0")
	}
}

package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// viewer is a guest of our own, without a terminal: she sees the stream.
type viewer struct {
	*ssh.Client
	*ssh.Session
	out *bufio.Reader
}

// views logs in by a token.
func (i *instance) views(token string) (*viewer, error) {
	c, err := ssh.Dial("tcp", i.listen, &ssh.ClientConfig{
		User: token, HostKeyCallback: ssh.FixedHostKey(i.hostKey), Timeout: patience,
		Config: ssh.Config{KeyExchanges: []string{ssh.KeyExchangeCurve25519}}, // the cheapest: there are many
	})
	if err != nil {
		return nil, err
	}
	s, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &viewer{c, s, bufio.NewReader(out)}, s.Shell()
}

// sees reads until a text was shown.
func (v *viewer) sees(text string) error {
	var seen []byte
	for !strings.HasSuffix(string(seen[max(0, len(seen)-len(text)):]), text) {
		b, err := v.out.ReadByte()
		if err != nil {
			return fmt.Errorf("instead of %q: %q, %w", text, seen[max(0, len(seen)-1000):], err)
		}
		seen = append(seen, b)
	}
	return nil
}

// tokenOf is the token in what @share or @publish has said.
func tokenOf(t *testing.T, said string) string {
	t.Helper()
	m := tokenLine.FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("there is no token in %q", said)
	}
	return m[1]
}

// peak is the most memory that jailsh-net has had since forgetPeak, in MiB.
func (i *instance) peak() int {
	i.t.Helper()
	kib, err := strconv.Atoi(strings.Fields(statusOf(i.net())["VmHWM"])[0])
	if err != nil {
		i.t.Fatal(err)
	}
	return kib >> 10
}

// forgetPeak makes the peak what is there now (proc(5), /proc/PID/clear_refs).
func (i *instance) forgetPeak() {
	i.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", i.net()), []byte("5"), 0); err != nil {
		i.t.Fatal(err)
	}
}

// Three hundred join at once, by one address. All see the screen, and what comes then;
// and when they are gone, so is what they took.
func TestThreeHundredViewersAtOnce(t *testing.T) {
	t.Parallel()
	const crowd = 300
	i := newInstance(t)
	i.server = "max_startups = \"1000:30:1000\"\nmax_startups_per_source = 1000"
	i.person("alice").table = "allow = { share = true }"
	i.start()
	owner := i.terminal("alice")
	owner.prompt()
	token := tokenOf(t, i.sh("alice", "@share"))
	var peaks []int
	for round := range 3 {
		i.forgetPeak()
		owner.typed(fmt.Sprintf("clear; echo round $((40+%d))", round))
		owner.wait(fmt.Sprint("round ", 40+round))
		all := make([]*viewer, crowd)
		errs := make([]error, crowd)
		var joining sync.WaitGroup
		for n := range all {
			joining.Go(func() {
				if all[n], errs[n] = i.views(token); errs[n] == nil {
					errs[n] = all[n].sees(fmt.Sprint("round ", 40+round))
				}
			})
		}
		joining.Wait()
		owner.typed("echo all $((5*6))")
		for n, v := range all {
			if errs[n] == nil {
				errs[n] = v.sees("all 30")
			}
			if errs[n] != nil {
				t.Fatalf("viewer %d: %v", n, errs[n])
			}
		}
		peaks = append(peaks, i.peak())
		for _, v := range all {
			v.Client.Close()
		}
		eventually(t, patience, func() string {
			if list := i.sh("alice", "@share list"); strings.Count(list, "\n") > 0 {
				return list
			}
			return ""
		})
	}
	t.Logf("jailsh-net had %v MiB", peaks)
	if peaks[2] > peaks[1]+12 {
		t.Errorf("jailsh-net had %v MiB: who is gone isn't forgotten", peaks)
	}
	i.unharmed()
}

// A token that was guessed, has expired, was used or was taken back is refused, and
// each costs as a wrong key does: the source is soon refused as a whole.
func TestTokensThatAreNotGood(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = `per_source_penalties = { authfail = "5m", min = "18m1s", max = "1h" }`
	i.person("alice").table = "allow = { share = true }"
	i.start()
	owner := i.terminal("alice")
	owner.prompt()
	once := tokenOf(t, i.sh("alice", "@share --once --name once"))
	short := tokenOf(t, i.sh("alice", "@share --ttl 1ms --name short"))
	stopped := tokenOf(t, i.sh("alice", "@share --name stopped"))
	good := tokenOf(t, i.sh("alice", "@share"))
	guest := func(token, from string) output {
		c := i.guestCommand("ssh -p 2 " + token + "@127.0.0.1")
		c.Args = append([]string{"ssh", "-b", from}, c.Args[1:]...)
		return runCommand(t, nil, c)
	}
	user := openTerminal(t, i.guestCommand("ssh -p 2 "+once+"@127.0.0.1").Args)
	user.wait("alice@jail")
	i.sh("alice", "@share stop stopped")
	eventually(t, patience, func() string {
		if list := i.sh("alice", "@share list"); strings.Contains(list, "short") {
			return list
		}
		return ""
	})
	for what, token := range map[string]string{"guessed": strings.Repeat("a", 26), "expired": short, "used": once, "stopped": stopped} {
		if o := guest(token, "127.0.0.2"); o.code != 255 || o.out != "" || !strings.Contains(o.err, "Permission denied") {
			t.Errorf("%s: %+v", what, o)
		}
		i.log.wait("msg=refused", "user="+token, "there is no such token")
	}
	i.log.wait("level=WARN", "msg=penalty", "source=127.0.0.2/32", "offence=authfail")
	if o := guest(good, "127.0.0.2"); o.code != 255 || strings.Contains(o.err, "Permission denied") {
		t.Errorf("who was penalised: %+v", o)
	}
	i.sh("alice", "@share stop once")
	user.wait("the owner has ended your view", over+"1")
	if v, err := i.views(good); err != nil {
		t.Error(err)
	} else if err := v.sees("alice@jail"); err != nil {
		t.Error(err)
	}
	owner.typed("exit")
	owner.wait(over + "0")
}

// jailsh-net is killed while twenty look on, by tokens and by name. Each of them is told
// the end of his connection; the owner's shell lives on, is come back to and shared
// anew; and no token is good any more.
func TestJailshNetDiesWhileTwentyLookOn(t *testing.T) {
	t.Parallel()
	i := sharer(t)
	owner := i.terminal("alice")
	owner.prompt()
	owner.typed("x=42")
	said := i.sh("alice", "@share --for bob")
	type end struct {
		output
		who string
	}
	ends := make(chan end)
	for n := range 20 {
		c, who := i.guestCommand(said), "a guest"
		if n%2 == 0 {
			c, who = i.sshCommand("bob", "-tt", "--", "@watch", "alice/main"), "bob"
		}
		in, err := c.StdinPipe() // with an end of file a view ends
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close() })
		go func() { ends <- end{runCommand(t, nil, c), who} }()
	}
	eventually(t, patience, func() string {
		if list := i.sh("alice", "@share list"); strings.Count(list, " may view ") != 20 {
			return list
		}
		return ""
	})
	i.killNet()
	for range 20 {
		select {
		case e := <-ends:
			if e.code != 255 || !strings.Contains(e.out, "alice@jail") {
				t.Errorf("%s: %+v", e.who, e)
			}
		case <-time.After(patience):
			t.Fatal("somebody isn't told")
		}
	}
	owner.wait(over + "255")
	if o := runCommand(t, nil, i.guestCommand(said)); o.code != 255 || !strings.Contains(o.err, "Permission denied") {
		t.Errorf("the token is good still: %d %s%s", o.code, o.out, o.err)
	}
	owner = i.terminal("alice", "--", "@attach")
	owner.prompt()
	v, err := i.views(tokenOf(t, i.sh("alice", "@share")))
	if err != nil {
		t.Fatal(err)
	}
	owner.typed("echo still $x; exit 7")
	if err := v.sees("still 42"); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, v.out)
	owner.wait(over + "7")
}

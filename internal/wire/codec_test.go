package wire

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// full has one value of each message with every field set.
func full() map[string]Message {
	return map[string]Message{
		"Empty":   &Empty{},
		"Failure": &Failure{Text: "jail: step 3/24 root: mount: EPERM"},
		"NetConfig": &NetConfig{
			HostKeys: [][]byte{{1, 2}, {3}}, HostCertificates: [][]byte{{4}}, LoginGrace: time.Second, MaxAuthTries: 6, StartupsBegin: 1,
			StartupsRate: 2, StartupsFull: 3, StartupsPerSource: 4, AliveInterval: 5, RekeyLimit: 1, RekeyInterval: 2, AliveCountMax: 6,
			MaxSessions: 7, MaxChannels: 8, LoginsPerSource: 9, Banner: "hello", ShareAddress: "h:22", PublicKeyAlgorithms: []string{"ssh-ed25519"}, RequiredRSASize: 3072,
			SourceBits4: 24, SourceBits6: 64, ProxiesFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128")},
			Penalties: Penalties{NoAuth: 3}, Watch: WatchOff,
		},
		"Penalties": &Penalties{1, 2, 3, 4, 5, 6, 7, 8, true, true, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		"Lookup": &Lookup{
			User: "alice", Key: []byte("blob"), From: "127.0.0.1", Since: time.Unix(4e9, 0),
			Certificate: &Certificate{
				Type: CertificateUser, CA: []byte("ca"), Serial: 1 << 63, KeyID: "id", Principals: []string{"alice", "ops"},
				ValidAfter: 5, ValidBefore: 1<<64 - 1, Critical: []CertificateOption{{"force-command", "ls"}}, Extensions: []string{"permit-pty"},
			},
		},
		"Grant": &Grant{
			Accepted: true, Reason: "r", Shell: true, Exec: true, PTY: true, SFTP: SFTP{true, true, "/s", []string{"-R"}}, Forced: true, Command: "c",
			NoTouchRequired: true, VerifyRequired: true, Env: []string{"A=b"}, AcceptEnv: []string{"LC_*"},
			Sessions: 3, Idle: time.Minute, MaxSession: time.Hour, Until: time.Unix(4e9, 0), SecondFactor: true, Logins: 4, Record: RecordStrict,
			LocalForward: Permits{[]Permit{{"*", 22, ""}}, []Permit{{"", 0, "/run/*"}}}, RemoteForward: Permits{[]Permit{{"localhost", 0, ""}}, nil},
			Agent: true, X11: true, Shares: []string{"bob"}, Share: true, Publish: true,
			AttachTTL: time.Hour, Persist: true,
		},
		"Sign":         &Sign{Key: 1, Algorithm: "ssh-ed25519", Data: []byte("hash"), Proof: true},
		"Signature":    &Signature{Format: "ssh-ed25519", Blob: []byte("s")},
		"Verify":       &Verify{User: "alice", Ref: "0123abcd", Code: "123456"},
		"Verified":     &Verified{Accepted: true, Reason: "r", Ticket: []byte("t")},
		"Open":         &Open{User: "alice", Ref: "0123abcd", Ticket: []byte("t")},
		"Opened":       &Opened{Cell: "alice/7", Cold: true},
		"Penalised":    &Penalised{Total: 7, List: []PenalisedSource{{netip.MustParsePrefix("203.0.113.5/32"), time.Minute, "authfail"}}},
		"Status":       &Status{Stale: []string{"listen"}, Penalised: Penalised{Total: 1}},
		"ListSessions": &ListSessions{After: "0123abcd-1"},
		"Session":      fullSession(),
		"Sessions":     &Sessions{[]Session{*fullSession()}},
		"Kill":         &Kill{ID: "0123abcd"},
		"Watch":        &Watch{ID: "0123abcd-1", Size: Size{80, 24, 640, 480}},
		"Notice":       &Notice{User: "alice", Text: "killed"},
		"Record": &Record{
			Time: 1, Level: 2, Event: "login", Ref: "r", User: "u", From: "f",
			Attrs: []Attr{{"k", "v"}, {"k2", "v2"}},
		},
		"Records":   &Records{[]Record{{Event: "a"}, {Event: "b", Attrs: []Attr{{"k", "v"}}}}},
		"Recording": &Recording{User: "alice", Ref: "0123abcd", Session: 1, Ticket: []byte("t")},
		"Recorded":  &Recorded{ID: 1, File: "f", Version: 3, Input: true, MaxBytes: 1 << 40},
		"Seal":      &Seal{ID: 1, Bytes: 2, Lines: 3, Head: []byte("h"), Final: true},
		"Spawn": &Spawn{
			Program: ProgramSFTP,
			Exec:    true, Words: true, Command: "echo", Args: []string{"a", ""}, Env: []string{"A=b"}, Motd: true,
			Agent: true, Hold: true, X11: &X11{"MIT-MAGIC-COOKIE-1", []byte{1, 2}, 3},
			TTY: &TTY{Size: Size{80, 24, 640, 480}, Modes: []Mode{{53, 1}, {128, 38400}}},
		},
		"Spawned":   &Spawned{Pid: 9, TTY: "/dev/pts/0", Without: "disk full", Waiting: 2},
		"Signal":    &Signal{Pid: 9, Signal: 15},
		"Dial":      &Dial{To: Address{"localhost", 22, ""}},
		"Listen":    &Listen{At: Address{"", 0, "/tmp/s"}},
		"Listening": &Listening{Port: 3333},
		"Exit":      &Exit{Pid: 9, Status: 3, Signal: 9, Core: true},
		"Keep":      &Keep{Pid: 9, Name: "main"},
		"Release":   &Release{Pid: 9},
		"Adopt":     &Adopt{Pid: 9},
		"Terminal":  fullTerminal(),
		"Terminals": &Terminals{[]Terminal{*fullTerminal()}},
		"Spec": &Spec{
			User: "alice", UID: 20001, GID: 20002, Groups: []Group{{"g", 5}}, Shell: "/bin/bash", Home: "/home/alice",
			Hostname: "jail", Umask: 0o22, Env: []string{"PATH=/bin"},
			Network: Network{
				NetworkEgress,
				[][]byte{{192, 0, 2, 53}},
				Link{"eth0", []byte{2, 0, 0, 0, 0, 1}, []LinkAddress{{[]byte{192, 0, 2, 1}, []byte{192, 0, 2, 0}}}},
			},
			Mounts: []Mount{{MountBind, "/t", "/s", "size=1m", []byte("x"), true, true}},
			Linger: time.Minute, KillOnLogout: true, AttachTTL: time.Hour, HomeLimit: 1 << 30,
			Limits: Limits{1 << 30, -1, 128, 500, 4096, 1 << 20, time.Minute, 1 << 28},
		},
	}
}

func fullSession() *Session {
	return &Session{
		ID: "0123abcd-1", User: "alice", From: "192.0.2.7", What: "shell", TTY: "/dev/pts/0",
		Since: time.Unix(1, 0), Idle: time.Minute,
	}
}

func fullTerminal() *Terminal {
	return &Terminal{
		Pid: 9, TTY: "/dev/pts/0", Name: "main", Command: "vim", Size: Size{80, 24, 640, 480},
		Began: time.Unix(1, 0), Lost: time.Unix(2, 0),
	}
}

func TestEachMessageSurvivesTheWire(t *testing.T) {
	t.Parallel()
	for name, m := range full() {
		body, err := Encode(m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
		if err := Decode(body, got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(m, got) {
			t.Errorf("%s: sent %+v, got %+v", name, m, got)
		}
	}
}

// A field that a test value leaves at zero would survive even if it were never
// sent.
func TestFullValuesSetEveryField(t *testing.T) {
	t.Parallel()
	for name, m := range full() {
		v := reflect.ValueOf(m).Elem()
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s.%s is zero in full()", name, v.Type().Field(i).Name)
			}
		}
	}
}

func TestCutAndPaddedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	for name, m := range full() {
		body, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		for n := range body {
			if Decode(body[:n], reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)) == nil {
				t.Errorf("%s: cut to %d of %d bytes was decoded", name, n, len(body))
			}
		}
		if Decode(append(bytes.Clone(body), 0), reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)) == nil {
			t.Errorf("%s: a byte too many was decoded", name)
		}
	}
}

func TestCapsHoldForTheSender(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxCommand+1)
	for _, m := range []Message{
		&Lookup{User: long}, &Lookup{Key: []byte(long)}, &Spawn{Command: long}, &Spawn{Env: []string{long}},
		&Spawn{Env: make([]string, MaxEnv+1)}, &Spawn{Env: repeat(strings.Repeat("y", MaxEnvLen), 10)},
		&Spawn{TTY: &TTY{Modes: make([]Mode, MaxModes+1)}}, &Spec{Mounts: make([]Mount, MaxMounts+1)},
		&Sign{Data: []byte(long)}, &Record{Attrs: make([]Attr, MaxAttrs+1)}, &Records{make([]Record, MaxRecords+1)}, &Failure{Text: long},
		&Terminals{make([]Terminal, MaxKept+1)}, &Keep{Name: long},
	} {
		if _, err := Encode(m); err == nil || !strings.Contains(err.Error(), "over its cap") {
			t.Errorf("%T: got %v", m, err)
		}
	}
}

func repeat(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// A count of four billion elements in a packet of eight bytes must not make the
// decoder allocate them.
func TestAHugeCountAllocatesNothing(t *testing.T) {
	body := bytes.Repeat([]byte{0xff}, 64)
	for name, m := range full() {
		got := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
		allocated := testing.AllocsPerRun(10, func() { _ = Decode(body, got) })
		if name != "Empty" && allocated > 20 {
			t.Errorf("%s: %v allocations for a packet of garbage", name, allocated)
		}
	}
}

func TestAnUnknownVerbHasAName(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(VerbSign, " ", Verb(200)); got != "sign verb 200" {
		t.Error(got)
	}
}

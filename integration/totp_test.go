package integration

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// app is what is on a user's phone.
type app struct{ secret []byte }

func newApp(t *testing.T, secret string) app {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatalf("%q: %v", secret, err)
	}
	return app{key}
}

// code is what it shows now, or so many steps later. Now and one later are good,
// whenever the next step begins.
func (a app) code(later uint64) string {
	mac := hmac.New(sha1.New, a.secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix())/30+later))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])%(1<<31)%1_000_000)
}

// withCodes has alice give codes, and starts.
func withCodes(t *testing.T) *instance {
	t.Helper()
	i := newInstance(t)
	i.person("alice").table = `auth = ["publickey", "totp"]`
	i.start()
	return i
}

// enrol gives alice a secret as a program does.
func (i *instance) enrol(args ...string) app {
	i.t.Helper()
	o := i.jailsh(append([]string{"user", "totp", "alice"}, args...)...)
	secret := regexp.MustCompile(`secret=(\w+)`).FindStringSubmatch(o.out)
	if o.code != 0 || secret == nil {
		i.t.Fatalf("user totp: %+v", o)
	}
	return newApp(i.t, secret[1])
}

// asked logs alice in on a terminal with the stock client, up to the question.
func (i *instance) asked(args ...string) *terminal {
	i.t.Helper()
	x := i.terminal("alice", append([]string{"-o", "BatchMode=no", "-o", "LogLevel=INFO"}, args...)...)
	x.wait("(alice@127.0.0.1) Verification code:")
	return x
}

// The way of somebody who gets a second factor: enrolled on the administrator's
// terminal, then asked for a code by the stock client.
func TestCodeAfterTheKey(t *testing.T) {
	t.Parallel()
	i := withCodes(t)
	refused(t, i.ssh("alice", "--", "true"))
	i.log.wait("msg=refused", "user=alice", "a code is wanted, and the user isn't enrolled - run: jailsh --config "+i.file+" user totp alice")

	x := openTerminal(t, []string{program("jailsh"), "--config", i.file, "user", "totp", "alice"})
	screen := x.wait("the code that the app shows:")
	secret := regexp.MustCompile(`or type it: ([A-Z2-7]{32})\n`).FindStringSubmatch(screen)
	if secret == nil || !strings.Contains(screen, "█▀▀▀▀▀█") {
		t.Fatalf("no secret or no picture:\n%s", screen)
	}
	phone := newApp(t, secret[1])
	x.typed("no code")
	x.wait("that isn't one for now")
	x.typed(phone.code(0))
	x.wait("enrolled alice", over+"0")

	y := i.asked()
	y.typed("000000")
	y.wait("Verification code:\n(alice@127.0.0.1) Verification code:")
	i.log.wait("msg=refused", "method=keyboard-interactive", `reason="wrong code"`)
	code := phone.code(1)
	y.typed(code[:3] + " " + code[3:])
	y.prompt()
	i.log.wait("msg=login", "user=alice", "second=totp")
	y.typed("echo $USER; exit 3")
	y.wait("alice", over+"3")

	// The same code is no good any more, also for a jailshd that starts anew.
	z := i.asked("-o", "NumberOfPasswordPrompts=1")
	z.typed(code)
	z.wait("Permission denied (keyboard-interactive).", over+"255")
	i.log.wait("msg=refused", `reason="the code, or a later one, was used before"`)
	i.stop()
	i.launch()
	i.log.wait("msg=listening")
	z = i.asked("-o", "NumberOfPasswordPrompts=1")
	z.typed(code)
	z.wait(over + "255")
	i.log.wait("msg=refused", `reason="the code, or a later one, was used before"`)
	if strings.Contains(i.log.String(), code) {
		t.Error("the log has the code")
	}
}

// What a client is told of how to go on is true at each step; one that can't ask
// has no way in, and neither has one without the key.
func TestMethodsThatCanContinue(t *testing.T) {
	t.Parallel()
	i := withCodes(t)
	i.enrol()
	o := i.ssh("alice", "-v", "-o", "LogLevel=DEBUG1", "--", "true")
	var lines []string
	for line := range strings.Lines(o.err) {
		if _, after, ok := strings.Cut(line, "Authentications that can continue: "); ok {
			lines = append(lines, strings.TrimSpace(after))
		}
	}
	if o.code != 255 || strings.Join(lines, " ") != "publickey keyboard-interactive" || !strings.Contains(o.err, `with partial success.`) ||
		!strings.HasSuffix(o.err, "Permission denied (keyboard-interactive).\r\n") {
		t.Errorf("status %d, %q\n%s", o.code, lines, o.err)
	}
	o = i.ssh("alice", "-o", "BatchMode=no", "-o", "PreferredAuthentications=keyboard-interactive", "--", "true")
	refused(t, o)
}

// A code that can't be written down as used lets nobody in.
func TestNoLoginWhenACodeCanNotBeWrittenDown(t *testing.T) {
	t.Parallel()
	i := withCodes(t)
	phone := i.enrol()
	dir := filepath.Join(i.dir, "totp")
	for _, flags := range []uintptr{unix.MS_BIND, unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY} {
		if err := unix.Mount(dir, dir, "", flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	x := i.asked()
	x.typed(phone.code(0))
	i.log.wait("level=ERROR", `msg="verify: `, "read-only file system", "user=alice")
	i.log.wait("msg=refused", `reason="the code could not be verified"`)
	if err := unix.Unmount(dir, 0); err != nil {
		t.Fatal(err)
	}
	x.typed(phone.code(0)) // it asks again, and the code wasn't used
	x.prompt()
}

// A stolen key has five guesses.
func TestGuessesAreBounded(t *testing.T) {
	t.Parallel()
	i := withCodes(t)
	i.enrol()
	for range 2 {
		x := i.asked("-o", "NumberOfPasswordPrompts=3")
		for n := range 3 {
			x.typed("000000")
			x.wait(strings.Repeat("(alice@127.0.0.1) Verification code:\n", n+1))
		}
		x.wait(over + "255")
	}
	i.log.wait("msg=refused", "user=alice", `reason="too many wrong codes: the next may be tried in `)
	if n := strings.Count(i.log.String(), `reason="wrong code"`); n < 5 || n > 6 { // a minute may have passed
		t.Errorf("%d codes were looked at", n)
	}
}

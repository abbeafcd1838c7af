package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// path is the path of a file of the instance.
func (i *instance) path(name string) string { return filepath.Join(i.dir, name) }

// keygen runs ssh-keygen in the instance's folder. It must succeed.
func (i *instance) keygen(args ...string) {
	i.t.Helper()
	c := command(i.t, "ssh-keygen", append([]string{"-q"}, args...)...)
	c.Dir = i.dir
	if o := runCommand(i.t, nil, c); o.code != 0 {
		i.t.Fatalf("ssh-keygen %q: %+v", args, o)
	}
}

// authority makes a key that signs certificates.
func (i *instance) authority(name string, args ...string) {
	i.t.Helper()
	i.keygen(append([]string{"-t", "ed25519", "-N", "", "-f", name}, args...)...)
}

// certify has an authority sign the key in key.pub, and returns the certificate's
// path.
func (i *instance) certify(authority, key, name string, args ...string) string {
	i.t.Helper()
	public, err := os.ReadFile(i.path(key + ".pub"))
	if err != nil {
		i.t.Fatal(err)
	}
	i.write(name+".pub", string(public))
	i.keygen(append(append([]string{"-s", authority, "-I", "id of " + name}, args...), name+".pub")...)
	return i.path(name + "-cert.pub")
}

// lend has everybody's keys taken from users.toml, but one that nobody has: who
// wants to log in needs a certificate.
func (i *instance) lend() {
	i.t.Helper()
	for _, p := range i.people {
		i.write("key_"+p.name+".pub", p.public+"\n")
	}
	nobody := writeKey(i.t, i.path("nobody"))
	for _, p := range i.people {
		p.public = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(nobody)))
	}
}

// with logs name in with a certificate.
func (i *instance) with(certificate, name string, args ...string) output {
	i.t.Helper()
	return i.ssh(name, append([]string{"-o", "CertificateFile=" + certificate}, args...)...)
}

// configWith is that of a client who offers the certificate.
func (i *instance) configWith(name, path string) *ssh.ClientConfig {
	i.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		i.t.Fatal(err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		i.t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(public.(*ssh.Certificate), i.signer(name))
	if err != nil {
		i.t.Fatal(err)
	}
	return &ssh.ClientConfig{User: name, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(i.hostKey)}
}

// flip changes one character of a certificate's signature.
func (i *instance) flip(path string) string {
	i.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		i.t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	blob := []byte(fields[1])
	if n := len(blob) - 12; blob[n] == 'A' {
		blob[n] = 'B'
	} else {
		blob[n] = 'A'
	}
	if bytes.Equal(blob, []byte(fields[1])) {
		i.t.Fatal("nothing changed")
	}
	i.write("flipped-cert.pub", fields[0]+" "+string(blob)+"\n")
	return i.path("flipped-cert.pub")
}

// A certificate of each kind, good and wrong, made with ssh-keygen and offered by
// the stock client. Why is in the log, and `jailsh explain` says the same.
func TestCertificates(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	for _, name := range []string{"ca", "own", "stranger"} {
		i.authority(name)
	}
	i.keygen("-t", "rsa", "-b", "2048", "-N", "", "-f", "old")
	i.server = `trusted_ca = ["ca.pub", "old.pub"]`
	i.add("dave", i.person("alice").uid+5)
	i.lend()
	own, err := os.ReadFile(i.path("own.pub"))
	if err != nil {
		t.Fatal(err)
	}
	i.person("bob").table = `principals = ["ops", "{user}@lab"]`
	dave := i.person("dave")
	dave.options, dave.public = `cert-authority,principals="guests",command="echo asked: $SSH_ORIGINAL_COMMAND",no-pty `, strings.TrimSpace(string(own))
	i.start()

	good := i.certify("ca", "key_alice", "good", "-n", "alice", "-z", "7")
	for _, c := range []struct {
		what, who, certificate string
		args                   []string
		code                   int
		says                   string // the client's output, or why it was refused
	}{
		{"good", "alice", good, []string{"--", "echo in"}, 0, "in\n"},
		{"with a terminal", "alice", good, []string{"-tt", "--", "tty"}, 0, "/dev/pts/0"},
		{"of somebody else's key", "bob", good, []string{"--", "echo in"}, 255, "Permission denied"},
		{"one of several principals", "alice", i.certify("ca", "key_alice", "several", "-n", "x,alice,y"), []string{"--", "echo in"}, 0, "in\n"},
		{"principals of users.toml", "bob", i.certify("ca", "key_bob", "ops", "-n", "ops"), []string{"--", "echo in"}, 0, "in\n"},
		{"principals of users.toml, with the name", "bob", i.certify("ca", "key_bob", "lab", "-n", "bob@lab"), []string{"--", "echo in"}, 0, "in\n"},
		{"the name, where users.toml has others", "bob", i.certify("ca", "key_bob", "bob", "-n", "bob"), nil, 255, "the certificate is for none of the user's principals"},
		{"wrong principal", "alice", i.certify("ca", "key_alice", "wrong", "-n", "bob,Alice"), nil, 255, "the certificate is for none of the user's principals"},
		{"no principal", "alice", i.certify("ca", "key_alice", "none"), nil, 255, "the certificate names no principal"},
		{"of another authority", "alice", i.certify("stranger", "key_alice", "other", "-n", "alice"), nil, 255, "the certificate is of no authority that is trusted for the user"},
		{"of another user's authority", "alice", i.certify("own", "key_alice", "hers", "-n", "alice,guests"), nil, 255, "the certificate is of no authority that is trusted for the user"},
		{"signed by itself", "alice", i.certify("key_alice", "key_alice", "self", "-n", "alice"), nil, 255, "the certificate is of no authority that is trusted for the user"},
		{"expired", "alice", i.certify("ca", "key_alice", "expired", "-n", "alice", "-V", "20200101:20200102"), nil, 255, "the certificate has expired"},
		{"not valid yet", "alice", i.certify("ca", "key_alice", "early", "-n", "alice", "-V", "20990101:20990102"), nil, 255, "the certificate is not valid yet"},
		{"signed with SHA-1", "alice", i.certify("old", "key_alice", "sha1", "-n", "alice", "-t", "ssh-rsa"), nil, 255, "the certificate is signed with ssh-rsa, which is weak"},
		{"signed with RSA and SHA-2", "alice", i.certify("old", "key_alice", "sha2", "-n", "alice", "-t", "rsa-sha2-512"), []string{"--", "echo in"}, 0, "in\n"},
		{"forced command", "alice", i.certify("ca", "key_alice", "forced", "-n", "alice", "-O", "force-command=echo asked: $SSH_ORIGINAL_COMMAND"), []string{"--", "rm -rf x"}, 0, "asked: rm -rf x\n"},
		{"source address", "alice", i.certify("ca", "key_alice", "near", "-n", "alice", "-O", "source-address=127.0.0.2,10.0.0.0/8"), []string{"-b", "127.0.0.2", "--", "echo in"}, 0, "in\n"},
		{"another source address", "alice", i.certify("ca", "key_alice", "far", "-n", "alice", "-O", "source-address=127.0.0.3,10.0.0.0/8"), []string{"-b", "127.0.0.1"}, 255, "the key may not be used from 127.0.0.1"},
		{"unknown critical option", "alice", i.certify("ca", "key_alice", "critical", "-n", "alice", "-O", "critical:x@example.org=y"), nil, 255, `the certificate has the critical option "x@example.org", which is unknown here`},
		{"unknown extension", "alice", i.certify("ca", "key_alice", "extension", "-n", "alice", "-O", "extension:x@example.org=y"), []string{"--", "echo in"}, 0, "in\n"},
		{"verification of a key in a file", "alice", i.certify("ca", "key_alice", "verify", "-n", "alice", "-O", "verify-required"), nil, 255, "verify-required asks for a key of a security device (sk-...)"},
		{"no terminal", "alice", i.certify("ca", "key_alice", "nopty", "-n", "alice", "-O", "no-pty"), []string{"-tt", "--", "tty"}, 255, "PTY allocation request failed"},
		{"of the user's own authority", "dave", i.certify("own", "key_dave", "dave", "-n", "guests"), []string{"--", "ls"}, 0, "asked: ls\n"},
		{"of it, for another terminal", "dave", i.path("dave-cert.pub"), []string{"-tt"}, 255, "PTY allocation request failed"},
		{"of it, without its principals", "dave", i.certify("own", "key_dave", "dave2", "-n", "dave"), nil, 255, "the certificate is for none of the user's principals"},
		{"of it, with another command", "dave", i.certify("own", "key_dave", "dave3", "-n", "guests", "-O", "force-command=ls"), nil, 255, "the authority's line and the certificate force different commands"},
	} {
		i.log.mark()
		args := c.args
		if args == nil {
			args = []string{"--", "echo in"}
		}
		o := i.with(c.certificate, c.who, args...)
		if o.code != c.code || c.code == 0 && !strings.Contains(o.out, c.says) {
			t.Errorf("%s: %+v", c.what, o)
		}
		switch {
		case c.code == 0:
		case strings.HasPrefix(c.says, "P"):
			if !strings.Contains(o.err, c.says) {
				t.Errorf("%s: %+v", c.what, o)
			}
		default:
			refused(t, o)
			i.log.wait("msg=refused", strings.ReplaceAll(c.says, `"`, `\"`))
			e := i.jailsh("explain", c.who, "--key", c.certificate, "--from", "127.0.0.1")
			if e.code != 1 || !strings.Contains(e.out, "refused: "+c.says) {
				t.Errorf("%s: explain says: %+v", c.what, e)
			}
		}
	}
	i.log.mark()
	i.with(good, "alice", "--", "true")
	i.log.wait("msg=login", `certificate="id of good" serial=7 authority=SHA256:`)
	// No forward without its extension.
	i.log.mark()
	i.with(i.certify("ca", "key_alice", "clear", "-n", "alice", "-O", "clear", "-O", "permit-pty"), "alice", "-W", "127.0.0.1:1")
	i.log.wait(`msg="request refused"`, "request=direct-tcpip")
	// What the stock client doesn't even offer.
	for certificate, reason := range map[string]string{
		i.certify("ca", "key_alice", "host", "-n", "alice", "-h"): "the certificate is a host's, or of an unknown kind",
		i.flip(good): "the certificate: ssh: certificate signature does not verify",
	} {
		i.log.mark()
		if c, err := ssh.Dial("tcp", i.listen, i.configWith("alice", certificate)); err == nil {
			c.Close()
			t.Errorf("%s: is good for a login", certificate)
		}
		i.log.wait("msg=refused", reason)
		if e := i.jailsh("explain", "alice", "--key", certificate); e.code != 1 || !strings.Contains(e.out, "refused: "+reason) {
			t.Errorf("explain says: %+v", e)
		}
	}
	// The key by itself opens nothing, nor does an authority's.
	refused(t, i.ssh("alice", "--", "true"))
	refused(t, i.ssh("dave", "-o", "IdentityFile="+i.path("own"), "--", "true"))
	if e := i.jailsh("explain", "alice", "--key", good); !strings.Contains(e.out, ": let in") || !strings.Contains(e.out, `certificate "id of good", serial 7`) {
		t.Errorf("explain: %+v", e)
	}
	if e := i.jailsh("explain", "dave"); e.code != 0 || !strings.Contains(e.out, "for guests count too") {
		t.Errorf("explain: %+v", e)
	}
}

// Who is logged in with a certificate is logged out when it ends, or what made it
// good is gone.
func TestWhoseCertificateEndsIsLoggedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string // of ssh-keygen
		change func(*instance)
		reason string
	}{
		"expires":             {[]string{"-V", "-1m:+8s"}, nil, "the certificate has expired"},
		"authority removed":   {nil, func(i *instance) { i.server = `revoked_keys = "revoked"` }, "the certificate is of no authority"},
		"principal removed":   {nil, func(i *instance) { i.person("alice").table = `principals = ["x"]` }, "the certificate is for none"},
		"certificate revoked": {nil, func(i *instance) { i.revoke("serial: 7\n", "-s", "ca.pub") }, "the certificate is revoked"},
		"by its id":           {nil, func(i *instance) { i.revoke("id: id of c\n", "-s", "none") }, "the certificate is revoked"},
		"key revoked":         {nil, func(i *instance) { i.keygen("-k", "-u", "-f", "revoked", "key_alice.pub") }, "the key is revoked"},
		"authority revoked":   {nil, func(i *instance) { i.append("revoked.new", "ca.pub"); i.move("revoked.new", "revoked") }, "the certificate's authority is revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			i.authority("ca")
			i.write("nothing", "")
			i.keygen("-k", "-f", "revoked", "nothing")
			i.server = "trusted_ca = [\"ca.pub\"]\nrevoked_keys = \"revoked\""
			i.lend()
			i.start()
			certificate := i.certify("ca", "key_alice", "c", append([]string{"-n", "alice", "-z", "7"}, c.args...)...)
			x := i.terminal("alice", "-o", "CertificateFile="+certificate)
			x.prompt()
			if c.change != nil {
				i.log.mark()
				c.change(i)
				i.writeServer()
				i.writeUsers()
			}
			if screen := x.wait(over); !strings.Contains(screen, "jailsh: your ") {
				t.Errorf("no word about it:\n%s", screen)
			}
			i.log.wait("msg=withdrawn", c.reason)
			refused(t, i.with(certificate, "alice", "--", "true"))
		})
	}
}

// revoke adds to the instance's list.
func (i *instance) revoke(spec string, args ...string) {
	i.t.Helper()
	i.write("spec", spec)
	i.keygen(slices.Concat([]string{"-k", "-u", "-f", "revoked"}, args, []string{"spec"})...)
}

// append appends one file of the instance to another.
func (i *instance) append(to, from string) {
	i.t.Helper()
	text, err := os.ReadFile(i.path(from))
	if err != nil {
		i.t.Fatal(err)
	}
	old, err := os.ReadFile(i.path(to))
	if err != nil && !os.IsNotExist(err) {
		i.t.Fatal(err)
	}
	i.write(to, string(old)+string(text))
}

func (i *instance) move(from, to string) {
	i.t.Helper()
	if err := os.Rename(i.path(from), i.path(to)); err != nil {
		i.t.Fatal(err)
	}
}

// With disconnect_expired_cert = false a certificate has to be good at the login.
func TestALoginMayOutliveItsCertificate(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.authority("ca")
	i.server = "trusted_ca = [\"ca.pub\"]\ndisconnect_expired_cert = false"
	i.lend()
	i.start()
	certificate := i.certify("ca", "key_alice", "c", "-n", "alice", "-V", "-1m:+8s")
	x := i.terminal("alice", "-o", "CertificateFile="+certificate)
	x.prompt()
	eventually(t, patience, func() string {
		if o := i.with(certificate, "alice", "--", "true"); o.code == 0 {
			return "it is still good"
		}
		return ""
	})
	i.reload()
	x.typed("echo still $((40+2))")
	x.wait("still 42")
}

// A list that can't be read lets nobody in: jailshd doesn't start with it, and one
// that runs keeps the list it has.
func TestABrokenListOfRevokedKeys(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = `revoked_keys = "revoked"`
	i.writeServer()
	i.writeUsers()
	if o := i.refusedStart(); !strings.Contains(o.err, i.path("revoked")+": revoked_keys: doesn't exist") {
		t.Errorf("without the list: %+v", o)
	}
	i.write("revoked", "SSHKRL\n\x00nonsense")
	if o := i.jailsh("check"); o.code != 1 || !strings.Contains(o.out+o.err, "revoked_keys: is no key revocation list that can be read") {
		t.Errorf("check: %+v", o)
	}
	i.write("revoked", "# nobody yet\n")
	i.start()
	i.sh("alice", "true")
	i.log.mark()
	i.write("revoked", i.person("alice").public+"\n")
	i.log.wait("reloaded the configuration")
	refused(t, i.ssh("alice", "--", "true"))
	i.log.mark()
	i.write("revoked", "SSHKRL\n\x00nonsense")
	i.log.wait("the old configuration stays in use")
	refused(t, i.ssh("alice", "--", "true"))
	i.sh("bob", "true")
	if o := i.jailsh("explain", "bob", "--key", i.key("bob")+".pub"); o.code == 0 {
		t.Errorf("explain goes on without the list: %+v", o)
	}
}

// Clients that trust the authority of the host's certificate need no key of it.
func TestHostCertificate(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.authority("ca")
	i.write("host_ed25519_key.pub", string(ssh.MarshalAuthorizedKey(i.hostKey)))
	certify := func(args ...string) {
		i.keygen(slices.Concat([]string{"-s", "ca", "-I", "host", "-h", "-n", "127.0.0.1,jails"}, args, []string{"host_ed25519_key.pub"})...)
	}
	certify("-V", "-1m:+3d")
	i.server = `host_certificates = ["host_ed25519_key-cert.pub"]`
	i.start()
	public, err := os.ReadFile(i.path("ca.pub"))
	if err != nil {
		t.Fatal(err)
	}
	i.write("authority", "@cert-authority [127.0.0.1]:* "+string(public))
	trusting := []string{"-o", "UserKnownHostsFile=" + i.path("authority")}
	login := func(args ...string) output {
		return i.ssh("alice", slices.Concat(trusting, args, []string{"--", "echo in"})...)
	}
	if o := login(); o.out != "in\n" {
		t.Errorf("with the authority: %+v", o)
	}
	if o := login("-o", "HostKeyAlgorithms=ssh-ed25519"); o.code != 255 {
		t.Errorf("the key by itself: %+v", o)
	}
	if o := login("-o", "HostKeyAlias=elsewhere"); o.code != 255 {
		t.Errorf("for another host: %+v", o)
	}
	i.sh("alice", "true") // whoever knows the key needs no certificate
	if o := i.jailsh("check"); !strings.Contains(o.out+o.err, "host_certificates[0]: ") || !strings.Contains(o.out+o.err, "and then clients don't get it") {
		t.Errorf("check says nothing of the end: %+v", o)
	}

	// Another one is shown at once; one that is no good leaves the old.
	i.log.mark()
	certify("-V", "-1m:+300d", "-n", "elsewhere")
	i.log.wait("reloaded the configuration")
	if o := login("-o", "HostKeyAlias=elsewhere", "-o", "UserKnownHostsFile="+i.path("elsewhere")); o.code != 255 {
		t.Errorf("a host that isn't known: %+v", o)
	}
	i.write("elsewhere", "@cert-authority elsewhere "+string(public))
	if o := i.ssh("alice", "-o", "HostKeyAlias=elsewhere", "-o", "UserKnownHostsFile="+i.path("elsewhere"), "--", "echo in"); o.out != "in\n" {
		t.Errorf("the new certificate: %+v", o)
	}
	for what, c := range map[string]struct {
		make func()
		says string
	}{
		"of a user": {func() {
			i.move(i.relative(i.certify("ca", "host_ed25519_key", "user", "-n", "x")), "host_ed25519_key-cert.pub")
		}, "is a user's certificate"},
		"of another": {func() {
			i.move(i.relative(i.certify("ca", "ca", "other", "-h", "-n", "x")), "host_ed25519_key-cert.pub")
		}, "is of none of host_keys"},
		"no longer any": {func() { i.write("host_ed25519_key-cert.pub", string(public)) }, "is a key, not a certificate"},
	} {
		i.log.mark()
		c.make()
		line := i.log.wait("the configuration is wrong", "host_ed25519_key-cert.pub: "+c.says)
		if !strings.Contains(line, "make one with: ssh-keygen -s CA -h") {
			t.Errorf("%s: %s", what, line)
		}
		if o := i.ssh("alice", "-o", "HostKeyAlias=elsewhere", "-o", "UserKnownHostsFile="+i.path("elsewhere"), "--", "echo in"); o.out != "in\n" {
			t.Errorf("%s: the old certificate is gone: %+v", what, o)
		}
		if o := i.jailsh("check"); o.code != 1 || !strings.Contains(o.out+o.err, c.says) {
			t.Errorf("%s: check: %+v", what, o)
		}
	}

	// One that isn't good now is no error: it isn't shown, and changes are used.
	for says, validity := range map[string]string{"has expired": "20200101:20200102", "is not valid yet": "+300d:+301d"} {
		i.log.mark()
		certify("-V", validity)
		i.log.wait("level=WARN", "a host certificate isn't shown to clients", "host_ed25519_key-cert.pub: "+says)
		i.log.wait("reloaded the configuration")
		if o := login(); o.code != 255 {
			t.Errorf("%s: with the authority: %+v", says, o)
		}
		if got := i.sh("alice", "echo in"); got != "in" {
			t.Errorf("%s: with the key: %q", says, got)
		}
		if o := i.jailsh("check", "--problems"); strings.Contains(o.out, says) {
			t.Errorf("%s: is a problem: %+v", says, o)
		}
		if o := i.jailsh("check"); !strings.Contains(o.out, "advice: ") || !strings.Contains(o.out, "host_ed25519_key-cert.pub\" "+says) {
			t.Errorf("%s: check: %+v", says, o)
		}
	}
	i.person("bob").gone = true
	i.reload()
	refused(t, i.ssh("bob", "--", "true"))
	i.stop()
	i.launch()
	i.log.wait("level=WARN", "a host certificate isn't shown to clients")
	i.log.wait("msg=listening")
	if got := i.sh("alice", "echo in"); got != "in" {
		t.Errorf("after a start: %q", got)
	}
}

func (i *instance) relative(path string) string { return filepath.Base(path) }

// Security devices, of which OpenSSH's tests have one in software: touch and
// verification are asked for as the line or the certificate says.
func TestSecurityDevices(t *testing.T) {
	t.Parallel()
	provider := filepath.Join(scripts, "misc/sk-dummy/sk-dummy.so")
	if _, err := os.Stat(provider); err != nil {
		t.Fatalf("%s - run: apt-get install openssh-tests", err)
	}
	i := newInstance(t)
	i.authority("ca")
	i.server = `trusted_ca = ["ca.pub"]`
	i.lend()
	line := func(name string) string {
		text, err := os.ReadFile(i.path(name + ".pub"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	options := map[string][]string{"touch": nil, "still": {"-O", "no-touch-required"}, "pin": {"-O", "verify-required"}}
	uid := 22000 // more users than an instance usually has
	for _, kind := range []string{"ed25519-sk", "ecdsa-sk"} {
		for name, o := range options {
			key := kind + "-" + name
			i.keygen(slices.Concat([]string{"-t", kind, "-w", provider, "-N", "", "-f", key}, o)...)
			for who, option := range map[string]string{"plain": "", "lax": "no-touch-required ", "strict": "verify-required "} {
				if who == "strict" && kind == "ecdsa-sk" {
					continue // refused by users.toml: it can't be checked
				}
				p := i.add(who+"-"+key, uid)
				uid++
				p.public, p.options = line(key), option
			}
		}
	}
	i.add("policy", uid).table = `pubkey_auth_options = ["touch-required"]`
	i.lendTo("policy", line("ed25519-sk-still"))
	i.start()
	login := func(user, key string, args ...string) bool {
		t.Helper()
		o := i.ssh(user, slices.Concat([]string{"-o", "SecurityKeyProvider=" + provider, "-o", "IdentityFile=" + i.path(key)}, args, []string{"--", "echo in"})...)
		if (o.out == "in\n") != (o.code == 0) {
			t.Errorf("%s with %s: %+v", user, key, o)
		}
		return o.code == 0
	}
	for _, kind := range []string{"ed25519-sk", "ecdsa-sk"} {
		for name, want := range map[string]map[string]bool{
			"touch": {"plain": true, "lax": true, "strict": false},
			"still": {"plain": false, "lax": true, "strict": false},
			"pin":   {"plain": true, "lax": true, "strict": true},
		} {
			key := kind + "-" + name
			for who, good := range want {
				if who == "strict" && kind == "ecdsa-sk" {
					continue
				}
				if got := login(who+"-"+key, key); got != good {
					t.Errorf("%s with %s: let in %v", who, key, got)
				}
			}
			for what, c := range map[string]struct {
				args []string
				good bool
			}{
				"plain":  {nil, name != "still"},
				"waives": {[]string{"-O", "no-touch-required"}, true},
				"asks":   {[]string{"-O", "verify-required"}, name == "pin"},
			} {
				cert := i.certify("ca", key, key+"-"+what, append([]string{"-n", "alice"}, c.args...)...)
				if got := login("alice", key, "-o", "CertificateFile="+cert); got != c.good {
					t.Errorf("certificate %s with %s: let in %v", what, key, got)
				}
			}
		}
	}
	if login("policy", "ed25519-sk-still") {
		t.Error("pubkey_auth_options doesn't hold")
	}
	cert := i.certify("ca", "ed25519-sk-still", "policy", "-n", "policy", "-O", "no-touch-required")
	if login("policy", "ed25519-sk-still", "-o", "CertificateFile="+cert) {
		t.Error("pubkey_auth_options doesn't hold for certificates")
	}
}

func (i *instance) lendTo(name, public string) {
	p := i.person(name)
	p.public, p.options = public, "no-touch-required "
}

// pubkey_algorithms and required_rsa_size.
func TestKeyPolicy(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.authority("ca")
	alice, bob := i.person("alice"), i.person("bob")
	for name, bits := range map[string]string{"small": "2048", "large": "3072"} {
		i.keygen("-t", "rsa", "-b", bits, "-N", "", "-f", name)
	}
	i.keygen("-t", "ecdsa", "-N", "", "-f", "curve")
	rsaLine := func(name string) string {
		text, err := os.ReadFile(i.path(name + ".pub"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	alice.table = fmt.Sprintf("authorized_keys = %q", i.path("more"))
	i.write("more", rsaLine("small")+"\n"+rsaLine("large")+"\n"+rsaLine("curve")+"\n")
	i.server = `trusted_ca = ["ca.pub"]
pubkey_algorithms = ["ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512"]
required_rsa_size = 3072`
	i.start()
	for _, c := range []struct {
		who    string
		args   []string
		reason string
	}{
		{"alice", []string{"-o", "IdentityFile=" + i.path("large")}, ""},
		{"alice", []string{"-o", "IdentityFile=" + i.path("small")}, "the key is an RSA key of 2048 bits, fewer than required_rsa_size"},
		{"alice", []string{"-o", "IdentityFile=" + i.path("curve")}, `algorithm \"ecdsa-sha2-nistp256\" not accepted`},
		{"bob", nil, "the key is of the type ssh-ed25519, which pubkey_algorithms leaves out"},
		{"bob", []string{"-o", "CertificateFile=" + i.certifyOf("ca", bob)}, ""},
	} {
		i.log.mark()
		o := i.ssh(c.who, append(c.args, "--", "echo in")...)
		if (o.out == "in\n") != (c.reason == "") {
			t.Errorf("%s %q: %+v", c.who, c.args, o)
		}
		if c.reason != "" {
			i.log.wait("msg=refused", c.reason)
		}
	}
	if e := i.jailsh("explain", "bob"); e.code != 1 || !strings.Contains(e.out, "refused: the key is of the type ssh-ed25519, which pubkey_algorithms leaves out") {
		t.Errorf("explain: %+v", e)
	}
}

// certifyOf certifies a person's key for her name.
func (i *instance) certifyOf(authority string, p *person) string {
	i.t.Helper()
	i.write("key_"+p.name+".pub", p.public+"\n")
	return i.certify(authority, "key_"+p.name, "cert_"+p.name, "-n", p.name)
}

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// homeWithQuota is a home of which the file system says how much it may hold:
// beyond that a write is EDQUOT. It is btrfs, whose quotas are its own: those of ext4
// and XFS are in fewer kernels. A limit of jailsh's own is another's test
// (jail/quota), since it needs one of these.
func homeWithQuota(t *testing.T, uid int, limit string) string {
	t.Helper()
	image, dir := filepath.Join(t.TempDir(), "image"), filepath.Join(place(), "quota")
	mkdir(t, dir)
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 128<<20); err != nil { // it makes none of less than 109 MiB
		t.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	t.Cleanup(func() {
		if o := run(t, nil, "umount", "--lazy", dir); o.code != 0 {
			t.Error(o.err)
		}
	})
	for _, c := range [][]string{
		{"mkfs.btrfs", "-q", image},
		{"mount", "-o", "loop", image, dir},
		{"btrfs", "quota", "enable", dir},
		{"btrfs", "subvolume", "create", home},
		{"btrfs", "qgroup", "limit", limit, home},
		{"chown", fmt.Sprintf("%d:%d", uid, uid), home},
	} {
		if o := run(t, nil, c[0], c[1:]...); o.code != 0 {
			t.Fatalf("%q: %s", c, o.err)
		}
	}
	return home
}

// Who is at the quota of her home is told so by what writes: her own programs,
// sftp and scp, each with a status. What fitted stays, she can log in and make
// room, and go on in the same session.
func TestAFullQuota(t *testing.T) {
	t.Parallel()
	const over, limit = "Disk quota exceeded", 4 << 20
	i := newInstance(t)
	alice := i.person("alice")
	alice.table = fmt.Sprintf("home = %q", homeWithQuota(t, alice.uid, "4M"))
	i.start()
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, 2*limit), 0o600); err != nil {
		t.Fatal(err)
	}

	if o := i.ssh("alice", "--", "head -c 8000000 /dev/zero > big; s=$?; stat -c %s big; exit $s"); o.code != 1 || !strings.Contains(o.err, over) {
		t.Errorf("a program: %+v", o)
	} else if n := atoi(strings.TrimSpace(o.out)); n < limit/2 || n > limit {
		t.Errorf("%d bytes fitted into %d", n, limit)
	}
	if o := i.ssh("alice", "--", "echo still here"); o.out != "still here\n" {
		t.Errorf("a login at the quota: %+v", o)
	}
	i.sh("alice", "rm big")

	// These say "Failure", whatever a server gives for a reason.
	if o := i.sftp("alice", "put "+big+" big"); o.code == 0 || !strings.Contains(o.err, `write remote "/home/alice/big": Failure`) {
		t.Errorf("sftp: %+v", o)
	}
	i.sh("alice", "rm big")
	if o := run(t, nil, "scp", append(i.options("alice"), big, "alice@127.0.0.1:big")...); o.code == 0 || !strings.Contains(o.err, `write remote "big": Failure`) {
		t.Errorf("scp: %+v", o)
	}
	i.sh("alice", "rm big")

	f := serveFiles(t, i.client("alice", ""))
	data, name := strings.Repeat("x", 32<<10), f.open("big", fxfWrite|fxfCreate)
	f.say(fxp(fxpWrite, 1, name, uint64(0), data))
	if status, _ := f.status(); status != 0 {
		t.Errorf("the first write: status %d", status)
	}
	var status int
	var reason string
	for offset := len(data); status == 0 && offset < 2*limit; offset += len(data) {
		f.say(fxp(fxpWrite, 2, name, uint64(offset), data))
		status, reason = f.status()
	}
	if status != 4 || !strings.EqualFold(reason, over) { // SSH_FX_FAILURE
		t.Errorf("sftp over the quota: status %d, %q", status, reason)
	}
	f.say(fxp(fxpClose, 3, name))
	if status, _ := f.status(); status != 0 {
		t.Errorf("close: status %d", status)
	}
	f.say(fxp(fxpRemove, 4, "big"))
	if status, _ := f.status(); status != 0 {
		t.Errorf("remove: status %d", status)
	}
	f.say(fxp(fxpWrite, 5, f.open("small", fxfWrite|fxfCreate), uint64(0), "x"))
	if status, _ := f.status(); status != 0 {
		t.Errorf("a write with room again: status %d", status)
	}
}

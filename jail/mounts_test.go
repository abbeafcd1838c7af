package jail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/jail"
	"golang.org/x/sys/unix"
)

func folder(t *testing.T, uid int, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, f), uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, uid, uid); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMountsAreReadOnlyUnlessAskedFor(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Mounts = []jail.Bind{
		{Source: folder(t, 20001, "lesson"), Target: "/course"},
		{Source: folder(t, 20001, "draft"), Target: "/srv/deep/work", Writable: true},
		{Source: filepath.Join(folder(t, 20001, "one"), "one"), Target: "/srv/file"},
		{Source: "/nonexistent", Target: "/gone", Optional: true},
	}
	c := enter(t, cells, a)
	if got := output(t, c, "cat /course/lesson /srv/deep/work/draft /srv/file"); got != "lessondraftone" {
		t.Error(got)
	}
	output(t, c, "touch /srv/deep/work/new")
	if r := run(t, c, "touch /course/new"); !strings.Contains(r.err, "Read-only") {
		t.Errorf("%+v", r)
	}
	if r := run(t, c, "echo >>/srv/file"); !strings.Contains(r.err, "Read-only") {
		t.Errorf("%+v", r)
	}
}

// A bind takes no flags of its own, and a remount forgets what is mounted below
// it: flags are set recursively.
func TestAMountBelowAReadOnlyMountIsReadOnlyToo(t *testing.T) {
	cells, _ := newCells(t)
	source := folder(t, 20001)
	below := filepath.Join(source, "below")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", below, "tmpfs", 0, "mode=1777"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(below, unix.MNT_DETACH) })
	a := account(t, "alice", 20001)
	a.Mounts = []jail.Bind{{Source: source, Target: "/course"}}
	c := enter(t, cells, a)
	if r := run(t, c, "touch /course/below/new"); !strings.Contains(r.err, "Read-only") {
		t.Errorf("%+v", r)
	}
	if got := output(t, c, "grep ' /course' /proc/self/mounts | grep -vE 'ro,nosuid,nodev' ; true"); got != "" {
		t.Errorf("without ro,nosuid,nodev: %s", got)
	}
}

func TestAMountSourceBehindALinkIsRefused(t *testing.T) {
	cells, _ := newCells(t)
	source := folder(t, 20001)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(source, link); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "gone")
	a := account(t, "alice", 20001)
	a.Mounts = []jail.Bind{{Source: link, Target: "/course"}, {Source: gone, Target: "/gone"}}
	_, _, err := open(t, cells, a)
	if err == nil || !strings.Contains(err.Error(), `write source = "`+source+`"`) || !strings.Contains(err.Error(), gone+": doesn't exist") {
		t.Error(err)
	}
}

// The user owns her home and can put a link where a mount is to go. It must not
// lead the mount anywhere else (CVE-2021-30465).
func TestAMountTargetBehindALinkIsRefused(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Mounts = []jail.Bind{{Source: folder(t, 20001, "x"), Target: "/home/alice/course"}}
	if err := os.Mkdir(a.Home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(a.Home, "course")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(a.Home, 20001, 20001); err != nil {
		t.Fatal(err)
	}
	if _, _, err := open(t, cells, a); err == nil || !strings.Contains(err.Error(), "too many levels of symbolic links") {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(a.Home, "course")); err != nil {
		t.Fatal(err)
	}
	if got := output(t, enter(t, cells, a), "cat ~/course/x"); got != "x" {
		t.Error(got)
	}
}

func TestATargetInAReadOnlyTemplateMustExist(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Mounts = []jail.Bind{{Source: folder(t, 20001), Target: "/usr/nothing/here"}}
	if _, _, err := open(t, cells, a); err == nil || !strings.Contains(err.Error(), "choose one that is there") {
		t.Error(err)
	}
}

// The plan knows which targets can be there, so that `jailsh check` does.
func TestPlanLooksAtTargets(t *testing.T) {
	a := account(t, "alice", 20001)
	course := folder(t, 20001, "notes")
	notes := filepath.Join(course, "notes")
	for _, c := range []struct {
		mounts []jail.Bind
		want   string // of the error; "": none
	}{
		{[]jail.Bind{{Source: course, Target: "/course"}, {Source: course, Target: "/data/deep/down"}}, ""},
		{[]jail.Bind{{Source: course, Target: "/home/alice/deep/down"}, {Source: course, Target: "/tmp/x"}}, ""},
		{[]jail.Bind{{Source: course, Target: "/usr/lib"}, {Source: notes, Target: "/etc/motd"}}, ""},
		{[]jail.Bind{{Source: course, Target: "/course"}, {Source: notes, Target: "/course/notes"}}, ""},
		{[]jail.Bind{{Source: course, Target: "/course", Writable: true}, {Source: course, Target: "/course/new"}}, ""},
		{[]jail.Bind{{Source: course, Target: "/usr/nothing"}}, "/usr/nothing: the template basic doesn't have it"},
		{[]jail.Bind{{Source: course, Target: "/bin/x"}}, "/bin/x: the template basic doesn't have it"},
		{[]jail.Bind{{Source: course, Target: "/bin"}}, "/bin: leads through the link /bin of the template basic"},
		{[]jail.Bind{{Source: course, Target: "/etc/motd"}}, "a file on a file"},
		{[]jail.Bind{{Source: notes, Target: "/usr/lib"}}, "mounted on a folder"},
		{[]jail.Bind{{Source: course, Target: "/course"}, {Source: course, Target: "/course/other"}}, "/course/other: " + course + " doesn't have it"},
	} {
		a.Mounts = c.mounts
		_, err := jail.Plan(a)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.mounts, err, c.want)
		}
		a.Home = filepath.Join(t.TempDir(), "alice")
		cells, _ := newCells(t)
		if _, _, opened := open(t, cells, a); err == nil && opened != nil {
			t.Errorf("%+v: the plan is good, and the build says: %v", c.mounts, opened)
		}
	}
}

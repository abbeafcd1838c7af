package recordings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/seal"
	"golang.org/x/sys/unix"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "recordings")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &Store{Dir: dir}
}

// create makes a recording of so many bytes that began, and if it is finished ended, at
// a time.
func create(t *testing.T, s *Store, user string, at time.Time, session uint32, size int, finished bool) (name string, seals *os.File) {
	t.Helper()
	name, err := Name(at, "0a1b2c3d", session)
	if err != nil {
		t.Fatal(err)
	}
	cast, seals, err := s.Create(user, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { seals.Close() })
	if _, err := cast.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	cast.Close()
	if finished {
		fmt.Fprintf(seals, `{"head":"%064d","time":%q,"final":true}`+"\n", 0, at.Add(time.Minute).Format(time.RFC3339))
		seals.Close()
	}
	if err := os.Chtimes(filepath.Join(s.Dir, user, name), at, at); err != nil {
		t.Fatal(err)
	}
	return name, seals
}

func names(list []Entry) string {
	var b []string
	for _, e := range list {
		b = append(b, e.User+"/"+e.Name[len(e.Name)-6:len(e.Name)-5]+" "+string(e.State))
	}
	return strings.Join(b, ", ")
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	name, seals := create(t, s, "alice", time.Now(), 1, 10, false)
	for path, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, name: 0o600, name + seal.Suffix: 0o600} {
		if info, err := os.Lstat(filepath.Join(s.Dir, "alice", path)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v, want %v", path, info.Mode(), err, want)
		}
	}
	if _, _, err := s.Create("alice", name); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same again: %v", err)
	}
	flags, err := unix.FcntlInt(seals.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_APPEND == 0 || flags&unix.O_ACCMODE != unix.O_WRONLY {
		t.Errorf("flags %#x: %v", flags, err)
	}
	for _, user := range []string{"", "..", "a/b", "../bob", "-a"} {
		if _, _, err := s.Create(user, name); err == nil {
			t.Errorf("user %q has a folder", user)
		}
	}
	for _, ref := range []string{"", "../../x", "0A1B2C3D", "0a1b2c3d/", "0a1b2c3d\n"} {
		if name, err := Name(time.Now(), ref, 1); err == nil {
			t.Errorf("reference %q makes %q", ref, name)
		}
	}
}

// What lies in the way is not followed, and not written to.
func TestCreateRefusesLinks(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	elsewhere := t.TempDir()
	if err := os.Chmod(elsewhere, 0o700); err != nil {
		t.Fatal(err)
	}
	name, err := Name(time.Now(), "0a1b2c3d", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(s.Dir, "alice")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "bob"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(elsewhere, "x"), filepath.Join(s.Dir, "bob", name)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "carol"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(s.Dir, "carol"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"alice", "bob", "carol"} {
		if _, _, err := s.Create(user, name); err == nil {
			t.Errorf("%s: was made", user)
		}
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
		t.Errorf("elsewhere there is %v %v", left, err)
	}
	if left, err := filepath.Glob(filepath.Join(s.Dir, "bob", "*"+seal.Suffix)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	now := time.Now().UTC().Truncate(time.Second)
	create(t, s, "bob", now.Add(-time.Hour), 2, 10, true)
	create(t, s, "alice", now.Add(-2*time.Hour), 1, 10, false)
	_, seals := create(t, s, "alice", now.Add(-time.Minute), 3, 10, false)
	seals.Close()
	list, err := s.List("")
	if err != nil || names(list) != "alice/1 recording, bob/2 finished, alice/3 unfinished" {
		t.Fatalf("%s %v", names(list), err)
	}
	if e := list[1]; e.Began != now.Add(-time.Hour) || e.Ended.Sub(e.Began) != time.Minute || e.Bytes < 10+100 {
		t.Errorf("%+v", e)
	}
	if list, err := s.List("bob"); err != nil || names(list) != "bob/2 finished" {
		t.Errorf("%s %v", names(list), err)
	}
	for _, called := range []string{list[1].Called(), list[1].Called() + ".cast"} {
		cast, seals, err := s.Open(called)
		if err != nil || seals == nil {
			t.Fatal(err)
		}
		cast.Close()
		seals.Close()
	}
	if _, _, err := s.Open("bob/../alice/" + list[0].Name); err == nil {
		t.Error("a name leads elsewhere")
	}
}

// Of recordings of one second the oldest goes first too, whatever they are called.
func TestSweepOfOneSecond(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	at := time.Date(2030, 1, 2, 15, 4, 5, 0, time.UTC)
	create(t, s, "alice", at, 2, 1000, true)
	create(t, s, "alice", at.Add(time.Second/2), 1, 100, true)
	removed, err := s.Sweep(at.Add(time.Minute), Retention{Size: 1000})
	if got := names(removed); err != nil || got != "alice/2 finished" {
		t.Errorf("removed is %s, %v", got, err)
	}
}

// Retention removes what is old and what is too much, the oldest first and of one user
// only, and never what is being written.
func TestSweep(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tc := range []struct {
		keep Retention
		left string
	}{
		{Retention{}, "alice/1 recording, alice/2 finished, alice/3 unfinished, alice/4 finished, bob/5 finished"},
		{Retention{Age: 150 * time.Minute}, "alice/1 recording, alice/4 finished, bob/5 finished"},
		{Retention{Size: 30000}, "alice/1 recording, alice/4 finished, bob/5 finished"},
		{Retention{Size: 10}, "alice/1 recording"},
		{Retention{Age: time.Second}, "alice/1 recording"},
	} {
		s := newStore(t)
		create(t, s, "alice", now.Add(-5*time.Hour), 1, 10000, false)
		create(t, s, "alice", now.Add(-4*time.Hour), 2, 10000, true)
		_, seals := create(t, s, "alice", now.Add(-3*time.Hour), 3, 10000, false)
		seals.Close()
		create(t, s, "alice", now.Add(-2*time.Hour), 4, 10000, true)
		create(t, s, "bob", now.Add(-time.Hour), 5, 10000, true)
		lost := filepath.Join(s.Dir, "bob", "20010101T000000Z-0a1b2c3d-1.cast"+seal.Suffix)
		if err := os.WriteFile(lost, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		removed, err := s.Sweep(now, tc.keep)
		list, listErr := s.List("")
		if err != nil || listErr != nil || names(list) != tc.left || len(removed)+len(list) != 5 {
			t.Errorf("%+v: left %s, removed %d: %v %v", tc.keep, names(list), len(removed), err, listErr)
		}
		if seals, err := filepath.Glob(filepath.Join(s.Dir, "*", "*"+seal.Suffix)); err != nil || len(seals) != len(list) {
			t.Errorf("%+v: seals %v %v", tc.keep, seals, err)
		}
	}
}

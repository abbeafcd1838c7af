package totp

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var noon = time.Unix(1_900_000_000, 0)

func enrolled(t *testing.T) (Store, Secret) {
	t.Helper()
	s := Store{filepath.Join(t.TempDir(), "totp")}
	secret := NewSecret()
	if err := s.Enrol("alice", secret, "", noon); err != nil {
		t.Fatal(err)
	}
	return s, secret
}

func codeAt(secret Secret, at time.Time) string { return codeOf(secret, stepOf(at)) }

// A code is good once, and then no earlier one is: also for a Store that has just
// been opened, as after a restart.
func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	s, secret := enrolled(t)
	for n, c := range []struct {
		code string
		want error
	}{
		{"000000", ErrWrong},
		{codeAt(secret, noon), nil},
		{codeAt(secret, noon), ErrUsed},
		{codeAt(secret, noon.Add(-period)), ErrUsed},
		{codeAt(secret, noon.Add(period)), nil},
		{codeAt(secret, noon), ErrUsed},
	} {
		again := Store{s.Dir}
		if got := again.Verify("alice", c.code, noon); !errors.Is(got, c.want) {
			t.Errorf("%d: %v, not %v", n, got, c.want)
		}
	}
}

// Of many connections with the same code one gets in.
func TestACodeIsGoodOnceAtATime(t *testing.T) {
	t.Parallel()
	s, secret := enrolled(t)
	var accepted atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			switch err := (Store{s.Dir}).Verify("alice", codeAt(secret, noon), noon); {
			case err == nil:
				accepted.Add(1)
			case !errors.Is(err, ErrUsed):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if accepted.Load() != 1 {
		t.Errorf("%d got in", accepted.Load())
	}
}

// A code whose use can't be written down lets nobody in, and is good later.
func TestACodeThatCanNotBeWrittenDownIsRefused(t *testing.T) {
	t.Parallel()
	s, secret := enrolled(t)
	// A folder in the place of the file that is renamed over: root may write anywhere.
	path := s.path("alice")
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.read("alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := s.write("alice", e); err == nil {
		t.Error("written over a folder")
	}
	if err := s.Verify("alice", codeAt(secret, noon), noon); err == nil {
		t.Error("accepted")
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir, ".new.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, saved, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify("alice", codeAt(secret, noon), noon); err != nil {
		t.Error(err)
	}
}

// What others could have read or written, and what is damaged, lets nobody in.
func TestBadFilesLetNobodyIn(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(s Store) error{
		"readable by others": func(s Store) error { return os.Chmod(s.path("alice"), 0o640) },
		"writable folder":    func(s Store) error { return os.Chmod(s.Dir, 0o777) },
		"of somebody else":   func(s Store) error { return os.Chown(s.path("alice"), 4711, 0) },
		"a link": func(s Store) error {
			return errors.Join(os.Rename(s.path("alice"), s.path("there")), os.Symlink("there", s.path("alice")))
		},
		"empty":     func(s Store) error { return os.WriteFile(s.path("alice"), nil, 0o600) },
		"cut":       func(s Store) error { return os.Truncate(s.path("alice"), 50) },
		"too large": func(s Store) error { return os.Truncate(s.path("alice"), 1<<30) },
		"no secret": func(s Store) error { return os.WriteFile(s.path("alice"), []byte("secret \nused 0\n"), 0o600) },
		"a folder":  func(s Store) error { return errors.Join(os.Remove(s.path("alice")), os.Mkdir(s.path("alice"), 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, secret := enrolled(t)
			if err := spoil(s); err != nil {
				t.Fatal(err)
			}
			err := s.Verify("alice", codeAt(secret, noon), noon)
			if err == nil || errors.Is(err, ErrNotEnrolled) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestEnrol(t *testing.T) {
	t.Parallel()
	s, first := enrolled(t)
	if info, err := os.Stat(s.path("alice")); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if info, err := os.Stat(s.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	second := NewSecret()
	if err := s.Enrol("alice", second, "123456", noon); !errors.Is(err, ErrWrong) {
		t.Errorf("confirmed by a wrong code: %v", err)
	}
	if err := s.Enrol("alice", second, codeAt(second, noon), noon); err != nil {
		t.Fatal(err)
	}
	// The code that confirmed it is used up, and the first secret is gone.
	if err := s.Verify("alice", codeAt(second, noon), noon); !errors.Is(err, ErrUsed) {
		t.Errorf("%v", err)
	}
	if err := s.Verify("alice", codeAt(first, noon.Add(period)), noon); !errors.Is(err, ErrWrong) {
		t.Errorf("%v", err)
	}
	if err := s.Verify("alice", codeAt(second, noon.Add(period)), noon); err != nil {
		t.Error(err)
	}
	if err := s.Enrolled("alice"); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.Remove("alice")); err != nil {
		t.Error(err)
	}
	for _, err := range []error{s.Enrolled("alice"), s.Remove("alice"), s.Verify("alice", "", noon), Store{"/nowhere"}.Verify("alice", "", noon), Store{"/nowhere"}.Enrolled("alice")} {
		if !errors.Is(err, ErrNotEnrolled) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte("secret " + strings.Repeat("A", 32) + "\nused 63333333\n"))
	f.Add([]byte("secret A\nused -1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parseEntry(text)
		if err == nil && string(e.text()) != string(text) {
			t.Fatalf("%q came back as %q", text, e.text())
		}
	})
}

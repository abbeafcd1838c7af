package template

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

func TestBuildAgain(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	var built []*Info
	for range 3 {
		built = append(built, mustBuild(t, o))
		if got, err := Open(o.Dir, "t"); err != nil || got.Root != built[len(built)-1].Root {
			t.Errorf("opened %+v, %v", got, err)
		}
	}
	for i, want := range []bool{false, true, true} {
		if _, err := os.Lstat(built[i].Root); (err == nil) != want {
			t.Errorf("build %d of 3: %v", i+1, err)
		}
	}
}

func TestBuildDiskFull(t *testing.T) {
	t.Parallel()
	host := mergedUsr()
	o := options(t, host, shellProfile)
	if err := os.Mkdir(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", o.Dir, "tmpfs", 0, "size=1m,mode=0755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(o.Dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	info := mustBuild(t, o)
	before := left(t, o)

	big := o
	big.Profiles = fstest.MapFS{"t.toml": {Data: []byte(shellProfile + `package.big.paths = ["/usr/share/big"]`)}}
	tree{"usr/share/big/1": strings.Repeat("x", 600<<10), "usr/share/big/2": strings.Repeat("y", 600<<10)}.on(t, o.host.Dir)
	_, err := Build(t.Context(), big)
	want := fmt.Sprintf("no space left on device - free some space in %s, nothing was changed", o.Dir)
	if err == nil || !strings.HasPrefix(err.Error(), "template t: copying /usr/share/big/") || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want ... %s", err, want)
	}
	if got := left(t, o); !slices.Equal(got, before) {
		t.Errorf("left %v, before it was %v", got, before)
	}
	if got, err := Open(o.Dir, "t"); err != nil || got.Root != info.Root {
		t.Errorf("%+v is current, %v", got, err)
	}
	mustBuild(t, o) // the space is free again
}

func TestBuildNoexec(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	if err := os.Mkdir(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", o.Dir, "tmpfs", unix.MS_NOEXEC, "size=1m,mode=0755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(o.Dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "builds: is mounted noexec, ") {
		t.Errorf("got %v", err)
	}
}

func TestBuildSpread(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	mustBuild(t, o)
	flags := func(name string, set bool) uint32 {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if set {
			unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, topdir)
		}
		flags, _ := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
		return flags & topdir
	}
	if got, can := flags(filepath.Join(o.Dir, "t/builds"), false), flags(t.TempDir(), true); got != can {
		t.Errorf("flags are %#x, could be %#x", got, can)
	}
}

func TestBuildKeepsOld(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	first := mustBuild(t, o)
	mustBuild(t, o)
	if err := unix.Mount("tmpfs", first.Root, "tmpfs", 0, ""); err != nil { // can't be moved nor removed
		t.Fatal(err)
	}
	unmount := func() { unix.Unmount(first.Root, unix.MNT_DETACH) }
	t.Cleanup(unmount)
	info, err := Build(t.Context(), o)
	if info == nil || err == nil || !strings.Contains(err.Error(), "the new build is in place, but an old one is still there: ") {
		t.Errorf("got %v, %v", info, err)
	}
	if got, err := Open(o.Dir, "t"); err != nil || info == nil || got.Root != info.Root {
		t.Errorf("%+v is current, %v", got, err)
	}
	unmount()
	for _, name := range left(t, o) {
		unix.Unmount(filepath.Join(o.Dir, name), unix.MNT_DETACH)
	}
	mustBuild(t, o)
}

func TestBuildAfterKill(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	info := mustBuild(t, o)
	killed := filepath.Join(o.Dir, "t/builds/.tmp-20260101T000000Z-00000000")
	if err := errors.Join(os.MkdirAll(filepath.Join(killed, "root/usr"), 0o755), os.Symlink("builds/x", filepath.Join(o.Dir, "t/.tmp-current"))); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(o.Dir, "t"); err != nil || got.Root != info.Root {
		t.Errorf("opened %+v, %v", got, err)
	}
	mustBuild(t, o)
	for _, name := range left(t, o) {
		if strings.Contains(name, tempPrefix) {
			t.Errorf("%s is still there", name)
		}
	}
}

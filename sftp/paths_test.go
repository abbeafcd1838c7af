package sftp

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/sftp/options"
	"golang.org/x/sys/unix"
)

func TestRenameReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	a, b := write(t, filepath.Join(dir, "a"), "a"), write(t, filepath.Join(dir, "b"), "b")
	wantStatus(t, statusFailure, say(typeRename, 1, a, b))
	if read(t, b) != "b" {
		t.Error("replaced")
	}
	wantStatus(t, statusOK, say(typeRename, 1, a, filepath.Join(dir, "c")))
	wantStatus(t, statusOK, say(typeExtended, 1, "posix-rename@openssh.com", filepath.Join(dir, "c"), b))
	if read(t, b) != "a" {
		t.Error("not replaced")
	}
	write(t, a, "a")
	if err := renameByLink(a, b); err == nil {
		t.Error("renameByLink replaces")
	}
	if err := renameByLink(a, filepath.Join(dir, "d")); err != nil || read(t, filepath.Join(dir, "d")) != "a" {
		t.Error(err)
	}
}

func TestLinks(t *testing.T) {
	dir := t.TempDir()
	file, soft, hard := write(t, filepath.Join(dir, "f"), "x"), filepath.Join(dir, "soft"), filepath.Join(dir, "hard")
	all := must(t, []byte{typeStatus, typeName, typeAttrs, typeAttrs, typeStatus, typeAttrs},
		say(typeSymlink, 1, "f", soft), say(typeReadlink, 2, soft), say(typeLstat, 3, soft), say(typeStat, 4, soft),
		say(typeExtended, 5, "hardlink@openssh.com", file, hard), say(typeStat, 6, hard))
	if all[1].data() != "f" || all[2].attrs().mode&unix.S_IFMT != unix.S_IFLNK || all[3].attrs().size != 1 || all[5].attrs().size != 1 {
		t.Errorf("%v", all)
	}
	wantStatus(t, statusBadMessage, say(typeReadlink, 1, file))
}

func TestFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	wantStatus(t, statusOK, say(typeMkdir, 1, dir, attrs{flags: attrPermissions, mode: 0o700}))
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
	wantStatus(t, statusFailure, say(typeMkdir, 1, dir, attrs{}))
	write(t, filepath.Join(dir, "f"), "")
	wantStatus(t, statusFailure, say(typeRmdir, 1, dir))
	wantStatus(t, statusOK, say(typeRemove, 1, filepath.Join(dir, "f")), say(typeRmdir, 2, dir))
	wantStatus(t, statusNoSuchFile, say(typeOpendir, 1, dir))
}

func TestSetstat(t *testing.T) {
	dir := t.TempDir()
	file, link := write(t, filepath.Join(dir, "f"), "hello"), filepath.Join(dir, "l")
	if err := os.Symlink("f", link); err != nil {
		t.Fatal(err)
	}
	all := attrs{flags: allAttrs, size: 2, uid: uint32(os.Getuid()), gid: uint32(os.Getgid()), mode: 0o604, atime: 5, mtime: 7}
	check := func(path string, want attrs) {
		t.Helper()
		got := must(t, []byte{typeAttrs}, say(typeLstat, 1, path))[0].attrs()
		got.mode &= permissions
		if got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
	wantStatus(t, statusOK, say(typeSetstat, 1, link, all))
	check(file, all)
	all.size, all.mtime, all.mode = 4, 9, 0o755
	wantStatus(t, statusOK, open(file, openWrite), say(typeFsetstat, 2, first, all))
	check(file, all)
	// The link itself has times and an owner; neither size nor mode.
	times := attrs{flags: attrTimes, atime: 11, mtime: 13}
	wantStatus(t, statusOK, say(typeExtended, 1, "lsetstat@openssh.com", link, times))
	check(file, all)
	if got := must(t, []byte{typeAttrs}, say(typeLstat, 1, link))[0].attrs(); got.mtime != 13 {
		t.Errorf("the link: %+v", got)
	}
	wantStatus(t, statusBadMessage, say(typeExtended, 1, "lsetstat@openssh.com", link, attrs{flags: attrSize, size: 1}))
	wantStatus(t, statusBadMessage, say(typeSetstat, 1, file, attrs{flags: attrSize, size: 1 << 63}))
	wantStatus(t, statusNoSuchFile, say(typeSetstat, 1, filepath.Join(dir, "none"), times))
}

func TestRealpath(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.MkdirAll("sub/deep", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, holds := range map[string]string{"abs": dir + "/sub", "rel": "sub/deep", "up": "../" + filepath.Base(dir), "loop": "loop", "dangling": "sub/none"} {
		if err := os.Symlink(holds, link); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"": dir, ".": dir, "/": "/", "//": "/", "/..": "/", "/../..//": "/", "sub": dir + "/sub", "sub/": dir + "/sub", "./sub/./deep/..": dir + "/sub",
		"new": dir + "/new", "sub/new/": dir + "/sub/new", "abs": dir + "/sub", "abs/deep": dir + "/sub/deep", "rel/..": dir + "/sub",
		"up/sub": dir + "/sub", "dangling": dir + "/sub/none",
	} {
		if got := must(t, []byte{typeName}, say(typeRealpath, 1, path))[0].data(); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]status{
		"new/below": statusNoSuchFile, "loop": statusNoSuchFile, strings.Repeat("sub/../", 3000) + "sub": ^status(0),
		"/" + strings.Repeat("y", 300): statusBadMessage,
	} {
		all, err := talk(t, options.None(), say(typeRealpath, 1, path))
		if err != nil || all[0].status() != want {
			t.Errorf("%.40q: %v %v", path, all, err)
		}
	}
}

func TestExpandPath(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	expand := func(path string) []byte { return say(typeExtended, 1, "expand-path@openssh.com", path) }
	for path, want := range map[string]string{"~": dir, "~/": dir, "~/x": dir + "/x", "x": dir + "/x", "/tmp/../x": "/x", "~root": "/root", "~root/x": "/root/x", "": dir} {
		if got := must(t, []byte{typeName}, expand(path))[0].data(); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	wantStatus(t, statusNoSuchFile, expand("~nobody-is-called-that/x"))
}

func TestNamesOfNumbers(t *testing.T) {
	r := must(t, []byte{typeExtendedReply}, say(typeExtended, 1, "users-groups-by-id@openssh.com", "\x00\x00\x00\x00\x7f\x00\x00\x01", "\x00\x00\x00\x00"))[0].r
	if users, groups := r.bytes(100), r.bytes(100); string(users) != "\x00\x00\x00\x04root\x00\x00\x00\x00" || string(groups) != "\x00\x00\x00\x04root" {
		t.Errorf("%q %q", users, groups)
	}
	home := func(name string) []byte { return say(typeExtended, 1, "home-directory", name) }
	if got := must(t, []byte{typeName}, home("root"))[0].data(); got != "/root" {
		t.Errorf("%q", got)
	}
	if got := must(t, []byte{typeName}, home(""))[0].data(); got != os.Getenv("HOME") {
		t.Errorf("%q", got)
	}
	wantStatus(t, statusNoSuchFile, home("nobody-is-called-that"))
}

func TestStatvfs(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "f"), "x")
	all := must(t, []byte{typeExtendedReply, typeHandle, typeExtendedReply},
		say(typeExtended, 1, "statvfs@openssh.com", path), open(path, openRead), say(typeExtended, 3, "fstatvfs@openssh.com", first))
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		t.Fatal(err)
	}
	for _, a := range []answer{all[0], all[2]} {
		var got []uint64
		for range 11 {
			got = append(got, a.r.u64())
		}
		if a.r.bad || len(a.r.rest) != 0 || got[0] != uint64(fs.Bsize) || got[2] != fs.Blocks || got[5] != fs.Files || got[10] != uint64(fs.Namelen) {
			t.Errorf("%v of %+v", got, fs)
		}
	}
}

func TestCopyData(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("0123456789", 100_000)
	from, to := write(t, filepath.Join(dir, "from"), text), filepath.Join(dir, "to")
	both := [][]byte{open(from, openRead|openWrite), open(to, openWrite|openCreate)}
	copyData := func(a string, offset, n uint64, b string, at uint64) []byte {
		return say(typeExtended, 3, "copy-data", a, offset, n, b, at)
	}
	for i, c := range []struct {
		offset, n, at uint64
		want          string
	}{{0, 0, 0, text}, {5, 3, 0, "567"}, {0, 2, 3, "\x00\x00\x0001"}, {999_998, 100, 0, "89"}, {2_000_000, 0, 0, ""}} {
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, statusOK, append(slices.Clone(both), copyData(first, c.offset, c.n, second, c.at))...)
		if got := read(t, to); got != c.want {
			t.Errorf("%d: %d bytes instead of %d", i, len(got), len(c.want))
		}
	}
	wantStatus(t, statusFailure, both[0], copyData(first, 0, 0, first, 5_000_000))
	wantStatus(t, statusFailure, both[0], both[0], copyData(first, 0, 0, second, 5_000_000))
	wantStatus(t, statusFailure, both[0], copyData(first, 0, 0, second, 0))
	wantStatus(t, statusNoSuchFile, append(both, copyData(second, 0, 0, first, 0))...) // to is open for writing alone
	if read(t, from) != text {
		t.Error("the source was changed")
	}
	wantStatus(t, statusOK, both[0], say(typeExtended, 2, "fsync@openssh.com", first))
}

func TestLongNames(t *testing.T) {
	s := &Server{accounts: accounts{users: map[uint32]string{5: "alice"}, groups: map[uint32]string{}}}
	for mode, want := range map[uint32]string{
		unix.S_IFREG | 0o644: "-rw-r--r--", unix.S_IFDIR | 0o1777: "drwxrwxrwt", unix.S_IFLNK | 0o777: "lrwxrwxrwx",
		unix.S_IFREG | 0o4755: "-rwsr-xr-x", unix.S_IFREG | 0o6600: "-rwS--S---", unix.S_IFIFO: "p---------", unix.S_IFDIR | 0o1000: "d--------T",
	} {
		if got := modeString(mode); got != want {
			t.Errorf("%o: %s, want %s", mode, got, want)
		}
	}
	got := s.longName("x y", &unix.Stat_t{Mode: unix.S_IFREG | 0o600, Nlink: 1, Uid: 5, Gid: 7, Size: 12, Mtim: unix.Timespec{Sec: 86400 * 45}})
	if want := "-rw-------    1 alice    7              12 Feb 15  1970 x y"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Read-only is that nothing changes, by any request; and each may be refused alone.
func TestWhatIsNotAllowed(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "f"), "hello")
	new := filepath.Join(dir, "new")
	mtime := attrs{flags: attrTimes | attrSize, size: 1, atime: 1, mtime: 1}
	ext := func(name string, fields ...any) []byte {
		return say(typeExtended, append([]any{1, name}, fields...)...)
	}
	changes := map[string][]byte{
		"write": say(typeWrite, 1, first, uint64(0), "x"), "setstat": say(typeSetstat, 1, file, mtime), "fsetstat": say(typeFsetstat, 1, first, mtime),
		"remove": say(typeRemove, 1, file), "mkdir": say(typeMkdir, 1, new, attrs{}), "rmdir": say(typeRmdir, 1, dir), "rename": say(typeRename, 1, file, new),
		"symlink": say(typeSymlink, 1, "x", new), "posix-rename": ext("posix-rename@openssh.com", file, new), "hardlink": ext("hardlink@openssh.com", file, new),
		"fsync": ext("fsync@openssh.com", first), "lsetstat": ext("lsetstat@openssh.com", file, mtime), "copy-data": ext("copy-data", first, uint64(0), uint64(0), second, uint64(0)),
	}
	others := map[string][]byte{
		"open": open(file, openRead), "close": say(typeClose, 1, second), "read": say(typeRead, 1, first, uint64(0), 1), "lstat": say(typeLstat, 1, file),
		"fstat": say(typeFstat, 1, first), "opendir": say(typeOpendir, 1, dir), "readdir": say(typeReaddir, 1, second), "realpath": say(typeRealpath, 1, file),
		"stat": say(typeStat, 1, file), "readlink": say(typeReadlink, 1, file), "statvfs": ext("statvfs@openssh.com", file), "fstatvfs": ext("fstatvfs@openssh.com", first),
		"limits": ext("limits@openssh.com"), "expand-path": ext("expand-path@openssh.com", "~"), "home-directory": ext("home-directory", ""),
		"users-groups-by-id": ext("users-groups-by-id@openssh.com", "", ""),
	}
	unchanged := func(what string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || read(t, file) != "hello" {
			t.Fatalf("%s: %v, %v", what, entries, err)
		}
	}
	ask := func(o options.Options, what []byte) status {
		t.Helper()
		all, err := talk(t, o, open(file, openRead), say(typeOpendir, 1, dir), what)
		if err != nil || len(all) != 3 {
			t.Fatal(all, err)
		}
		return all[2].status()
	}
	readOnly := options.None()
	readOnly.ReadOnly = true
	for name, what := range changes {
		if got := ask(readOnly, what); got != statusDenied {
			t.Errorf("read-only: %s: %v", name, got)
		}
		unchanged(name)
	}
	for _, bits := range []int{openWrite, openRead | openWrite, openRead | openCreate, openRead | openTrunc, openCreate} {
		for _, path := range []string{file, new} {
			if got := ask(readOnly, open(path, bits)); got != statusDenied {
				t.Errorf("read-only: open with %#x: %v", bits, got)
			}
			unchanged(fmt.Sprint("open ", bits))
		}
	}
	for name, what := range others {
		if got := ask(readOnly, what); got == statusDenied {
			t.Errorf("read-only: %s is refused", name)
		}
	}
	// Alone refused, alone allowed.
	for _, name := range options.Requests() {
		what := changes[name]
		if what == nil {
			what = others[name]
		}
		if what == nil {
			t.Errorf("%s isn't tried", name)
		}
		if name != "open" && name != "opendir" {
			deny := options.None()
			deny.Deny = []string{name}
			if got := ask(deny, what); got != statusDenied {
				t.Errorf("denied: %s: %v", name, got)
			}
			unchanged(name)
		}
		allow := options.None()
		allow.Allow = []string{"open", "opendir"}
		if got := ask(allow, what); got != statusDenied && name != "open" && name != "opendir" {
			t.Errorf("not allowed: %s: %v", name, got)
		}
		unchanged(name)
	}
}

// A copy that takes long ends with its client.
func TestACopyForNobody(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "to")
	s := New(bytes.NewReader(bytes.Join([][]byte{
		say(typeInit, version), open("/dev/zero", openRead), open(to, openWrite|openCreate),
		say(typeExtended, 3, "copy-data", first, uint64(0), uint64(0), second, uint64(0)),
	}, nil)), nil, io.Discard, options.None())
	asked := 0
	s.gone = func() bool { asked++; return asked > 3 }
	if _, err := talkTo(t, s); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Size() != 3*copyChunk {
		t.Errorf("%v, %v", info.Size(), err)
	}
}

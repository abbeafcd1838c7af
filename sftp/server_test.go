package sftp

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/sftp/options"
	"golang.org/x/sys/unix"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAFileGoesInAndComesOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	all := must(t, []byte{
		typeHandle, typeStatus, typeStatus, typeStatus, typeHandle, typeData, typeData, typeStatus, typeAttrs, typeStatus,
	},
		say(typeOpen, 1, path, openWrite|openCreate|openTrunc, attrs{flags: attrPermissions, mode: 0o640}),
		say(typeWrite, 2, first, uint64(6), "world"),
		say(typeWrite, 3, first, uint64(0), "hello "),
		say(typeClose, 4, first),
		open(path, openRead),
		say(typeRead, 6, first, uint64(0), 5),
		say(typeRead, 7, first, uint64(5), 1<<31),
		say(typeRead, 8, first, uint64(11), 1),
		say(typeFstat, 9, first),
		say(typeClose, 10, first),
	)
	if got := all[5].data() + "|" + all[6].data(); got != "hello| world" {
		t.Errorf("read %q", got)
	}
	if all[7].status() != statusEOF {
		t.Errorf("at the end: %v", all[7].status())
	}
	if a := all[8].attrs(); a.size != 11 || a.mode != unix.S_IFREG|0o640 {
		t.Errorf("%+v", a)
	}
	for i, a := range all {
		if i != 4 && a.id != uint32(i+1) {
			t.Errorf("answer %d has id %d", i, a.id)
		}
	}
}

// Bits of OPEN that mean nothing without others, and those that do.
func TestOpenFlags(t *testing.T) {
	dir := t.TempDir()
	there := write(t, filepath.Join(dir, "there"), "old")
	wantStatus(t, statusNoSuchFile, open(filepath.Join(dir, "new"), openRead))
	wantStatus(t, statusFailure, open(there, openWrite|openCreate|openExcl))
	wantStatus(t, statusOK, open(there, openWrite|openAppend), say(typeWrite, 2, first, uint64(0), "er"))
	if got := read(t, there); got != "older" {
		t.Errorf("appended: %q", got)
	}
	wantStatus(t, statusOK, open(there, openRead|openWrite), say(typeWrite, 2, first, uint64(0), "B"))
	if got := read(t, there); got != "Blder" {
		t.Errorf("written: %q", got)
	}
}

// What a client may hold open is limited, and told (limits@openssh.com): one too
// many is an error, and no descriptor of it stays.
func TestTooManyHandles(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "f"), "")
	says := append([]byte(nil), say(typeInit, version)...)
	const most = 10
	for range most + 3 {
		says = append(says, open(path, openRead)...)
	}
	says = append(says, say(typeOpendir, 2, filepath.Dir(path))...)
	says = append(says, say(typeClose, 3, "\x00\x00\x00\x04")...)
	says = append(says, open(path, openRead)...)
	says = append(says, say(typeExtended, 4, "limits@openssh.com")...)
	before := descriptors(t)
	s := New(bytes.NewReader(says), nil, io.Discard, options.None())
	s.handles.most = most
	all, err := talkTo(t, s)
	if err != nil || len(all) != most+7 {
		t.Fatalf("%d answers, %v", len(all), err)
	}
	for i, a := range all[:most+4] {
		if i < most && a.kind != typeHandle || i >= most && (a.status() != statusFailure || a.text() != "too many open files") {
			t.Errorf("answer %d: %d %q", i, a.kind, a.r.rest)
		}
	}
	if again := all[most+5]; again.kind != typeHandle || again.data() != "\x00\x00\x00\x04" {
		t.Errorf("after a close: %d %q", again.kind, again.r.rest)
	}
	limits := all[most+6].r
	if got := []uint64{limits.u64(), limits.u64(), limits.u64(), limits.u64()}; !slices.Equal(got, []uint64{maxPacket, maxData, maxData, most}) {
		t.Errorf("limits %v", got)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, then %d", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Whatever a client sends, it is answered or sent away; nothing is carried out.
func TestHostilePackets(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "f"), "x")
	for name, c := range map[string]struct {
		say  []byte
		want status // of the answer; the last one there is: the connection ends
	}{
		"no length":                 {[]byte{0, 0, 0, 0}, over},
		"a length over all":         {[]byte{0xff, 0xff, 0xff, 0xff, typeOpen}, over},
		"a length one over":         {[]byte{0, 4, 0, 1, typeOpen}, over},
		"no id":                     {[]byte{0, 0, 0, 3, typeOpen, 0, 0}, over},
		"a second INIT":             {say(typeInit, 3), over},
		"an unknown type":           {say(99, 1, "x"), statusUnsupported},
		"a type of the server's":    {say(typeData, 1, "x"), statusUnsupported},
		"an unknown extension":      {say(typeExtended, 1, "x@example.com"), statusUnsupported},
		"an extension without name": {say(typeExtended, 1), statusBadMessage},
		"a path over the packet":    {say(typeStat, 1, math.MaxUint32), statusBadMessage},
		"a path with a zero":        {say(typeStat, 1, "/etc\x00/x"), statusBadMessage},
		"a path of 4096 bytes":      {say(typeStat, 1, "/"+strings.Repeat("x", 4095)), statusBadMessage},
		"a name of 256 bytes":       {say(typeStat, 1, strings.Repeat("x", 256)), statusBadMessage},
		"a real path of 5000 bytes": {say(typeRealpath, 1, strings.Repeat("x/", 2500)), statusNoSuchFile},
		"no path":                   {say(typeRemove, 1), statusBadMessage},
		"half of two paths":         {say(typeRename, 1, "/x"), statusBadMessage},
		"no attributes":             {say(typeOpen, 1, path, openWrite|openTrunc), statusBadMessage},
		"half of the attributes":    {say(typeOpen, 1, path, openWrite|openTrunc, int(allAttrs), 0), statusBadMessage},
		"too many attributes":       {say(typeSetstat, 1, path, math.MinInt32, math.MaxInt32), statusBadMessage},
		"a handle of no length":     {say(typeRead, 1, "", uint64(0), 1), statusFailure},
		"a handle of 3 bytes":       {say(typeClose, 1, "\x00\x00\x00"), statusFailure},
		"a handle that never was":   {say(typeClose, 1, "\x00\x00\x00\x07"), statusFailure},
		"a handle beyond all":       {say(typeFstat, 1, "\xff\xff\xff\xff"), statusFailure},
		"a write to no handle":      {say(typeWrite, 1, "\xff\xff\xff\xff", uint64(0), "x"), statusFailure},
		"names of no handle":        {say(typeReaddir, 1, first), statusFailure},
		"too many numbers":          {say(typeExtended, 1, "users-groups-by-id@openssh.com", strings.Repeat("1234", maxIDs+1), ""), statusBadMessage},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := talk(t, options.None(), c.say, say(typeStat, 77, path))
			if c.want == over {
				if err == nil || len(all) != 0 {
					t.Errorf("it goes on: %v", all)
				}
				return
			}
			if err != nil || len(all) != 2 || all[0].status() != c.want {
				t.Fatalf("%v, %v", all, err)
			}
			if all[1].kind != typeAttrs || all[1].id != 77 {
				t.Errorf("what came next: %+v", all[1])
			}
			if read(t, path) != "x" {
				t.Error("the file was changed")
			}
		})
	}
	s := New(bytes.NewReader(open(path, openRead)), nil, io.Discard, options.None())
	if all, err := talkTo(t, s); err == nil || len(all) != 0 {
		t.Errorf("without INIT: %v %v", all, err)
	}
}

const over = ^status(0)

// Handles of files that are closed, and those of folders where a file is wanted.
func TestHandlesAreWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "f"), "x")
	wantStatus(t, statusFailure, open(path, openRead), say(typeClose, 2, first), say(typeRead, 3, first, uint64(0), 1))
	wantStatus(t, statusFailure, open(path, openRead), say(typeClose, 2, first), say(typeClose, 3, first))
	wantStatus(t, statusFailure, say(typeOpendir, 1, dir), say(typeRead, 2, first, uint64(0), 1))
	wantStatus(t, statusFailure, open(path, openRead), say(typeReaddir, 2, first))
	wantStatus(t, statusNoSuchFile, open(path, openRead), say(typeWrite, 2, first, uint64(0), "x")) // EBADF, as sftp-server
	wantStatus(t, statusEOF, open(path, openRead), say(typeRead, 2, first, uint64(math.MaxUint64), 1))
	wantStatus(t, statusFailure, open(path, openWrite), say(typeWrite, 2, first, uint64(math.MaxUint64), "x"))
}

// A connection that is cut in the middle of any packet leaves no descriptor, and
// what was sent as a whole.
func TestCutAtEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	whole := bytes.Join([][]byte{
		say(typeInit, version), open(path, openWrite|openCreate|openTrunc),
		say(typeWrite, 2, first, uint64(0), "first"), say(typeWrite, 3, first, uint64(5), "second"), say(typeClose, 4, first),
	}, nil)
	before := descriptors(t)
	for n := range whole {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := New(bytes.NewReader(whole[:n]), &out, io.Discard, options.None()).Serve(); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		left, err := os.ReadFile(path)
		if want := []string{"", "first", "firstsecond"}; err == nil && !slices.Contains(want, string(left)) {
			t.Errorf("cut at %d: %q is left", n, left)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, then %d", before, after)
	}
}

// A named pipe that nobody writes to must not keep the server from its client.
func TestANamedPipeIsNotWaitedFor(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, statusFailure, open(fifo, openWrite))
	wantStatus(t, statusFailure, open(fifo, openRead), say(typeRead, 2, first, uint64(0), 1))
}

func TestNamesMayHaveAnyByte(t *testing.T) {
	dir := t.TempDir()
	name := "a\nb\r\x1b[31m\xff c"
	write(t, filepath.Join(dir, name), "x")
	all := must(t, []byte{typeHandle, typeName, typeStatus, typeAttrs},
		say(typeOpendir, 1, dir), say(typeReaddir, 2, first), say(typeReaddir, 3, first), say(typeStat, 4, filepath.Join(dir, name)))
	if !bytes.Contains(all[1].r.rest, append([]byte{0, 0, 0, byte(len(name))}, name...)) {
		t.Errorf("%q", all[1].r.rest)
	}
	if all[2].status() != statusEOF {
		t.Errorf("%v", all[2].status())
	}
}

// A folder of many entries comes in packets that all clients take.
func TestALargeFolder(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{".": true, "..": true}
	for i := range 1000 {
		name := fmt.Sprint("file", i)
		want[name] = true
		write(t, filepath.Join(dir, name), "")
	}
	says := [][]byte{say(typeOpendir, 1, dir)}
	for range 40 {
		says = append(says, say(typeReaddir, 2, first))
	}
	all, err := talk(t, options.None(), says...)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all[1:] {
		if a.kind != typeName {
			break
		}
		if len(a.r.rest) > 34000-9 {
			t.Errorf("a NAME of %d bytes", len(a.r.rest))
		}
		for n := a.r.u32(); n > 0; n-- {
			name := string(a.r.bytes(maxPacket))
			if !want[name] {
				t.Errorf("%q again, or none of ours", name)
			}
			delete(want, name)
			long := string(a.r.bytes(maxPacket))
			if !strings.HasSuffix(long, " "+name) {
				t.Errorf("%q", long)
			}
			a.r.attrs()
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// What a full file system couldn't take is told, in the kernel's words.
func TestWhatFailsSaysWhy(t *testing.T) {
	all := must(t, []byte{typeHandle, typeStatus}, open("/dev/full", openWrite), say(typeWrite, 2, first, uint64(0), "x"))
	if all[1].status() != statusFailure || all[1].text() != "no space left on device" {
		t.Errorf("%v %q", all[1].status(), all[1].text())
	}
}

func TestTransfersAreReported(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "f"), "hello")
	odd := filepath.Join(dir, "line\nbreak\x1b")
	var said bytes.Buffer
	o := options.None()
	o.Log = true
	s := New(bytes.NewReader(bytes.Join([][]byte{
		say(typeInit, version),
		open(path, openRead), say(typeRead, 2, first, uint64(0), 3), say(typeClose, 3, first),
		open(path, openRead), say(typeClose, 3, first), // nothing was read: no transfer
		open(odd, openWrite|openCreate), say(typeWrite, 2, first, uint64(0), "abcd"), say(typeWrite, 2, first, uint64(4), "e"),
	}, nil)), io.Discard, &said, o)
	if err := s.Serve(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(said.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%q", said.String())
	}
	for i, want := range [][2]string{{"3 0 ", ` closed "` + path + `"`}, {"0 5 ", ` cut "` + dir + `/line\nbreak\x1b"`}} {
		if !strings.HasPrefix(lines[i], want[0]) || !strings.HasSuffix(lines[i], want[1]) {
			t.Errorf("%q", lines[i])
		}
	}
}

// A client that reads nothing stops its own server, and its end ends it.
func TestAClientThatNeverReads(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "f"), strings.Repeat("x", maxData))
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := newPipe(int(outW.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	says := append(say(typeInit, version), open(path, openRead)...)
	for range 100 {
		says = append(says, say(typeRead, 2, first, uint64(0), maxData)...)
	}
	ended := make(chan error, 1)
	go func() { ended <- New(bytes.NewReader(says), out, io.Discard, options.None()).Serve() }()
	if _, err := io.ReadFull(outR, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	outR.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("nothing was lost")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	outW.Close()
}

package template

import (
	"bytes"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/jail/rootfs"
)

func TestCacheRoundTrip(t *testing.T) {
	t.Parallel()
	for _, entries := range [][]cacheEntry{
		{},
		{{name: "libz.so.1", path: "/usr/lib/libz.so.1", flags: 0x303}, {name: "liba.so", path: "/a", flags: 3, hwcap: 1 << 62}},
	} {
		b := encodeCache(entries)
		got, err := parseCache(b)
		if err != nil || !slices.Equal(got, entries) {
			t.Errorf("got %v, %v; want %v", got, err, entries)
		}
		if !bytes.Equal(encodeCache(got), b) {
			t.Errorf("%v is encoded in two ways", entries)
		}
	}
}

func TestCacheHostile(t *testing.T) {
	t.Parallel()
	good := encodeCache([]cacheEntry{{name: "libz.so.1", path: "/usr/lib/libz.so.1"}})
	for _, c := range []struct {
		name  string
		spoil func([]byte) []byte
		want  string
	}{
		{"empty", func(b []byte) []byte { return nil }, "not in glibc's new format - run: ldconfig -c new"},
		{"header only begun", func(b []byte) []byte { return b[:30] }, "shorter than its header - run: ldconfig"},
		{"big endian", func(b []byte) []byte { b[28] = 3; return b }, "written for another byte order - run: ldconfig"},
		{"4 billion libraries", func(b []byte) []byte { copy(b[20:], "\xff\xff\xff\xff"); return b }, "announces 4294967295 libraries and is too short for them - run: ldconfig"},
		{"name outside", func(b []byte) []byte { copy(b[48+4:], "\xff\xff\xff\xff"); return b }, "library 0: a string lies outside the file - run: ldconfig"},
		{"path without an end", func(b []byte) []byte { return b[:len(b)-1] }, "library 0: a string has no end - run: ldconfig"},
	} {
		if _, err := parseCache(c.spoil(bytes.Clone(good))); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestCacheOfHost: ldconfig reads what encodeCache writes, and sees in it what
// parseCache saw in the host's own.
func TestCacheOfHost(t *testing.T) {
	t.Parallel()
	list := func(cache string) []string {
		out, err := exec.Command("/sbin/ldconfig", "-p", "-C", cache).Output()
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "\t") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	entries, err := readCache(rootfs.Dir("/"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("the host has %d libraries: %v", len(entries), err)
	}
	copied := t.TempDir() + "/cache"
	if err := os.WriteFile(copied, encodeCache(entries), 0o644); err != nil {
		t.Fatal(err)
	}
	if host, ours := list("/etc/ld.so.cache"), list(copied); !reflect.DeepEqual(host, ours) || len(ours) != len(entries) {
		t.Errorf("ldconfig sees %d libraries in the host's cache and %d in the copy of %d", len(host), len(ours), len(entries))
	}
}

// FuzzParseCache: any file is read without a panic, and what was read can be
// written and read again.
func FuzzParseCache(f *testing.F) {
	f.Add(encodeCache(nil))
	f.Add(encodeCache([]cacheEntry{{name: "libz.so.1", path: "/usr/lib/libz.so.1", flags: 0x303}, {name: "liba.so", path: "/a", hwcap: 1 << 62}}))
	if b, err := os.ReadFile("/etc/ld.so.cache"); err == nil {
		f.Add(b[:min(len(b), 2048)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := parseCache(b)
		if err != nil {
			return
		}
		again, err := parseCache(encodeCache(entries))
		if err != nil || !slices.Equal(again, entries) {
			t.Fatalf("read %v, then %v, %v", entries, again, err)
		}
	})
}

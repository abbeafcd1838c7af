package template

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/jail/rootfs"
)

func TestReadObject(t *testing.T) {
	t.Parallel()
	want := program("liba.so", "libb.so")
	want.rpath, want.runpath, want.soname = []string{"/a", "$ORIGIN"}, []string{"/b", ""}, "p"
	got, err := readObject(strings.NewReader(want.String()))
	if err != nil || !reflect.DeepEqual(*got, want.object) {
		t.Errorf("got %+v, %v; want %+v", got, err, want.object)
	}

	object := &image{want.object, elf.ET_REL}
	if got, err := readObject(strings.NewReader(object.String())); err != nil || got.needed != nil || got.interp != "" {
		t.Errorf("a relocatable object needs %+v, %v", got, err)
	}
	for _, text := range []string{"", "\x7fEL", "#!/bin/sh\n"} {
		if _, err := readObject(strings.NewReader(text)); !errors.Is(err, errNotELF) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestReadObjectHostile: what a header says is never believed.
func TestReadObjectHostile(t *testing.T) {
	t.Parallel()
	const phdr, phdrSize = 64, 56
	good := program("libc.so.6").String()
	dynamic := binary.LittleEndian.Uint64([]byte(good)[phdr+phdrSize+8:]) // offset of PT_DYNAMIC
	set := func(at, value uint64) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint64(b[at:], value) }
	}
	for _, c := range []struct {
		name  string
		spoil func([]byte)
		want  string
	}{
		{"dynamic section of 8 EB", set(phdr+phdrSize+32, 1<<63-1), "dynamic section: 9223372036854775807 bytes, more than 262144"},
		{"dynamic section outside the file", set(phdr+phdrSize+8, 1<<40), "dynamic section: EOF"},
		{"dynamic section at a negative offset", set(phdr+phdrSize+8, 1<<63), ""},
		{"interpreter outside the file", set(phdr+2*phdrSize+8, 1<<40), "interpreter: a string has no end within 0 bytes"},
		{"interpreter without an end", set(phdr+2*phdrSize+32, 3), "interpreter: a string has no end within 3 bytes"},
		{"interpreter of no length", set(phdr+2*phdrSize+32, 0), "interpreter: a string has no end within 0 bytes"},
		{"string outside the table", set(dynamic+8, 1<<40), "dynamic section: a string lies outside the string table"},
		{"string table nowhere", set(dynamic+16+8, 1<<40), "dynamic section: a string lies outside the string table"},
		{"two dynamic sections", func(b []byte) { copy(b[phdr+2*phdrSize:phdr+3*phdrSize], b[phdr+phdrSize:]) }, "two segments PT_DYNAMIC"},
		{"string table that ends after 8 EB", func(b []byte) { set(dynamic+32+8, 1<<63)(b); set(dynamic+8, 1<<62)(b) }, ""},
	} {
		b := []byte(good)
		c.spoil(b)
		_, err := readObject(bytes.NewReader(b))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "damaged ELF file: ") {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}

	crowd := program()
	for i := range maxNeeded + 1 {
		crowd.needed = append(crowd.needed, fmt.Sprintf("lib%d.so", i))
	}
	maze := program("libc.so.6")
	maze.runpath = strings.Split(strings.Repeat("/a:", maxDirs), ":")
	long := program(strings.Repeat("x", maxString))
	for _, i := range []*image{crowd, maze, long} {
		if _, err := readObject(strings.NewReader(i.String())); err == nil {
			t.Errorf("%d libraries in %d directories were accepted", len(i.needed), len(i.runpath))
		}
	}
}

// FuzzReadObject: any file is read without a panic and within the caps, and what
// it asks for can be looked for.
func FuzzReadObject(f *testing.F) {
	p := program("libtinfo.so.6", "libc.so.6")
	p.rpath = []string{"$ORIGIN/../lib", ""}
	f.Add([]byte(p.String()))
	p.runpath, p.soname = []string{"/opt/$LIB", "${PLATFORM}"}, "p"
	f.Add([]byte(p.String()))
	f.Add([]byte(library("libc.so.6", "ld-linux-x86-64.so.2").String()))
	real, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(real[:min(len(real), 4096)]) // its headers
	root := rootfs.Dir(f.TempDir())
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := readObject(bytes.NewReader(b))
		if err != nil {
			return
		}
		if len(o.needed) > maxNeeded || len(o.runpath) > maxDirs || len(o.rpath) > maxDirs {
			t.Fatalf("%d libraries, %d and %d directories", len(o.needed), len(o.rpath), len(o.runpath))
		}
		if len(o.needed) > 8 {
			o.needed = o.needed[:8] // a miss costs a dozen system calls
		}
		paths, missing := newLinker(root, nil).closure("/usr/bin/p", o)
		for _, p := range paths {
			if p != o.interp {
				t.Fatalf("found %q (and not %q) in an empty root", p, missing)
			}
		}
	})
}

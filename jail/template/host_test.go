package template

import (
	"debug/elf"
	"encoding/binary"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// tree is a root in a few words: path to content. "-> x" is a link to x, a path
// that ends with / is a directory, anything else a file; files in a bin
// directory are executable.
type tree map[string]string

// on makes the tree below dir.
func (tr tree) on(t *testing.T, dir string) rootfs.Tree {
	t.Helper()
	for p, content := range tr {
		name := filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch target, isLink := strings.CutPrefix(content, "-> "); {
		case isLink:
			err = os.Symlink(target, name)
		case strings.HasSuffix(p, "/"):
			err = os.MkdirAll(name, 0o755)
		case strings.HasSuffix(path.Dir(p), "bin"):
			err = os.WriteFile(name, []byte(content), 0o755)
		default:
			err = os.WriteFile(name, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return rootfs.Dir(dir)
}

// mergedUsr is what a host of today looks like, with one dynamic program.
func mergedUsr() tree {
	return tree{
		"usr/bin/": "", "usr/sbin/": "", "usr/lib/": "", "usr/lib64/": "",
		"bin": "-> usr/bin", "sbin": "-> usr/sbin", "lib": "-> usr/lib", "lib64": "-> usr/lib64",
		"usr/bin/sh":                               "-> bash",
		"usr/bin/bash":                             program("libtinfo.so.6", "libc.so.6").String(),
		"usr/lib/x86_64-linux-gnu/ld.so":           library("ld-linux-x86-64.so.2").String(),
		"usr/lib64/ld-linux-x86-64.so.2":           "-> ../lib/x86_64-linux-gnu/ld.so",
		"usr/lib/x86_64-linux-gnu/libc.so.6":       library("libc.so.6", "ld-linux-x86-64.so.2").String(),
		"usr/lib/x86_64-linux-gnu/libtinfo.so.6":   "-> libtinfo.so.6.3",
		"usr/lib/x86_64-linux-gnu/libtinfo.so.6.3": library("libtinfo.so.6", "libc.so.6").String(),
	}
}

// with returns the tree with more in it.
func (tr tree) with(more tree) tree {
	for p, content := range more {
		tr[p] = content
	}
	return tr
}

// image is an ELF file to be: enough of one for readObject.
type image struct {
	object
	kind elf.Type
}

func program(needed ...string) *image {
	return &image{object{class: elf.ELFCLASS64, machine: elf.EM_X86_64, interp: "/lib64/ld-linux-x86-64.so.2", needed: needed}, elf.ET_DYN}
}

func library(soname string, needed ...string) *image {
	return &image{object{class: elf.ELFCLASS64, machine: elf.EM_X86_64, soname: soname, needed: needed}, elf.ET_DYN}
}

// String lays the file out: header, three program headers, strings, dynamic section.
func (i *image) String() string {
	const headers = 64 + 3*56
	text := []byte{0}
	add := func(s string) uint64 {
		at := len(text)
		text = append(append(text, s...), 0)
		return uint64(at)
	}
	interp := add(i.interp)
	var dynamic []uint64
	for _, n := range i.needed {
		dynamic = append(dynamic, uint64(elf.DT_NEEDED), add(n))
	}
	if i.soname != "" {
		dynamic = append(dynamic, uint64(elf.DT_SONAME), add(i.soname))
	}
	if i.rpath != nil {
		dynamic = append(dynamic, uint64(elf.DT_RPATH), add(strings.Join(i.rpath, ":")))
	}
	if i.runpath != nil {
		dynamic = append(dynamic, uint64(elf.DT_RUNPATH), add(strings.Join(i.runpath, ":")))
	}
	const base = 0x400000 // addresses aren't offsets
	dynamic = append(dynamic, uint64(elf.DT_STRTAB), base+headers, uint64(elf.DT_STRSZ), uint64(len(text)), 0, 0)

	le := binary.LittleEndian
	b := append([]byte(elf.ELFMAG), byte(i.class), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = le.AppendUint16(b, uint16(i.kind))
	b = le.AppendUint16(b, uint16(i.machine))
	b = le.AppendUint32(b, uint32(elf.EV_CURRENT))
	for _, v := range []uint64{0, 64, 0} { // entry, program headers, section headers
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{64, 56, 3, 64, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	at := uint64(headers + len(text))
	size := at + uint64(8*len(dynamic))
	segment := func(kind elf.ProgType, off, size uint64) {
		b = le.AppendUint32(b, uint32(kind))
		b = le.AppendUint32(b, uint32(elf.PF_R))
		for _, v := range []uint64{off, base + off, base + off, size, size, 1} {
			b = le.AppendUint64(b, v)
		}
	}
	segment(elf.PT_LOAD, 0, size)
	segment(elf.PT_DYNAMIC, at, uint64(8*len(dynamic)))
	if i.interp != "" {
		segment(elf.PT_INTERP, headers+interp, uint64(len(i.interp)+1))
	} else {
		segment(elf.PT_NULL, 0, 0)
	}
	b = append(b, text...)
	for _, v := range dynamic {
		b = le.AppendUint64(b, v)
	}
	return string(b)
}

// paths lists a plan in one line, sorted, with what each entry is.
func (p plan) paths() []string {
	var list []string
	for name, e := range p {
		switch {
		case e.mode.IsDir():
			continue
		case e.mode&fs.ModeSymlink != 0:
			name += " -> " + e.target
		case e.made:
			name += " made"
		}
		list = append(list, name)
	}
	return list
}

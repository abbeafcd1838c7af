package template

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is what the dynamic loader reads of an ELF file.
type object struct {
	class   elf.Class
	machine elf.Machine
	interp  string   // PT_INTERP: the loader of a dynamic program
	soname  string   // DT_SONAME
	needed  []string // DT_NEEDED, in order
	rpath   []string // DT_RPATH, ignored by the loader beside DT_RUNPATH
	runpath []string // DT_RUNPATH
}

// Caps on what is read of one ELF file. Real ones have a few dozen dynamic
// entries, and no string in them is longer than a path. The last two bound the
// search: each library is looked for in each directory.
const (
	maxDynamic = 256 << 10 // bytes of PT_DYNAMIC
	maxString  = 4096      // PATH_MAX
	maxNeeded  = 1024      // DT_NEEDED
	maxDirs    = 64        // directories of one RPATH or RUNPATH
)

// errNotELF: the file doesn't begin with the ELF magic.
var errNotELF = errors.New("not an ELF file")

// readObject reads the program headers and the dynamic section through them, as
// the loader does: section headers may be stripped or lie. An object that is
// neither a program nor a shared library comes back empty.
func readObject(r io.ReaderAt) (*object, error) {
	var magic [4]byte
	if _, err := r.ReadAt(magic[:], 0); err != nil || string(magic[:]) != elf.ELFMAG {
		return nil, errNotELF
	}
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("damaged ELF file: %w", err)
	}
	o := &object{class: f.Class, machine: f.Machine}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return o, nil
	}
	seen := map[elf.ProgType]bool{}
	for _, p := range f.Progs {
		if (p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC) && seen[p.Type] {
			return nil, fmt.Errorf("damaged ELF file: two segments %v", p.Type)
		}
		seen[p.Type] = true
		switch p.Type {
		case elf.PT_INTERP:
			if o.interp, err = stringAt(r, p.Off, p.Filesz); err != nil {
				return nil, fmt.Errorf("damaged ELF file: interpreter: %w", err)
			}
		case elf.PT_DYNAMIC:
			if err := o.readDynamic(r, f, p); err != nil {
				return nil, fmt.Errorf("damaged ELF file: dynamic section: %w", err)
			}
		}
	}
	return o, nil
}

func (o *object) readDynamic(r io.ReaderAt, f *elf.File, p *elf.Prog) error {
	if p.Filesz > maxDynamic {
		return fmt.Errorf("%d bytes, more than %d", p.Filesz, maxDynamic)
	}
	raw := make([]byte, p.Filesz)
	if _, err := r.ReadAt(raw, int64(p.Off)); err != nil {
		return err
	}
	entries := dynamicEntries(raw, f)
	var strtab, size uint64
	for _, e := range entries {
		switch e.tag {
		case elf.DT_STRTAB:
			strtab = e.value
		case elf.DT_STRSZ:
			size = e.value
		}
	}
	base, ok := fileOffset(f, strtab)
	for _, e := range entries {
		switch e.tag {
		case elf.DT_NEEDED, elf.DT_SONAME, elf.DT_RPATH, elf.DT_RUNPATH:
		default:
			continue
		}
		if !ok || e.value >= size {
			return errors.New("a string lies outside the string table")
		}
		s, err := stringAt(r, base+e.value, size-e.value)
		if err != nil {
			return err
		}
		switch e.tag {
		case elf.DT_NEEDED:
			o.needed = append(o.needed, s)
		case elf.DT_SONAME:
			o.soname = s
		case elf.DT_RPATH:
			o.rpath = strings.Split(s, ":")
		case elf.DT_RUNPATH:
			o.runpath = strings.Split(s, ":")
		}
		if len(o.needed) > maxNeeded || len(o.rpath) > maxDirs || len(o.runpath) > maxDirs {
			return fmt.Errorf("more than %d libraries or %d directories", maxNeeded, maxDirs)
		}
	}
	return nil
}

type dynamicEntry struct {
	tag   elf.DynTag
	value uint64
}

// dynamicEntries decodes up to DT_NULL; a rest shorter than an entry is ignored.
func dynamicEntries(raw []byte, f *elf.File) []dynamicEntry {
	var entries []dynamicEntry
	word := 8
	if f.Class == elf.ELFCLASS32 {
		word = 4
	}
	get := func(b []byte) uint64 {
		if word == 4 {
			return uint64(f.ByteOrder.Uint32(b))
		}
		return f.ByteOrder.Uint64(b)
	}
	for ; len(raw) >= 2*word; raw = raw[2*word:] {
		e := dynamicEntry{elf.DynTag(get(raw)), get(raw[word:])}
		if e.tag == elf.DT_NULL {
			break
		}
		entries = append(entries, e)
	}
	return entries
}

// fileOffset translates a virtual address through PT_LOAD.
func fileOffset(f *elf.File, addr uint64) (uint64, bool) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && addr >= p.Vaddr && addr-p.Vaddr < p.Filesz {
			return p.Off + (addr - p.Vaddr), true
		}
	}
	return 0, false
}

// stringAt reads a NUL-terminated string of at most size bytes, the NUL among them.
func stringAt(r io.ReaderAt, off, size uint64) (string, error) {
	b := make([]byte, min(size, maxString))
	n, err := r.ReadAt(b, int64(off))
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	end := bytes.IndexByte(b[:n], 0)
	if end < 0 {
		return "", fmt.Errorf("a string has no end within %d bytes", n)
	}
	return string(b[:end]), nil
}

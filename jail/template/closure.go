package template

import (
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// linker finds the libraries of programs as ld.so does (ld.so(8), glibc's
// elf/dl-load.c), within one root and without running anything. What depends on
// the process, LD_LIBRARY_PATH and LD_PRELOAD, doesn't exist for it.
type linker struct {
	root    rootfs.Tree
	cache   map[string][]cacheEntry // by the name of the library
	objects map[string]*object      // by path; nil: not there or no ELF file
	hwcaps  map[string][]string     // by directory: its subdirectories for newer processors
}

func newLinker(root rootfs.Tree, cache []cacheEntry) *linker {
	l := &linker{
		root: root, cache: map[string][]cacheEntry{},
		objects: map[string]*object{}, hwcaps: map[string][]string{},
	}
	for _, e := range cache {
		l.cache[e.name] = append(l.cache[e.name], e)
	}
	return l
}

// readCache reads the root's /etc/ld.so.cache; a root without one has none.
func readCache(root rootfs.Tree) ([]cacheEntry, error) {
	const name = "/etc/ld.so.cache"
	f, info, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > maxCache {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("larger than 64 MiB - run: ldconfig")}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxCache))
	if err != nil {
		return nil, err
	}
	entries, err := parseCache(b)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return entries, nil
}

// loaded is an object in the process that ld.so would make.
type loaded struct {
	*object
	path   string
	loader *loaded // who needed it; nil for the program
}

// closure returns the paths of all that the program or library at p loads: its
// interpreter, its libraries and theirs, with the variants for newer processors.
// The names that are nowhere come back as missing.
func (l *linker) closure(p string, o *object) (paths, missing []string) {
	queue := []*loaded{{object: o, path: p}}
	have := map[string]bool{o.soname: true}
	if o.interp != "" {
		paths = append(paths, o.interp)
		if i := l.load(o.interp); i == nil {
			missing = append(missing, o.interp)
		} else {
			have[i.soname] = true
			queue = append(queue, &loaded{object: i, path: o.interp, loader: queue[0]})
		}
	}
	for i := 0; i < len(queue); i++ {
		from := queue[i]
		for _, name := range from.needed {
			if have[name] {
				continue
			}
			have[name] = true
			found := l.find(name, from)
			if len(found) == 0 {
				missing = append(missing, name)
				continue
			}
			paths = append(paths, found...)
			lib := l.load(found[0])
			have[lib.soname] = true
			queue = append(queue, &loaded{object: lib, path: found[0], loader: from})
		}
	}
	return paths, missing
}

// find returns the file that satisfies name for from, and after it the variants
// for newer processors, or nothing.
func (l *linker) find(name string, from *loaded) []string {
	if strings.Contains(name, "/") {
		return l.fits(expand(name, from), from)
	}
	for _, dir := range l.searchPath(from) {
		if found := l.inDirectory(dir, name, from); found != nil {
			return found
		}
	}
	var found []string
	for _, e := range l.cache[name] {
		if e.hwcap == 0 && len(found) == 0 {
			found = l.fits(e.path, from)
		}
	}
	for _, e := range l.cache[name] {
		if e.hwcap != 0 && len(found) > 0 {
			found = append(found, l.fits(e.path, from)...)
		}
	}
	if found != nil {
		return found
	}
	for _, dir := range defaultDirs(from.machine) {
		if found := l.inDirectory(dir, name, from); found != nil {
			return found
		}
	}
	return nil
}

// searchPath lists the directories that objects name themselves. An object with
// a RUNPATH is searched for in that alone; one without, in the RPATHs of itself
// and of those through which it was loaded.
func (l *linker) searchPath(from *loaded) []string {
	var dirs []string
	if from.runpath != nil {
		for _, d := range from.runpath {
			dirs = append(dirs, expand(d, from))
		}
		return dirs
	}
	for at := from; at != nil; at = at.loader {
		if at.runpath != nil {
			continue
		}
		for _, d := range at.rpath {
			dirs = append(dirs, expand(d, at))
		}
	}
	return dirs
}

func (l *linker) inDirectory(dir, name string, from *loaded) []string {
	if !path.IsAbs(dir) {
		return nil // counts from the working directory of whoever starts it
	}
	found := l.fits(dir+"/"+name, from) // not path.Join: a .. counts from where a link leads
	if found == nil {
		return nil
	}
	for _, sub := range l.subdirectories(dir + "/glibc-hwcaps") {
		found = append(found, l.fits(sub+"/"+name, from)...)
	}
	return found
}

// fits returns p if it is an ELF file for the same machine: ld.so passes over others.
func (l *linker) fits(p string, from *loaded) []string {
	o := l.load(p)
	if o == nil || o.class != from.class || o.machine != from.machine {
		return nil
	}
	return []string{p}
}

// load returns the object at p, or nil where there is none.
func (l *linker) load(p string) *object {
	if o, ok := l.objects[p]; ok {
		return o
	}
	var o *object
	if real, _, err := l.root.Resolve(p); err == nil {
		if f, _, err := l.root.Open(real); err == nil {
			o, _ = readObject(f)
			f.Close()
		}
	}
	l.objects[p] = o
	return o
}

func (l *linker) subdirectories(dir string) []string {
	if subs, ok := l.hwcaps[dir]; ok {
		return subs
	}
	var subs []string
	if real, _, err := l.root.Resolve(dir); err == nil {
		entries, _ := os.ReadDir(l.root.On(real))
		for _, e := range entries {
			subs = append(subs, dir+"/"+e.Name())
		}
	}
	l.hwcaps[dir] = subs
	return subs
}

// expand replaces the tokens of ld.so(8). A ':' can't be in dir any more.
func expand(dir string, at *loaded) string {
	if !strings.Contains(dir, "$") {
		return dir
	}
	triplet, platform := architecture(at.machine)
	for _, t := range [...]struct{ name, value string }{
		{"ORIGIN", at.path[:strings.LastIndexByte(at.path, '/')]}, {"LIB", "lib/" + triplet}, {"PLATFORM", platform},
	} {
		dir = strings.ReplaceAll(dir, "${"+t.name+"}", t.value)
		dir = strings.ReplaceAll(dir, "$"+t.name, t.value)
	}
	return dir
}

// architecture is how Debian and the kernel name a machine that jailsh runs on.
func architecture(m elf.Machine) (triplet, platform string) {
	switch m {
	case elf.EM_X86_64:
		return "x86_64-linux-gnu", "x86_64"
	case elf.EM_AARCH64:
		return "aarch64-linux-gnu", "aarch64"
	case elf.EM_386:
		return "i386-linux-gnu", "i686"
	default:
		return "", ""
	}
}

// defaultDirs are the directories that ld.so trusts without being told.
func defaultDirs(m elf.Machine) []string {
	dirs := []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib"}
	if t, _ := architecture(m); t != "" {
		dirs = append([]string{"/lib/" + t, "/usr/lib/" + t}, dirs...)
	}
	return dirs
}
